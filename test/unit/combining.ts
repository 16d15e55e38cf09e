import { ok } from "../../schema/result.ts";
import { type Answered, createCombiner, unavailable } from "../../workers/combine.ts";
import { FakeClock, fakeLifetime, settle } from "./edge-clock.ts";

type Call = { lane: string; items: number[]; finish(): void; refuse(): void; throw(): void };

/** A combiner whose calls stay under way until the test ends them; the answer to an item is its tenfold. */
export function open(batchMax = 3) {
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

/** Whether its own context still works for somebody. */
export async function isKeptAlive({
  lifetime,
}: {
  lifetime: { works: Promise<unknown>[] };
}): Promise<boolean> {
  const ended = Promise.all(lifetime.works).then(() => false);
  await settle();
  return Promise.race([ended, Promise.resolve().then(() => true)]);
}
