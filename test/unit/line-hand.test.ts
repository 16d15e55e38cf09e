import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { claimableSinceMs } from "../../durable-objects/drop-queue/decide.ts";
import { LIMITS } from "../../schema/limits.ts";
import { type LineAct, Snapshot } from "../../schema/line.ts";
import { DROP, LineWorld, OPENS_AT_MS, range, SKU } from "./line-world.ts";

let commands = 0;
const act = (world: LineWorld, what: LineAct, commandId = `command-${++commands}`) =>
  world.line.command({ commandId, act: what });
const PAUSE: LineAct = { kind: "pause" };
const RESUME: LineAct = { kind: "resume" };

async function live(people = 1_000, over: Record<string, unknown> = {}) {
  const world = new LineWorld();
  world.publish({ line: { admitPerSecond: 20 }, ...over });
  world.join(range(0, people));
  await world.runTo(OPENS_AT_MS + 5_000);
  return world;
}

describe("a pause", () => {
  test("admits nobody until it is resumed, then at the pace and no faster; joins go on; both are in the record", async () => {
    const world = await live();
    expect(act(world, PAUSE)).toMatchObject({ ok: true, value: { isPaused: true, phase: "live" } });
    const { admitted } = world.snapshot;
    world.evict();
    await world.runTo(world.nowMs + 60_000);
    expect(world.join([5_000])).toMatchObject([{ cohort: 14 }]);
    expect(world.snapshot).toMatchObject({ isPaused: true, admitted, isStandbyOpen: false });
    act(world, RESUME);
    await world.line.alarm();
    expect(world.snapshot).toMatchObject({ isPaused: false, admitted });
    await world.runTo(world.nowMs + 2_000);
    expect(world.snapshot.admitted).toBeLessThanOrEqual(admitted + 60 / (1 - LIMITS.noShowShareMax));
    expect(world.snapshot.admitted).toBeGreaterThan(admitted);
    expect(world.head.notes.map(({ what }) => what)).toEqual(["published", "paused", "resumed"]);
  });

  test("twice is one pause, and a line that runs need not be resumed", async () => {
    const world = await live();
    act(world, RESUME);
    act(world, PAUSE);
    act(world, PAUSE);
    act(world, RESUME);
    expect(world.head.notes.map(({ what }) => what)).toEqual(["published", "paused", "resumed"]);
  });
});

describe("a command", () => {
  test("repeated changes nothing, after an eviction too; its id with another act is refused", async () => {
    const world = await live();
    act(world, PAUSE, "one");
    act(world, RESUME, "two");
    world.evict();
    expect(act(world, PAUSE, "one")).toMatchObject({ ok: true, value: { isPaused: false } });
    expect(act(world, RESUME, "one")).toMatchObject({ refusal: { code: "idempotency_key_reused" } });
    expect(world.head.notes).toHaveLength(3);
  });

  test("finds no line before one is published, and none to act on after its end", async () => {
    expect(new LineWorld().line.command({ commandId: "a", act: PAUSE })).toMatchObject({
      refusal: { code: "drop_not_found" },
    });
    const world = await live();
    act(world, { kind: "end" }, "the-end");
    expect(act(world, PAUSE)).toMatchObject({ refusal: { code: "drop_closed" } });
    expect(act(world, { kind: "end" }, "the-end")).toMatchObject({ ok: true, value: { phase: "closed" } });
  });

  test("past the record's notes is refused, save to end it or to set it going again", async () => {
    const world = await live();
    for (let notes = 1; notes < LIMITS.lineNotesMax; notes += 1)
      expect(act(world, notes % 2 ? PAUSE : RESUME).ok).toBe(true);
    expect(world.snapshot.isPaused).toBe(true);
    expect(act(world, RESUME).ok).toBe(true);
    expect(act(world, PAUSE)).toMatchObject({ refusal: { code: "invalid_request" } });
    expect(act(world, { kind: "say", message: "Soon" })).toMatchObject({
      ok: true,
      value: { message: "Soon" },
    });
    expect(act(world, { kind: "end" }).ok).toBe(true);
  });
});

describe("a message", () => {
  test("is told to those who wait until it is taken away", async () => {
    const world = await live();
    act(world, { kind: "say", message: "We open more checkouts." });
    world.evict();
    expect(world.snapshot.message).toBe("We open more checkouts.");
    act(world, { kind: "say", message: null });
    expect(world.snapshot.message).toBeNull();
  });
});

describe("the pace by hand", () => {
  test("goes before the document's, until it is taken back", async () => {
    const world = await live();
    act(world, { kind: "pace", admitPerSecond: 1 });
    expect(world.snapshot.admitPerSecond).toBe(1);
    const { admitted } = world.snapshot;
    await world.runTo(world.nowMs + 10_000);
    expect(world.snapshot.admitted).toBeLessThan(admitted + 30);
    act(world, { kind: "pace", admitPerSecond: null });
    expect(world.snapshot.admitPerSecond).toBe(20);
    expect(world.head.notes.map(({ detail }) => detail).slice(1)).toEqual(["1", "20"]);
  });
});

