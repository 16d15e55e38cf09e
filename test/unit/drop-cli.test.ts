import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findConsole } from "../../scripts/console/access.ts";
import { parseDropOptions } from "../../scripts/drop/options.ts";
import { forgetRunning, noteRunning } from "../../scripts/platform/running.ts";
import { localSecrets } from "../../scripts/platform/secrets.ts";
import { parsePreflightOptions } from "../../scripts/preflight/options.ts";

const HERE = { edge: "http://127.0.0.1:1", payments: "http://127.0.0.1:2", console: "http://127.0.0.1:3" };
const NOTHING = { console: undefined, edge: undefined };

let home: string;
let localToken: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "dropline-home-"));
  localToken = (await localSecrets(home)).operatorToken;
});
afterAll(() => rm(home, { recursive: true }));

describe("the console is found", () => {
  test("on this machine while it runs, with this machine's token", async () => {
    await noteRunning(home, { pid: process.pid, ...HERE });
    expect(await findConsole(NOTHING, {}, home)).toEqual({
      console: HERE.console,
      edge: HERE.edge,
      token: localToken,
    });
    await forgetRunning(home);
    await expect(findConsole(NOTHING, {}, home)).rejects.toThrow("No platform runs here");
  });

  test("not when what ran here was killed", async () => {
    // Above the largest process id of any system.
    await noteRunning(home, { pid: 2 ** 30, ...HERE });
    await expect(findConsole(NOTHING, {}, home)).rejects.toThrow("No platform runs here");
  });

  test("elsewhere with a token of its own: this machine's never leaves it", async () => {
    await noteRunning(home, { pid: process.pid, ...HERE });
    const elsewhere = { console: "https://console.shop.example/", edge: undefined };
    await expect(findConsole(elsewhere, {}, home)).rejects.toThrow("Set DROPLINE_OPERATOR_TOKEN");
    const token = "t".repeat(20);
    expect(await findConsole(elsewhere, { DROPLINE_OPERATOR_TOKEN: token }, home)).toEqual({
      console: "https://console.shop.example",
      edge: null,
      token,
    });
    const wrong = { console: "console", edge: undefined };
    await expect(findConsole(wrong, { DROPLINE_OPERATOR_TOKEN: token }, home)).rejects.toThrow(
      "--console takes",
    );
  });
});

describe("a command", () => {
  test("finds its files where it was typed", () => {
    expect(parseDropOptions(["check", "drop.json"], "/shop")?.subject).toBe("/shop/drop.json");
    expect(parseDropOptions(["publish", "spring", "--file", "a.json"], "/shop")?.file).toBe("/shop/a.json");
  });

  test.each<[string[], string]>([
    [[], "There are check, put"],
    [["sell", "spring"], 'not "sell"'],
    [["check"], "check takes a file"],
    [["show", "Spring"], '"Spring" is no id'],
    [["schema", "x"], "schema takes nothing"],
    [["show", "spring", "summer"], "show takes the id of a drop"],
    [["show", "spring", "--file", "x"], "--file belongs to publish"],
    [["check", "x", "--out", "x"], "--out belongs to schema"],
    [["check", "x", "--surprise"], "surprise"],
  ])("%j is not understood", (args, why) => {
    expect(() => parseDropOptions(args, "/")).toThrow(why);
  });

  test.each<[string[], string]>([
    [[], "Say which drop"],
    [["--drop", "A"], '"A" is no id'],
    [["--drop", "a", "--crowd", "0"], "--crowd takes"],
    [["--drop", "a", "--crowd", "1e6"], "--crowd takes"],
  ])("preflight %j is not understood", (args, why) => {
    expect(() => parsePreflightOptions(args)).toThrow(why);
  });

  test("--help is no mistake", () => {
    expect(parseDropOptions(["--help"], "/")).toBeNull();
    expect(parsePreflightOptions(["--help"])).toBeNull();
  });
});
