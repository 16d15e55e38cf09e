import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../schema/line.ts";
import { rankOf } from "../../workers/edge/derive.ts";
import { type FollowDeps, follow, type Seen } from "../../workers/edge/islands/waiting/follow.ts";
import { keptProofKey, rootKeeper } from "../../workers/edge/islands/waiting/kept-roots.ts";
import { movingOn } from "../../workers/edge/islands/waiting/moving-on.ts";
import { rankIn } from "../../workers/edge/line/rank.ts";
import { FakeClock, settle } from "./edge-clock.ts";
import { cohortOf, DROP, headOf, OPENS_AT, rootOf, SEED, SKU, snapshotOf } from "./edge-samples.ts";

const TICKET = "00112233445566778899aabbccddeeff";
const RANK = rankOf(SEED, TICKET as never);
const LOBBY = 10_000;
/** Nobody follows anything for longer than this in a test: 1,000,000 people at 20 a second. */
const LONGEST_MS = 2 * LOBBY * 1_000;

/** The line as its object would tell it at an instant: a lobby that is revealed two seconds after the start, and a steady pace. */
function lineAt(atMs: number, pacePerSecond = 20): Snapshot {
  const isRevealed = atMs >= OPENS_AT + 2_000;
  const admitted = isRevealed ? Math.min(LOBBY, ((atMs - OPENS_AT - 2_000) / 1_000) * pacePerSecond) : 0;
  return snapshotOf({
    atMs,
    phase: atMs < OPENS_AT ? "lobby" : "live",
    joined: LOBBY,
    rootedThrough: atMs < OPENS_AT ? -1 : 0,
    revealedThrough: isRevealed ? 0 : -1,
    waitsForBeacon:
      atMs >= OPENS_AT && !isRevealed ? { cohort: 0, round: 7, dueAtMs: OPENS_AT + 2_000 } : null,
    watermark: isRevealed ? { cohort: 0, rank: admitted / LOBBY } : { cohort: -1, rank: 1 },
    admitted: Math.round(admitted),
    pacePerSecond: isRevealed ? pacePerSecond : 0,
    skus: [{ skuId: SKU, stock: 50_000, available: 50_000, reserved: 0, sold: 0 }],
  });
}

/** One page that follows a line; `snapshotAt` may throw, as a network does. */
function page(snapshotAt: (nowMs: number) => Snapshot, { fromMs = OPENS_AT - 3_600_000, jitter = 0.5 } = {}) {
  const clock = new FakeClock(fromMs);
  const seen: Seen[] = [];
  const asked: { path: string; atMs: number }[] = [];
  const silences: number[] = [];
  const moved: number[] = [];
  const rootLooks: number[] = [];
  const deps: FollowDeps = {
    ticket: { dropId: DROP, ticketId: TICKET, cohort: 0 },
    madeAtMs: fromMs,
    async read(path) {
      asked.push({ path, atMs: clock.now() });
      if (path === "snapshot") return snapshotAt(clock.now());
      return { page: 0, isComplete: false, cohorts: [cohortOf(0, LOBBY)] };
    },
    rankIn: async (seed, ticketId) => rankOf(seed, ticketId as never),
    elapsedMs: () => clock.now() - fromMs,
    random: () => jitter,
    after: clock.after,
    show: (now) => seen.push(now),
    showSilence: (failures) => silences.push(failures),
    keepRoot: () => rootLooks.push(clock.now()),
    moveOn: () => moved.push(clock.now()),
  };
  const asks = (path: string) => asked.filter((one) => one.path === path);
  return { clock, seen, asks, silences, moved, rootLooks, line: follow(deps) };
}

test("a browser computes the same rank as the server", async () => {
  expect(await rankIn(SEED, TICKET)).toBe(RANK);
});