describe("opened by hand", () => {
  test("the drop starts now: the lobby closes, later joins are windows, and its SKUs are told", async () => {
    const world = new LineWorld({ chainLinks: 1_000 });
    world.publish();
    await world.line.configureSkus();
    world.join([1]);
    world.nowMs += 60_000;
    const openedAtMs = world.nowMs;
    expect(act(world, { kind: "open" })).toMatchObject({
      ok: true,
      value: { phase: "live", opensAtMs: openedAtMs },
    });
    await world.line.configureSkus();
    const [first, second] = world.configured;
    expect(second).toMatchObject({ opensAtMs: openedAtMs, version: first?.version });
    expect(second?.publishedAtMs).toBeGreaterThan(first?.publishedAtMs ?? 0);
    expect(world.join([2])).toMatchObject([{ cohort: 1 }]);
    await world.runTo(openedAtMs + 6_000);
    expect(world.snapshot).toMatchObject({ revealedThrough: 1, admitted: 2 });
    expect(world.cohorts[0]).toMatchObject({ cohort: 0, closedAtMs: openedAtMs + 50 });
    expect(act(world, { kind: "open" })).toMatchObject({ refusal: { code: "invalid_request" } });
    expect(() => world.publish({}, "2".repeat(64))).toThrow("drop_already_live");
  });

  test("is refused where its windows would outnumber the chain's links", () => {
    const world = new LineWorld({ chainLinks: 722 });
    world.publish();
    world.nowMs = OPENS_AT_MS - 10_000;
    expect(act(world, { kind: "open" })).toMatchObject({ refusal: { code: "invalid_request" } });
    world.nowMs = OPENS_AT_MS - 5_000;
    expect(act(world, { kind: "open" }).ok).toBe(true);
  });
});

describe("ended by hand", () => {
  test("nobody joins or is admitted any more, its last window closes at once, and the record is whole", async () => {
    const world = await live(1_000);
    world.join([5_000]);
    const endedAtMs = world.nowMs;
    world.areSkusAway = true;
    act(world, { kind: "end" });
    await world.line.configureSkus();
    const { admitted } = world.snapshot;
    expect(world.line.join(new Uint8Array(16), new Uint8Array(1))).toMatchObject({
      refusal: { code: "drop_closed" },
    });
    world.areSkusAway = false;
    await world.runTo(endedAtMs + 5_000);
    expect(world.snapshot).toMatchObject({
      phase: "closed",
      admitted,
      closesAtMs: endedAtMs,
      revealedThrough: 2,
    });
    expect(world.configured.at(-1)).toMatchObject({ closesAtMs: endedAtMs });
    expect(world.head.notes.at(-1)).toMatchObject({ what: "ended", atMs: endedAtMs });
    expect(world.cohorts.at(-1)?.closedAtMs).toBeLessThan(endedAtMs + 1_000);
    expect(world.line.nextAlarmMs()).toBeNull();
    expect(world.kv.has(`cohorts/${DROP}/0`)).toBe(true);
  });

  test("stays ended, though the clock steps back", async () => {
    const world = await live();
    act(world, { kind: "end" });
    await world.runTo(world.nowMs + 1_000);
    world.nowMs -= 10_000;
    expect(world.snapshot.phase).toBe("closed");
    expect(world.line.join(new Uint8Array(16), new Uint8Array(1)).ok).toBe(false);
  });
});

describe("standing by", () => {
  test("begins for a place when its time to claim is over, which a pause does not use up", async () => {
    const world = await live(100, { line: { admitPerSecond: 20, claimWindowMs: 30_000 } });
    await world.runTo(OPENS_AT_MS + 20_000);
    const { watermark } = world.snapshot;
    expect(watermark).toEqual({ cohort: 0, rank: 1 });
    act(world, PAUSE);
    await world.runTo(OPENS_AT_MS + 140_000);
    act(world, RESUME);
    // 20 of its 30 seconds had gone by.
    await world.runTo(OPENS_AT_MS + 149_000);
    expect(world.snapshot.standbyBefore).not.toEqual(watermark);
    await world.runTo(OPENS_AT_MS + 180_000);
    expect(world.snapshot).toMatchObject({ standbyBefore: watermark, isStandbyOpen: true });
  });

  test("is open while units are free and nobody's turn is still to come", async () => {
    const world = await live(1_000);
    expect(world.snapshot.isStandbyOpen).toBe(false);
    await world.runTo(OPENS_AT_MS + 120_000);
    expect(world.snapshot).toMatchObject({ admitted: 1_000, isStandbyOpen: true });
    const level = { skuId: SKU, stock: 100_000, available: 0, reserved: 100_000, sold: 0 };
    const ledger = { rows: 1, hash: "0".repeat(64) };
    world.line.pushLevel({ level, levelVersion: 1, ticketsSeen: 0, ledger });
    expect(world.snapshot.isStandbyOpen).toBe(false);
  });

  test("is reckoned over unpaused time alone, however the pauses lie", () => {
    const lengths = fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 50 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(
        lengths,
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 0, max: 40 }),
        (spans, window, tail) => {
          let atMs = 1_000;
          const pauses = spans.map(([gap, length]) => {
            const fromMs = atMs + gap;
            atMs = fromMs + length;
            return { fromMs, toMs: atMs };
          });
          const nowMs = atMs + tail;
          const sinceMs = claimableSinceMs({ nowMs, claimWindowMs: window, pauses });
          const isPaused = (ms: number) => pauses.some(({ fromMs, toMs }) => fromMs <= ms && ms < toMs);
          const counted = Array.from({ length: nowMs - sinceMs }, (_, index) => sinceMs + index).filter(
            (ms) => !isPaused(ms),
          );
          expect(counted).toHaveLength(window);
        },
      ),
    );
  });
});

