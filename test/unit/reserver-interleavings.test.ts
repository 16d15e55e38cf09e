import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { ReservationId } from "../../schema/ids.ts";
import { anItem, aWorld, codeOf, type Fate } from "./reserver-world.ts";
import { reservationId } from "./sku-stock-fakes.ts";

vi.spyOn(console, "error").mockImplementation(() => {});

describe("at every interleaving", () => {
  const request = fc.record({
    key: fc.integer({ min: 1, max: 3 }),
    letters: fc.constantFrom("a", "ab", "bc", "abc", "ac"),
  });
  const play = async (
    scheduler: fc.Scheduler,
    requests: { key: number; letters: string }[],
    fates: Fate[],
  ) => {
    const world = aWorld({
      pace: (label) => scheduler.schedule(Promise.resolve(), label),
      fate: () => fates.shift() ?? "fine",
    });
    const { reserver } = world;
    const answers: { key: number; letters: string; code: string | undefined }[] = [];
    const done = Promise.all(
      requests.map(async ({ key, letters }, nth) => {
        await scheduler.schedule(Promise.resolve(), `click ${nth}`);
        const [answer] = await reserver.reserve([anItem(key, letters)]);
        answers.push({ key, letters, code: codeOf(answer) });
      }),
    );
    await scheduler.waitFor(done);
    await scheduler.waitIdle();
    return { ...world, answers };
  };
  const bodiesOf = (answers: { key: number; letters: string; code: string | undefined }[], key: number) =>
    new Set(answers.filter((one) => one.key === key && one.code === "ok").map(({ letters }) => letters));

  test("clicks, repeats and other bodies make one basket a key, whole or not at all, and lose no unit", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(request, { minLength: 1, maxLength: 6 }),
        async (scheduler, requests) => {
          const { answers, held, skus } = await play(scheduler, requests, []);
          const expected: Record<string, number[]> = { a: [], b: [], c: [] };
          for (const key of [1, 2, 3]) {
            const bodies = bodiesOf(answers, key);
            expect(bodies.size).toBeLessThanOrEqual(1);
            for (const letter of [...bodies].join("")) expected[letter]?.push(key);
          }
          for (const [letter, keys] of Object.entries(held()))
            expect(keys.toSorted()).toEqual(expected[letter]);
          for (const { counts } of skus.values())
            expect(counts.available + counts.reserved).toBe(counts.stock);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("two baskets that want the same last units never leave both with nothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.constantFrom("ab", "abc"), async (scheduler, letters) => {
        const requests = [1, 2].map((key) => ({ key, letters }));
        const { answers } = await play(scheduler, requests, []);
        expect(answers.map(({ code }) => code).toSorted()).toEqual(["all_reserved", "ok"]);
      }),
      { numRuns: 200 },
    );
  });

  test("with calls that fail, are slow, or lose their answer: nothing is held past its deadline, slow ones leave nothing", async () => {
    const fate = fc.constantFrom<Fate>("fine", "fine", "fine", "fails", "answer_lost", "slow");
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(request, { minLength: 1, maxLength: 6 }),
        fc.array(fate, { maxLength: 30 }),
        async (scheduler, requests, fates) => {
          const remaining = [...fates];
          const isLossless = !fates.includes("answer_lost");
          const hasFailed = fates.includes("fails");
          const { answers, held, skus, store, restarted } = await play(scheduler, requests, remaining);
          for (const key of [1, 2, 3]) {
            const noted = store.reservation(reservationId(key) as ReservationId);
            const letters = [...bodiesOf(answers, key)];
            expect(letters.length).toBeLessThanOrEqual(1);
            for (const letter of letters.join("")) expect(held()[letter]).toContain(key);
            if (letters.length > 0) expect(noted).not.toBeNull();
            // What nobody was told of is there only because an answer, or a way back, was lost.
            const isHeld = Object.values(held()).some((keys) => keys.includes(key));
            if (isLossless && !hasFailed && !noted) expect(isHeld).toBe(false);
          }
          for (const { counts } of skus.values())
            expect(counts.available + counts.reserved).toBe(counts.stock);
          remaining.length = 0;
          // The same key and body again, at a shop that answers: the basket, or a refusal with nothing held for it.
          for (const { key, letters } of requests) {
            const again = restarted().reserve([anItem(key, letters)]);
            await scheduler.waitFor(again);
            const code = codeOf((await again)[0]);
            if (code === "ok") for (const letter of letters) expect(held()[letter]).toContain(key);
            else expect(["all_reserved", "idempotency_key_reused"]).toContain(code);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
