import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { LINE_CLIENT, lineClientFiles } from "../../scripts/line-client.ts";
import { rankOf } from "../../workers/edge/derive.ts";
import type * as Client from "../../workers/edge/line/client.ts";
import { SEED, snapshotOf } from "./edge-samples.ts";

describe("the published client of the line", () => {
  test("is not stale: npm run line-client", async () => {
    const files = await lineClientFiles();
    expect((await readdir(LINE_CLIENT)).sort()).toEqual([...files.keys()]);
    for (const [name, text] of files)
      expect(await readFile(join(LINE_CLIENT, name), "utf8"), name).toBe(text);
  }, 60_000);

  test("imports nothing but its own files", async () => {
    for (const name of await readdir(LINE_CLIENT)) {
      const text = await readFile(join(LINE_CLIENT, name), "utf8");
      for (const [, from = ""] of text.matchAll(/\bfrom "([^"]+)"/g))
        expect(from).toMatch(/^\.\/[a-z]+\.js$/);
    }
  });

  test("does what its page says: a place, a wait and when to ask, from a snapshot and a cohort's entry", async () => {
    const client = (await import(
      /* @vite-ignore */ pathToFileURL(join(LINE_CLIENT, "client.js")).href
    )) as typeof Client;
    const ticketId = "00112233445566778899aabbccddeeff";
    const rank = await client.rankIn(SEED, ticketId);
    expect(rank).toBe(rankOf(SEED, ticketId as never));
    const snapshot = snapshotOf({ rootedThrough: 0, revealedThrough: 0 });
    const ticket = { cohort: 0, ranked: { rank, count: 1_000, before: 0 } };
    const standing = client.standingOf(ticket, snapshot, snapshot.atMs);
    expect(standing).toMatchObject({ kind: "waiting", ahead: Math.round(rank * 1_000) });
    const asked = { nowMs: snapshot.atMs, unchangedMs: 0, jitter: 0.5 };
    expect(client.askAgainAfterMs(standing, asked)).toBeGreaterThanOrEqual(1_000);
  });
});
