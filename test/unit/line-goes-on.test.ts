import { afterEach, describe, expect, test, vi } from "vitest";
import { LineStore } from "../../durable-objects/drop-queue/store.ts";
import { LIMITS } from "../../schema/limits.ts";
import { document, LineWorld, OPENS_AT_MS, range } from "./line-world.ts";

afterEach(() => void vi.useRealTimers());

const version = (number: number) => String(number).padStart(64, "0");
const publish = (world: LineWorld, number: number, over: Record<string, unknown> = {}) =>
  world.line.publish(document(over), version(number));

function storeOf(world: LineWorld): LineStore {
  const store = new LineStore(world.storage);
  store.bear();
  return store;
}

describe("a line goes on", () => {
  test("when a tick may let in less of a person than a rank can say", async () => {
    const world = new LineWorld();
    world.publish({ line: { admitPerSecond: 20 } });
    world.join(range(0, 1_000));
    await world.runTo(OPENS_AT_MS + 5_000);
    const store = storeOf(world);
    const { pace } = store.drop() ?? expect.unreachable();
    // No time goes by and next to nothing is left over: the smallest release that there is.
    store.writePace({ ...pace, atMs: world.nowMs, carry: 1e-18, expected: 0 });
    world.evict();
    const { steps } = world.head;
    await world.tick();
    expect(world.logged).toEqual([]);
    expect(world.head.steps).toBe(steps);
    const paused = world.line.command({ commandId: "pause", act: { kind: "pause" } });
    expect(paused).toMatchObject({ ok: true, value: { isPaused: true } });
  });

  test("when a fetch of a round never ends: it is tried again, and the others come after it", async () => {
    vi.useFakeTimers();
    const world = new LineWorld();
    world.publish({ line: { beacon: "drand" } });
    world.join(range(0, 10));
    world.nowMs = OPENS_AT_MS;
    world.isBeaconHung = true;
    await Promise.all([world.line.alarm(), vi.advanceTimersByTimeAsync(1_000)]);
    world.nowMs += 10_000;
    await Promise.all([world.line.alarm(), vi.advanceTimersByTimeAsync(1_000)]);
    expect(world.rounds).toHaveLength(1);
    world.isBeaconHung = false;
    world.nowMs += 3 * LIMITS.beaconTimeoutMs;
    await Promise.all([world.line.goOut(), vi.advanceTimersByTimeAsync(3 * LIMITS.beaconTimeoutMs)]);
    await Promise.all([world.line.alarm(), vi.advanceTimersByTimeAsync(1_000)]);
    expect(world.snapshot).toMatchObject({ revealedThrough: 0, waitsForBeacon: null });
  });

  test("when its clock steps back: what is left to do outside is tried a second later, not when the clock is back", async () => {
    const world = new LineWorld();
    world.publish();
    world.join([1]);
    world.isKvAway = true;
    world.nowMs = OPENS_AT_MS + 600_000;
    await world.tick();
    world.nowMs = OPENS_AT_MS + 1_000;
    expect(world.line.nextAlarmMs()).toBeLessThanOrEqual(world.nowMs + LIMITS.beaconRetryMs);
  });
});

describe("a drop that has left its lobby", () => {
  test("has started for good: a clock that steps back does not let its document be replaced", async () => {
    const world = new LineWorld();
    world.publish();
    world.join([1]);
    world.nowMs = OPENS_AT_MS;
    await world.tick();
    world.nowMs = OPENS_AT_MS - 60_000;
    const later = { opensAt: new Date(OPENS_AT_MS + 60_000).toISOString() };
    expect(publish(world, 2, later)).toMatchObject({ refusal: { code: "drop_already_live" } });
  });
});

describe("publications", () => {
  test("are as many as the record has room for, a repeat is none, and the line can still be paused", () => {
    const world = new LineWorld();
    for (let number = 1; number <= LIMITS.linePublicationsMax; number += 1)
      expect(publish(world, number).ok).toBe(true);
    expect(publish(world, 1_000)).toMatchObject({ refusal: { code: "invalid_request" } });
    expect(publish(world, LIMITS.linePublicationsMax).ok).toBe(true);
    expect(world.head.notes).toHaveLength(LIMITS.linePublicationsMax);
    expect(world.line.command({ commandId: "pause", act: { kind: "pause" } }).ok).toBe(true);
  });
});

describe("the log", () => {
  test("that is folded already is not written again by the next tick", async () => {
    const world = new LineWorld();
    world.publish();
    world.join([1]);
    world.join([2]);
    await world.tick();
    const written = () =>
      world.storage.sql.exec<{ rows: number }>("SELECT total_changes() AS rows").one().rows;
    const before = written();
    await world.line.alarm();
    // The pace alone.
    expect(written() - before).toBe(1);
  });
});
