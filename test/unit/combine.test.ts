import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { ok } from "../../schema/result.ts";
import { type Answered, createCombiner, unavailable } from "../../workers/combine.ts";
import { FakeClock, fakeLifetime, settle } from "./edge-clock.ts";

type Call = { lane: string; items: number[]; finish(): void; refuse(): void; throw(): void };

/** A combiner whose calls stay under way until the test ends them; the answer to an item is its tenfold. */
function open(batchMax = 3) {
  const clock = new FakeClock(0);
  const calls: Call[] = [];
  const combiner = createCombiner<string, number, number>({
    clock,
    laneOf: (lane) => lane,
    batchMax,
    call: (lane, items) =>
      new Promise<Answered<number[]>>((resolve, reject) => {
        calls.push({
          lane,
          items,
          finish: () => resolve(ok(items.map((item) => item * 10))),
          refuse: () => resolve(unavailable()),
          throw: () => reject(new Error("broken")),
        });
      }),
  });
  const submit = (item: number, lane = "a") => {
    const lifetime = fakeLifetime();
    const outcome: { value?: unknown } = {};
    combiner.submit(lane, item, lifetime).then(
      (answered) => {
        outcome.value = answered.ok ? answered.value : answered.refusal.code;
      },
      () => {
        outcome.value = "threw";
      },
    );
    return { outcome, lifetime };
  };
  const end = async (how: "finish" | "refuse" | "throw" = "finish") => {
    calls.at(-1)?.[how]();
    await settle();
  };
  return { clock, calls, submit, end };
}

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

  test("beyond what a lane may hold is refused at once", async () => {
    const { submit } = open();
    const inside = Array.from({ length: LIMITS.laneWaitingMax }, (_, item) => submit(item));
    const beyond = submit(1);
    await settle();
    expect(inside.at(-1)?.outcome.value).toBeUndefined();
    expect(beyond.outcome.value).toBe("unavailable");
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
