import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { HELP, parseStartOptions } from "../../scripts/start/options.ts";
import { takenPorts } from "../../scripts/start/ports.ts";

describe("npm start", () => {
  it("needs no options", () => {
    expect(parseStartOptions([])).toEqual({
      fresh: false,
      help: false,
      opensInSeconds: 30,
      ports: { edge: 8787, payments: 8788, console: 8789, sandbox: 8790 },
    });
  });

  it("lets the other ports follow the storefront's, unless they are given", () => {
    expect(parseStartOptions(["--port", "9000"]).ports).toEqual({
      edge: 9000,
      payments: 9001,
      console: 9002,
      sandbox: 9003,
    });
    const given = ["--port", "9000", "--payments-port", "1", "--console-port=2", "--sandbox-port", "65535"];
    expect(parseStartOptions(given).ports).toEqual({ edge: 9000, payments: 1, console: 2, sandbox: 65_535 });
  });

  it("takes what it may, up to the last value", () => {
    expect(parseStartOptions(["--port", "65532"]).ports.sandbox).toBe(65_535);
    expect(parseStartOptions(["--opens-in", "86400", "--fresh"])).toMatchObject({
      opensInSeconds: 86_400,
      fresh: true,
    });
  });

  it.each([
    ["--port", "65533"],
    ["--port", "0"],
    ["--port", "80a"],
    ["--port", "-1"],
    ["--port", "1e3"],
    ["--port", ""],
    ["--opens-in", "86401"],
    ["--opens-in", "1.5"],
  ])("refuses %s %s in a sentence that names the option", (option, value) => {
    expect(() => parseStartOptions([`${option}=${value}`])).toThrow(
      `${option} takes a whole number from 1 to`,
    );
  });

  it("refuses the same port twice, and what it does not know", () => {
    expect(() => parseStartOptions(["--port", "9000", "--console-port", "9001"])).toThrow(
      "a port of its own",
    );
    expect(() => parseStartOptions(["--prot", "9000"])).toThrow();
    expect(() => parseStartOptions(["9000"])).toThrow();
  });

  it("tells of every option that it takes", () => {
    for (const option of [
      "port",
      "payments-port",
      "console-port",
      "sandbox-port",
      "opens-in",
      "fresh",
      "help",
    ]) {
      expect(HELP).toContain(`--${option}`);
    }
  });

  it("names the ports that somebody else listens on, and leaves the others free", async () => {
    const server = createServer();
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const { port } = server.address() as AddressInfo;
    expect(await takenPorts({ edge: port, console: 0 })).toMatchObject([{ name: "edge", port }]);
    await new Promise((closed) => server.close(closed));
    expect(await takenPorts({ edge: port })).toEqual([]);
  });
});
