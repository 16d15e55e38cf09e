import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lobbyRefreshSeconds } from "../../workers/edge/routes/lobby-refresh.ts";
import { TUNING } from "../../workers/edge/tuning.ts";
import { browse } from "./edge-browser.ts";
import { DROP, OPENS_AT, snapshotOf } from "./edge-samples.ts";

const HOUR_MS = 3_600_000;
const LOBBY_AT = OPENS_AT - HOUR_MS;
const PAGES = [`/drops/${DROP}`, `/drops/${DROP}/line`];

const refreshOf = (text: string) => /<head>.*<meta http-equiv="refresh" content="(\d+)"/.exec(text)?.[1];

/** Before its lobby by so long, with this draw of the spread. */
function early(beforeMs: number, random = 0.5) {
  const shop = browse({ random: () => random });
  shop.clock.set(LOBBY_AT - beforeMs);
  shop.state.snapshot$ = snapshotOf({ phase: "announced" });
  return shop;
}

describe.each(PAGES)("the page %s of a drop that is only announced", (path) => {
  test("looks again once the lobby is open, without a script, and has the way in then", async () => {
    const shop = early(90_000);
    const page = await shop.send(path);
    expect(page.text).toContain("this page looks again by itself");
    expect(page.text).not.toContain("<script");
    expect(page.text).not.toContain("<form");
    const seconds = Number(refreshOf(page.text));
    expect(seconds).toBeGreaterThan(90);
    shop.clock.set(LOBBY_AT - 90_000 + seconds * 1_000);
    shop.state.snapshot$ = snapshotOf({ phase: "lobby" });
    const then = await shop.send(path);
    expect(then.text).toContain("Enter the lobby");
    expect(refreshOf(then.text)).toBeUndefined();
  });

  test("is not kept longer for it, and each rendering comes back at another moment", async () => {
    const draws = await Promise.all([0, 0.25, 0.5, 0.75, 0.99].map((draw) => early(90_000, draw).send(path)));
    expect(new Set(draws.map(({ text }) => refreshOf(text))).size).toBe(draws.length);
    const cached = path.endsWith("/line") ? "no-store" : `public, max-age=${TUNING.dropMaxAgeSeconds}`;
    expect(draws.map(({ headers }) => headers.get("Cache-Control"))).toEqual(draws.map(() => cached));
  });

  test("looks in between when the lobby is far, for its time may be moved", async () => {
    const seconds = Number(refreshOf((await early(20 * HOUR_MS).send(path)).text));
    expect(seconds).toBeGreaterThanOrEqual(TUNING.announcedRefreshMaxSeconds);
    expect(seconds).toBeLessThanOrEqual(
      TUNING.announcedRefreshMaxSeconds + TUNING.lobbyRefreshSpreadMaxSeconds,
    );
  });

  test.each(["lobby", "live", "sold_out", "closed"] as const)("in the phase %s it stays", async (phase) => {
    const shop = early(0);
    shop.state.snapshot$ = snapshotOf({ phase });
    expect(refreshOf((await shop.send(path)).text)).toBeUndefined();
  });
});

test("nobody is brought back before the opening, or after half of the lobby and what was cached", () => {
  const plan = fc.record({
    beforeMs: fc.integer({ min: -5_000, max: 500_000 }),
    lobbyMs: fc.integer({ min: 4_000, max: 10 * HOUR_MS }),
    draw: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });
  fc.assert(
    fc.property(plan, ({ beforeMs, lobbyMs, draw }) => {
      const nowMs = LOBBY_AT - beforeMs;
      const drop = {
        phase: "announced" as const,
        lobbyOpensAt: new Date(LOBBY_AT).toISOString(),
        opensAt: new Date(LOBBY_AT + lobbyMs).toISOString(),
      };
      const edge = { clock: { now: () => nowMs } as never, random: () => draw };
      const backAtMs = nowMs + (lobbyRefreshSeconds(edge, drop) ?? Number.NaN) * 1_000;
      const from = Math.max(nowMs, LOBBY_AT) + TUNING.dropMaxAgeSeconds * 1_000;
      expect(backAtMs).toBeGreaterThanOrEqual(from);
      expect(backAtMs).toBeLessThanOrEqual(from + lobbyMs / 2 + 1_000);
      expect(backAtMs).toBeLessThanOrEqual(from + TUNING.lobbyRefreshSpreadMaxSeconds * 1_000 + 1_000);
    }),
  );
});

test("without a lobby to speak of they still come back spread, and none at once", () => {
  const drop = {
    phase: "announced" as const,
    lobbyOpensAt: new Date(LOBBY_AT).toISOString(),
    opensAt: new Date(LOBBY_AT).toISOString(),
  };
  const clock = { now: () => LOBBY_AT + HOUR_MS } as never;
  const seconds = [0, 0.99].map((draw) => lobbyRefreshSeconds({ clock, random: () => draw }, drop));
  expect(seconds).toEqual([
    TUNING.dropMaxAgeSeconds,
    TUNING.dropMaxAgeSeconds + TUNING.pageRefreshMinSeconds,
  ]);
});