describe("a full line", () => {
  test("refuses new tickets one by one, and still tells those who are in it their places", async () => {
    const world = new LineWorld({ joinedMax: 3, chainLinks: 200 });
    world.publish();
    expect(world.join([1, 2])).toMatchObject([{ cohort: 0 }, { cohort: 0 }]);
    expect(world.join([3, 4, 1])).toMatchObject([{ cohort: 0 }, "unavailable", { cohort: 0 }]);
    world.evict();
    await world.runTo(OPENS_AT_MS + 1);
    expect(world.join([4, 5, 3])).toEqual([
      "unavailable",
      "unavailable",
      expect.objectContaining({ cohort: 0 }),
    ]);
    expect(world.snapshot.joined).toBe(3);
  });

  test("takes nobody new once its links are used up, and nobody loses a place by it", async () => {
    const world = new LineWorld({ chainLinks: 2 });
    world.publish();
    world.join([1]);
    await world.runTo(OPENS_AT_MS + 4_999);
    expect(world.join([2])).toMatchObject([{ cohort: 1 }]);
    await world.runTo(OPENS_AT_MS + 5_000);
    expect(world.join([3, 2, 1])).toMatchObject(["drop_closed", { cohort: 1 }, { cohort: 0 }]);
    await world.runTo(OPENS_AT_MS + 8_000);
    expect(world.snapshot).toMatchObject({ joined: 2, revealedThrough: 1, admitted: 2 });
  });
});

describe("payments", () => {
  const asks = (world: LineWorld) => world.calls.filter((call) => call === "backlog").length;

  test("are asked about once a tick while people are admitted, and otherwise not at all", async () => {
    const world = await live(100);
    expect(asks(world)).toBeGreaterThan(0);
    await world.runTo(OPENS_AT_MS + 60_000);
    const before = asks(world);
    await world.runTo(OPENS_AT_MS + 120_000);
    expect(asks(world)).toBe(before);
    expect(before).toBeLessThan(20);
  });

  test("that lag slow the line; not knowing does not", async () => {
    const admittedWith = async (backlog: LineWorld["backlog"]) => {
      const world = new LineWorld();
      world.backlog = backlog;
      world.publish({ line: { admitPerSecond: 20 } });
      world.join(range(0, 5_000));
      await world.runTo(OPENS_AT_MS + 60_000);
      return world.snapshot.admitted;
    };
    const free = await admittedWith(null);
    const failing = await admittedWith(() => Promise.reject(new Error("away")));
    const lagging = await admittedWith(async () => ({ waiting: 2_000, oldestWaitMs: 60_000 }));
    expect(failing).toBe(free);
    expect(lagging).toBeLessThan(free / 2);
  });
});

test("the snapshot of a usual drop is about a kilobyte, and has the shape that it promises", async () => {
  const world = await live(1_000, {
    skus: range(0, 4).map((size) => ({ id: `size-${size}`, name: "A size", stock: 250, priceMinor: 1 })),
  });
  act(world, { kind: "say", message: "Thanks for waiting." });
  expect(Snapshot.parse(world.snapshot)).toEqual(world.snapshot);
  expect(JSON.stringify(world.snapshot).length).toBeLessThan(1_400);
});

describe("held apart", () => {
  test("is what was said at the first join, survives an eviction, and costs no row a ticket", async () => {
    const world = new LineWorld();
    world.publish();
    for (let batch = 0; batch < 20; batch += 1) world.join(range(batch * 10, 10), range(batch * 10, 5));
    world.join([1, 7], [7]);
    await world.tick();
    world.evict();
    expect(world.join([1, 7, 4, 5])).toMatchObject(
      [true, false, true, false].map((isHeldApart) => ({ isHeldApart })),
    );
    expect(world.head).toMatchObject({ heldApart: 100, joined: 200 });
    expect(world.storage.sql.exec("SELECT COUNT(*) AS rows FROM held_apart").one()).toEqual({ rows: 1 });
  });
});
