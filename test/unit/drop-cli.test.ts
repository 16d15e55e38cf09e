import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import type { LineAct } from "../../schema/line.ts";
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
    [["pause"], "pause takes the id of a drop."],
    [["pause", "Spring"], '"Spring" is no id'],
    [["pause", "spring", "now"], 'pause takes the id of a drop, and not "now" as well'],
    [["open", "spring", "now", "please"], 'and not "spring now please"'],
    [["say", "spring"], "say takes the id of a drop, and a message"],
    [["say", "spring", "  "], "say takes the id of a drop, and a message"],
    [["say", "spring", "we", "are", "back"], 'and not "spring we are back"'],
    [["say", "spring", "x".repeat(LIMITS.lineMessageMaxChars + 1)], "at most 280 characters"],
    [["say", "spring", "x", "--clear"], "a message of at most 280 characters, in quotes, or --clear"],
    [["end", "spring", "--clear"], "--clear belongs to say"],
    [["pace", "spring"], "a whole number of people a second, or document"],
    [["pace", "spring", "fast"], "a whole number of people a second, or document"],
    [["pace", "spring", "0"], "a whole number of people a second, or document"],
    [["pace", "spring", "1.5"], "a whole number of people a second, or document"],
    [["pace", "spring", "1e3"], "a whole number of people a second, or document"],
  ])("%j is not understood", (args, why) => {
    expect(() => parseDropOptions(args, "/")).toThrow(why);
  });

  test.each<[string[], LineAct]>([
    [["pause", "spring"], { kind: "pause" }],
    [["resume", "spring"], { kind: "resume" }],
    [["open", "spring"], { kind: "open" }],
    [["end", "spring"], { kind: "end" }],
    [["say", "spring", " Back in five minutes. "], { kind: "say", message: "Back in five minutes." }],
    [["say", "spring", "--clear"], { kind: "say", message: null }],
    [["pace", "spring", "50"], { kind: "pace", admitPerSecond: 50 }],
    [["pace", "spring", "document"], { kind: "pace", admitPerSecond: null }],
  ])("%j is an act on a line", (args, act) => {
    expect(parseDropOptions(args, "/")).toMatchObject({ verb: args[0], subject: "spring", act });
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
