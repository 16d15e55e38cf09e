import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { isKeptAlive, open } from "./combining.ts";
import { settle } from "./edge-clock.ts";

describe("a follower", () => {
  test("leads once the leader has led long enough, though its client has left", async () => {
    const { calls, submit, end, clock } = open();
    const leader = submit(1);
    await settle();
    const heir = submit(2);
    const third = submit(3);
    await clock.advance(LIMITS.combineLeadMs);
    await end();
    expect(leader.outcome.value).toBe(10);
    await Promise.all(leader.lifetime.works);
    expect(calls.length).toBe(2);
    // Nobody awaits the heir's answer any more: its own context, kept alive, still carries the others.
    await end();
    await Promise.all(heir.lifetime.works);
    expect(third.outcome.value).toBe(30);
  });

  test("has a leader whose context is kept alive for it, the first as well as one that was promoted", async () => {
    const { submit, end, clock } = open(1);
    const [leader, heir] = [submit(1), submit(2)];
    await settle();
    await end();
    expect([leader.outcome.value, await isKeptAlive(leader)]).toEqual([10, true]);
    const later = [submit(3), submit(4)];
    await clock.advance(LIMITS.combineLeadMs);
    await end();
    expect([heir.outcome.value, await isKeptAlive(leader)]).toEqual([20, false]);
    await end();
    expect([later[0]?.outcome.value, await isKeptAlive(later[0] as typeof heir)]).toEqual([30, true]);
    await end();
    expect(await isKeptAlive(later[0] as typeof heir)).toBe(false);
  });

  test("who is asked to lead at the very moment of its time limit leads for the others", async () => {
    const { calls, submit, end, clock } = open(1);
    submit(1);
    const heir = submit(2);
    await clock.advance(LIMITS.combineLeadMs);
    const third = submit(3);
    await clock.advance(LIMITS.combineFollowerMs - LIMITS.combineLeadMs - 1);
    const turn = Promise.withResolvers<void>();
    clock.stopped = turn.promise;
    await end();
    clock.stopped = null;
    turn.resolve();
    queueMicrotask(() => clock.leap(1));
    await settle();
    expect([heir.outcome.value, calls.map(({ items }) => items)]).toEqual(["unavailable", [[1], [3]]]);
    await end();
    expect(third.outcome.value).toBe(30);
    expect(clock.pending).toBe(0);
  });

  test("leads once when asked once: its own time limit starts no call beside the one under way", async () => {
    const { calls, submit, end, clock } = open(1);
    submit(1);
    const heir = submit(2);
    await clock.advance(LIMITS.combineLeadMs);
    await end();
    const third = submit(3);
    await clock.advance(LIMITS.combineFollowerMs - LIMITS.combineLeadMs);
    expect([heir.outcome.value, calls.map(({ items }) => items)]).toEqual(["unavailable", [[1], [2]]]);
    await end();
    await end();
    expect(third.outcome.value).toBe(30);
  });

  test("is not stranded by a leader that died: the next arrival takes over", async () => {
    const { calls, submit, end, clock } = open();
    submit(1);
    await clock.advance(LIMITS.leaderSilentMs - 1);
    const waiting = submit(2);
    await clock.advance(2);
    const next = submit(3);
    await settle();
    const later = submit(4);
    expect(calls.map(({ items }) => items)).toEqual([[1], [2, 3]]);
    // The one that was taken for dead comes back: it answers its own batch and leads no further.
    calls[0]?.finish();
    await settle();
    expect(calls.length).toBe(2);
    await end();
    expect([waiting.outcome.value, next.outcome.value]).toEqual([20, 30]);
    await end();
    expect(later.outcome.value).toBe(40);
  });

  test("is led by its leader as long as that one calls, however long it has led", async () => {
    const { calls, submit, end, clock } = open(1);
    submit(1);
    submit(2);
    await clock.advance(LIMITS.combineLeadMs - 1);
    await end();
    await clock.advance(LIMITS.leaderSilentMs - LIMITS.combineLeadMs + 2);
    submit(3);
    await settle();
    expect(calls.map(({ items }) => items)).toEqual([[1], [2]]);
  });

  test("alone in its lane goes on leading when its first turn took all its time", async () => {
    const { calls, submit, end, clock } = open();
    const turn = Promise.withResolvers<void>();
    clock.stopped = turn.promise;
    const { outcome } = submit(1);
    clock.stopped = null;
    await clock.advance(LIMITS.combineLeadMs);
    turn.resolve();
    await settle();
    expect(calls.map(({ items }) => items)).toEqual([[1]]);
    await end();
    expect(outcome.value).toBe(10);
  });

  test("in a full lane is not stranded either: who is refused for want of room takes over from a leader that died", async () => {
    const { calls, submit, end, clock } = open();
    submit(0);
    await settle();
    await clock.advance(LIMITS.combineLeadMs);
    const waiting = Array.from({ length: LIMITS.laneWaitingMax }, (_, item) => submit(item + 1));
    await clock.advance(LIMITS.leaderSilentMs - LIMITS.combineLeadMs + 1);
    const beyond = submit(-1);
    await settle();
    expect([beyond.outcome.value, calls.at(-1)?.items]).toEqual(["unavailable", [1, 2, 3]]);
    await end();
    expect([waiting[0]?.outcome.value, await isKeptAlive(beyond)]).toEqual([10, true]);
  });

  test("is led by one at a time: a leader that was replaced during its turn does nothing more", async () => {
    const { calls, submit, end, clock } = open(1);
    const turn = Promise.withResolvers<void>();
    clock.stopped = turn.promise;
    submit(1);
    clock.stopped = null;
    await clock.advance(LIMITS.leaderSilentMs + 1);
    const sent = [submit(2), submit(3)];
    await settle();
    expect(calls.map(({ items }) => items)).toEqual([[1]]);
    turn.resolve();
    await settle();
    expect(calls.map(({ items }) => items)).toEqual([[1]]);
    await end();
    await end();
    await end();
    expect(sent.map(({ outcome }) => outcome.value)).toEqual([20, 30]);
    expect(calls.length).toBe(3);
  });
});