describe("a page that waits", () => {
  test("goes from the lobby to its turn by itself, soon after it came, in as many questions as the logarithm says", async () => {
    for (const jitter of [0, 0.5, 0.999]) {
      const one = page(lineAt, { jitter });
      await one.line.look();
      while (one.moved.length === 0 && one.clock.now() < OPENS_AT + LONGEST_MS)
        await one.clock.advance(10_000);
      const turnAt = OPENS_AT + 2_000 + ((RANK * LOBBY) / 20) * 1_000;
      expect(one.moved[0]).toBeGreaterThan(turnAt);
      expect(one.moved[0]).toBeLessThan(turnAt + 3_000);
      const waitMs = turnAt - (OPENS_AT - 3_600_000);
      expect(one.asks("snapshot").length).toBeLessThan(30 + 10 * Math.log2(waitMs / 1_000));
      expect(one.asks("record/cohorts/0").length).toBe(1);
      expect(one.rootLooks.length).toBeGreaterThan(0);
      const kinds = [...new Set(one.seen.map(({ standing }) => standing.kind))];
      expect(kinds.filter((kind) => kind !== "drawing")).toEqual(["gathering", "waiting", "admitted"]);
    }
  });

  test("tells a range that holds the true wait, and narrows", async () => {
    const one = page(lineAt);
    await one.line.look();
    while (one.moved.length === 0) await one.clock.advance(10_000);
    const ranges = one.seen.flatMap(({ standing, nowMs }) =>
      standing.kind === "waiting" && standing.wait !== null
        ? [[nowMs + standing.wait.fromMs, nowMs + standing.wait.toMs] as const]
        : [],
    );
    expect(ranges.length).toBeGreaterThan(10);
    const movedAtMs = one.moved[0] ?? 0;
    for (const [index, [from, to]] of ranges.entries()) {
      expect(from).toBeLessThanOrEqual(movedAtMs);
      expect(to).toBeGreaterThanOrEqual(movedAtMs);
      const before = ranges[index - 1];
      if (before === undefined) continue;
      expect(from).toBeGreaterThanOrEqual(before[0] - 1_000);
      expect(to).toBeLessThanOrEqual(before[1] + 1_000);
    }
  });

  test("asks after a close not at the same instant as everybody else", async () => {
    const asksOf = async (jitter: number) => {
      const one = page(lineAt, { fromMs: OPENS_AT - 10_000, jitter });
      await one.line.look();
      await one.clock.advance(14_000);
      return one.asks("snapshot")[1]?.atMs ?? 0;
    };
    const times = [await asksOf(0), await asksOf(0.4), await asksOf(0.9)];
    expect(new Set(times).size).toBe(3);
    for (const time of times) expect(time).toBeGreaterThanOrEqual(OPENS_AT);
  });

  test("asks the less often the longer the network is gone, and goes on when it is back", async () => {
    let isDown = true;
    const one = page((nowMs) => {
      if (isDown) throw new Error("offline");
      return lineAt(nowMs);
    });
    await one.line.look();
    await one.clock.advance(600_000);
    const tries = one.asks("snapshot").length;
    expect(tries).toBeLessThan(30);
    expect(one.silences).toEqual(Array.from({ length: tries }, (_, index) => index + 1));
    isDown = false;
    one.line.lookIfOlderThan(5_000);
    await settle();
    expect(one.seen.length).toBe(1);
  });

  test("never asks twice at once, nor again for a picture that is young", async () => {
    const one = page(lineAt);
    await Promise.all([one.line.look(), one.line.look()]);
    one.line.lookIfOlderThan(5_000);
    await settle();
    expect(one.asks("snapshot").length).toBe(1);
  });

  test("goes by the newest snapshot, whatever an older cache answers after it, and by its clock", async () => {
    let ageMs = 0;
    const one = page((nowMs) => lineAt(nowMs - ageMs), { fromMs: OPENS_AT + 60_000 });
    await one.line.look();
    ageMs = 30_000;
    await one.clock.advance(200_000);
    const times = one.seen.map(({ snapshot }) => snapshot.atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(one.seen.at(-1)?.nowMs).toBeCloseTo(
      one.seen.length === 1 ? OPENS_AT + 60_000 : (one.asks("snapshot").at(-1)?.atMs ?? 0),
      -3,
    );
  });

  test("asks a logarithm of the time often while a line is paused, and moves on once it goes on", async () => {
    let isPaused = true;
    const one = page((nowMs) => ({ ...lineAt(OPENS_AT + LONGEST_MS), atMs: nowMs, isPaused }), {
      fromMs: OPENS_AT,
    });
    await one.line.look();
    await one.clock.advance(86_400_000);
    expect(one.moved).toEqual([]);
    expect(one.asks("snapshot").length).toBeLessThan(30 + 10 * Math.log2(86_400));
    isPaused = false;
    one.line.lookIfOlderThan(0);
    await settle();
    expect(one.moved.length).toBe(1);
  });

  test("asks no more once it has moved on", async () => {
    const one = page(() => lineAt(OPENS_AT + LONGEST_MS), { fromMs: OPENS_AT });
    await one.line.look();
    await one.clock.advance(600_000);
    expect([one.moved.length, one.asks("snapshot").length]).toEqual([1, 1]);
  });
});

function storage(entries: [string, string][] = []) {
  const kept = new Map(entries);
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}

describe("the look for the window's root", () => {
  /** Rooted after 300 ms, as a snapshot that is a second old tells it. */
  const rootedLate = (nowMs: number) =>
    snapshotOf({
      ...lineAt(nowMs),
      rootedThrough: nowMs >= OPENS_AT + 1_300 ? 0 : -1,
      revealedThrough: -1,
      watermark: { cohort: -1, rank: 1 },
    });

  test("comes once, a second and a half after the window's end, spread over one more", async () => {
    for (const [jitter, afterMs] of [
      [0, 1_500],
      [0.5, 2_000],
      [0.999, 2_499],
    ] as const) {
      const one = page((nowMs) => ({ ...rootedLate(nowMs), rootedThrough: -1 }), { jitter });
      await one.line.look();
      await one.clock.advance(3_600_000 + 60_000);
      expect(one.rootLooks).toEqual([OPENS_AT + afterMs]);
    }
  });

  test("does not wait for a snapshot, nor for one that never comes", async () => {
    let isDown = false;
    const one = page(
      (nowMs) => {
        if (isDown) throw new Error("offline");
        return rootedLate(nowMs);
      },
      { fromMs: OPENS_AT - 5_000 },
    );
    await one.line.look();
    isDown = true;
    await one.clock.advance(8_000);
    expect(one.rootLooks).toEqual([OPENS_AT + 2_000]);
  });

  test("goes by the page's own time where the first snapshot comes from an old cache", async () => {
    const one = page((nowMs) => ({ ...rootedLate(nowMs), atMs: nowMs - 2_000 }), {
      fromMs: OPENS_AT - 1_000,
      jitter: 0,
    });
    await one.line.look();
    await one.clock.advance(1_000 + 1_600);
    expect(one.rootLooks[0]).toBe(OPENS_AT + 1_500);
  });

  test("comes at once on a page that was opened late, and not at all after the end", async () => {
    const late = page((nowMs) => ({ ...rootedLate(nowMs), rootedThrough: -1 }), {
      fromMs: OPENS_AT + 1_800,
      jitter: 0,
    });
    await late.line.look();
    await late.clock.advance(1);
    expect(late.rootLooks).toEqual([OPENS_AT + 1_800]);
    const over = page((nowMs) => ({ ...rootedLate(nowMs), rootedThrough: -1, phase: "closed" }));
    await over.line.look();
    await over.clock.advance(3_700_000);
    expect(over.rootLooks).toEqual([]);
  });

  test("follows a start that was brought forward by hand", async () => {
    let opensAtMs = OPENS_AT;
    const one = page((nowMs) => ({ ...rootedLate(nowMs), rootedThrough: -1, opensAtMs }), {
      fromMs: OPENS_AT - 60_000,
      jitter: 0,
    });
    await one.line.look();
    opensAtMs = OPENS_AT - 40_000;
    one.line.lookIfOlderThan(0);
    await settle();
    await one.clock.advance(30_000);
    expect(one.rootLooks).toEqual([OPENS_AT - 40_000 + 1_500]);
  });
});

describe("the kept proof", () => {
  const SEEN_AT = OPENS_AT + 1_700;

  /** One page's keeper over a storage; `parts` is what the server has, and may be changed. */
  function tab(store: Pick<Storage, "getItem" | "setItem">, seenAtMs = SEEN_AT) {
    const parts: Record<string, unknown> = { "record/roots/0": rootOf(0), record: headOf() };
    const asked: string[] = [];
    const state = { nowMs: seenAtMs };
    const keep = rootKeeper({
      dropId: DROP,
      cohort: 0,
      storage: store,
      nowMs: () => state.nowMs,
      async read(path) {
        asked.push(path);
        return parts[path] ?? null;
      },
    });
    return { parts, asked, state, keep };
  }
  const keptIn = (store: ReturnType<typeof storage>) =>
    JSON.parse(store.kept.get(keptProofKey(DROP)) ?? "null");
  const firstKept = { commitment: headOf().commitment, roots: [{ ...rootOf(0), seenAtMs: SEEN_AT }] };

  test("is the commitment and the root of one's cohort, each asked for once, and when the root was first seen", async () => {
    const store = storage();
    const { keep, asked, state } = tab(store);
    expect(await keep()).toEqual({ areTwo: false });
    state.nowMs += 5_000;
    expect(await Promise.all([keep(), keep()])).toEqual([{ areTwo: false }, { areTwo: false }]);
    expect(keptIn(store)).toEqual(firstKept);
    expect(asked).toEqual(["record/roots/0", "record"]);
  });

  test("keeps the first time over a reload, another tab, and a clock that was set back", async () => {
    const store = storage();
    await tab(store).keep();
    for (const seenAtMs of [SEEN_AT + 60_000, SEEN_AT + 1, SEEN_AT - 60_000]) {
      await tab(store, seenAtMs).keep();
      expect(keptIn(store)).toEqual(firstKept);
    }
  });

  test("is the first tab's when two see the root at once, and neither overwrites the other's", async () => {
    const store = storage();
    const [one, other] = [tab(store), tab(store, SEEN_AT + 300)];
    other.parts["record/roots/0"] = { ...rootOf(0), root: "f".repeat(64) };
    const answers = await Promise.all([one.keep(), other.keep()]);
    expect(keptIn(store).roots).toEqual([
      ...firstKept.roots,
      { ...rootOf(0), root: "f".repeat(64), seenAtMs: SEEN_AT + 300 },
    ]);
    expect(answers).toContainEqual({ areTwo: true });
  });

  test("does not give a time to a root that was kept without one", async () => {
    const store = storage([
      [keptProofKey(DROP), JSON.stringify({ commitment: headOf().commitment, roots: [rootOf(0)] })],
    ]);
    await tab(store).keep();
    expect(keptIn(store).roots).toEqual([rootOf(0)]);
  });

  test("keeps the root with its time before it asks for the commitment, which may fail", async () => {
    const store = storage();
    const { keep, parts, state } = tab(store);
    parts.record = null;
    await expect(keep()).rejects.toThrow();
    expect(keptIn(store)).toEqual({ ...firstKept, commitment: null });
    parts.record = headOf();
    state.nowMs += 60_000;
    await keep();
    expect(keptIn(store)).toEqual(firstKept);
  });

  test("holds two roots of one cohort, and says so", async () => {
    const store = storage();
    await tab(store).keep();
    const other = { ...rootOf(0), root: "f".repeat(64) };
    const next = tab(store, SEEN_AT + 9_000);
    next.parts["record/roots/0"] = other;
    expect(await next.keep()).toEqual({ areTwo: true });
    expect(keptIn(store).roots).toEqual([...firstKept.roots, { ...other, seenAtMs: SEEN_AT + 9_000 }]);
    expect(await tab(store).keep()).toEqual({ areTwo: true });
  });

  test("does not grow without end, and says that there are two all the same", async () => {
    const store = storage();
    for (let n = 0; n < 20; n += 1) {
      const one = tab(store);
      one.parts["record/roots/0"] = { ...rootOf(0), count: 1 + n };
      expect(await one.keep()).toEqual({ areTwo: n > 0 });
    }
    expect(keptIn(store).roots).toHaveLength(8);
  });

  test("begins anew where what is kept cannot be read, and keeps nothing before there is a root", async () => {
    const store = storage([[keptProofKey(DROP), "{"]]);
    const { keep, parts, state } = tab(store);
    parts["record/roots/0"] = null;
    expect(await keep()).toEqual({ areTwo: false });
    expect(store.kept.get(keptProofKey(DROP))).toBe("{");
    parts["record/roots/0"] = rootOf(0);
    state.nowMs += 4_000;
    await keep();
    expect(keptIn(store).roots).toEqual([{ ...rootOf(0), seenAtMs: SEEN_AT + 4_000 }]);
  });

  test("lives with whatever lies in the storage", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.constant('{"roots":[null,7,"a",{}]}')), async (text) => {
        const store = storage([[keptProofKey(DROP), text]]);
        expect(typeof (await tab(store).keep()).areTwo).toBe("boolean");
      }),
    );
  });

  test("is asked for once where the browser refuses or has no room, and has the first time once it has", async () => {
    let isFull = true;
    const store = storage();
    const full = {
      getItem: store.getItem,
      setItem(key: string, value: string) {
        if (isFull) throw new Error("QuotaExceededError");
        store.setItem(key, value);
      },
    };
    const { keep, asked, state } = tab(full);
    for (let n = 0; n < 5; n += 1) expect(await keep()).toEqual({ areTwo: false });
    expect(asked).toEqual(["record/roots/0", "record"]);
    isFull = false;
    state.nowMs += 60_000;
    await keep();
    expect(keptIn(store)).toEqual(firstKept);

    const refusing = tab({
      getItem: () => {
        throw new Error("SecurityError");
      },
      setItem: () => {},
    });
    expect(await refusing.keep()).toEqual({ areTwo: false });
  });
});

