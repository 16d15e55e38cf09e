import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { ok } from "../../schema/result.ts";
import { createCombiner } from "../../workers/combine.ts";
import { open } from "./combining.ts";
import { FakeClock, fakeLifetime, settle } from "./edge-clock.ts";

describe("requests that arrive together", () => {
  test("those of one turn go at once and together; those who come meanwhile go with the next", async () => {
    const { calls, submit, end, clock } = open();
    const sent = [1, 2].map((item) => submit(item));
    await settle();
    expect(calls.map(({ items }) => items)).toEqual([[1, 2]]);
    sent.push(submit(3), submit(4));
    await settle();
    expect(calls.length).toBe(1);
    await end();
    expect(calls.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    await end();
    expect(sent.map(({ outcome }) => outcome.value)).toEqual([10, 20, 30, 40]);
    expect(clock.pending).toBe(0);
  });

  test("no call carries more than the batch allows", async () => {
    const { calls, submit, end } = open(3);
    const sent = Array.from({ length: 8 }, (_, item) => submit(item));
    await settle();
    for (let call = 0; call < 3; call++) await end();
    expect(calls.map(({ items }) => items.length)).toEqual([3, 3, 2]);
    expect(sent.every(({ outcome }, item) => outcome.value === item * 10)).toBe(true);
  });

  test("lanes do not wait for each other, and an emptied lane starts anew", async () => {
    const { calls, submit, end } = open();
    submit(1, "a");
    submit(2, "b");
    await settle();
    expect(calls.map(({ lane }) => lane)).toEqual(["a", "b"]);
    for (const call of calls) call.finish();
    await settle();
    const third = submit(3, "a");
    await settle();
    expect(calls.length).toBe(3);
    await end();
    expect(third.outcome.value).toBe(30);
  });

  test("every participant keeps its own context alive until it is answered", async () => {
    const { submit, end } = open(1);
    const sent = [submit(1), submit(2)];
    await settle();
    for (const { lifetime } of sent) expect(lifetime.works.length).toBeGreaterThan(0);
    await end();
    await end();
    await Promise.all(sent.flatMap(({ lifetime }) => lifetime.works));
  });
});

describe("a call that fails", () => {
  test.each([
    ["refuse", "unavailable"],
    ["throw", "threw"],
  ] as const)("by %s fails its own batch alone", async (how, told) => {
    const { submit, end } = open();
    const first = submit(1);
    await settle();
    const [second, third] = [submit(2), submit(3)];
    await end(how);
    const fourth = submit(4);
    await end();
    await end();
    // Who submitted is told what was thrown, and nobody else: to the runtime it is no error of the request.
    await Promise.all(first.lifetime.works);
    expect(first.outcome.value).toBe(told);
    expect([second.outcome.value, third.outcome.value, fourth.outcome.value]).toEqual([20, 30, 40]);
  });

  test("with too few answers is a broken invariant, not somebody else's answer", async () => {
    const clock = new FakeClock(0);
    const combiner = createCombiner<string, number, number>({
      clock,
      laneOf: (lane) => lane,
      batchMax: 9,
      call: async (_lane, items) => ok(items.slice(1)),
    });
    await expect(combiner.submit("a", 1, fakeLifetime())).rejects.toThrow();
  });
});

describe("a follower", () => {
  test("who is answered at the very moment of its time limit has its answer", async () => {
    const { calls, submit, clock } = open(1);
    const { outcome } = submit(1);
    await clock.advance(LIMITS.combineFollowerMs - 1);
    calls[0]?.finish();
    queueMicrotask(() => clock.leap(1));
    await settle();
    expect(outcome.value).toBe(10);
  });

  test("who hears nothing is told to come again, and its item is not sent later", async () => {
    const { calls, submit, end, clock } = open(1);
    const stuck = submit(1);
    const waiting = submit(2);
    await clock.advance(LIMITS.combineFollowerMs - 1);
    expect(waiting.outcome.value).toBeUndefined();
    await clock.advance(1);
    expect([stuck.outcome.value, waiting.outcome.value]).toEqual(["unavailable", "unavailable"]);
    await end();
    submit(3);
    await settle();
    expect(calls.map(({ items }) => items)).toEqual([[1], [3]]);
  });

  test("beyond what a lane may hold is refused at once", async () => {
    const { submit } = open();
    const inside = Array.from({ length: LIMITS.laneWaitingMax }, (_, item) => submit(item));
    const beyond = submit(1);
    await settle();
    expect(inside.at(-1)?.outcome.value).toBeUndefined();
    expect(beyond.outcome.value).toBe("unavailable");
  });
});

test("at any interleaving everybody gets exactly one outcome, and nobody else's", async () => {
  const act = fc.oneof(
    { weight: 5, arbitrary: fc.constant("submit" as const) },
    { weight: 3, arbitrary: fc.constant("finish" as const) },
    { weight: 1, arbitrary: fc.constantFrom("refuse" as const, "throw" as const) },
    { weight: 2, arbitrary: fc.constant("settle" as const) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 9_000 }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
      const { calls, submit, clock } = open(2);
      const sent: { item: number; outcome: { value?: unknown } }[] = [];
      let ended = 0;
      for (const step of acts) {
        if (step === "submit") sent.push({ item: sent.length, outcome: submit(sent.length).outcome });
        else if (step === "settle") await settle(1);
        else if (typeof step === "number") await clock.advance(step);
        else calls[ended++]?.[step]();
      }
      for (let round = 0; round <= sent.length + 1; round++) {
        for (const call of calls) call.finish();
        await settle(2);
      }
      for (const { item, outcome } of sent)
        expect([item * 10, "unavailable", "threw"]).toContain(outcome.value);
      const carried = calls.flatMap(({ items }) => items);
      expect(new Set(carried).size).toBe(carried.length);
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 150 },
  );
});