describe("moving on", () => {
  test("pauses twice as long each time the server sends the page back, up to a minute, and forgets after a while", () => {
    const store = storage();
    let nowMs = 1_000_000;
    const times = Array.from({ length: 8 }, () => {
      const moving = movingOn({ dropId: DROP, storage: store, nowMs: () => nowMs });
      const afterMs = moving.afterMs();
      nowMs += afterMs;
      return [moving.isSentBack, afterMs];
    });
    expect(times[0]).toEqual([false, 1_500]);
    expect(times.slice(1).every(([isSentBack]) => isSentBack)).toBe(true);
    expect(times.map(([, ms]) => ms)).toEqual([1_500, 3_000, 6_000, 12_000, 24_000, 48_000, 60_000, 60_000]);
    nowMs += 600_000;
    expect(movingOn({ dropId: DROP, storage: store, nowMs: () => nowMs }).isSentBack).toBe(false);
  });

  test("works whatever lies in the storage", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        const store = storage([[`dropline/moved-on/${DROP}`, text]]);
        const afterMs = movingOn({ dropId: DROP, storage: store, nowMs: () => 0 }).afterMs();
        expect(afterMs).toBeGreaterThan(0);
        expect(afterMs).toBeLessThanOrEqual(60_000);
      }),
    );
  });
});
