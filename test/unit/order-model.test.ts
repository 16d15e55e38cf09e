import fc from "fast-check";
import { describe, test, vi } from "vitest";
import type { Act } from "./order-acts.ts";
import type { Mood } from "./order-gateway.ts";
import { World } from "./order-world.ts";

// The driver logs each failed call as a line; here thousands fail on purpose.
vi.spyOn(console, "error").mockImplementation(() => {});

const CASES = Number(process.env.MODEL_CASES ?? 800);

const mood = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Mood>("fine") },
  { weight: 2, arbitrary: fc.constant<Mood>("decline") },
  { weight: 2, arbitrary: fc.constant<Mood>("dead") },
);
const pick = fc.nat({ max: 40 });
const parcel = (act: "deliver" | "duplicate" | "lose" | "detach") =>
  fc.record({ act: fc.constant(act), pick, mood });
const deed = (act: "reserve" | "give_back" | "place" | "rival" | "pay" | "forfeit" | "ghost") =>
  fc.record({ act: fc.constant(act), pick });

const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 30, arbitrary: parcel("deliver") },
  { weight: 3, arbitrary: parcel("duplicate") },
  { weight: 4, arbitrary: parcel("lose") },
  { weight: 3, arbitrary: parcel("detach") },
  { weight: 5, arbitrary: deed("reserve") },
  { weight: 6, arbitrary: deed("place") },
  { weight: 2, arbitrary: deed("rival") },
  { weight: 1, arbitrary: deed("give_back") },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant("cancel" as const),
      pick,
      by: fc.constantFrom("shopper" as const, "brand" as const),
      restock: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constant("refund" as const),
      pick,
      amountMinor: fc.constantFrom(null, 1, 6_450, 12_900),
      units: fc.nat({ max: 2 }),
      restock: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant("ship" as const), pick, isWhole: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant("return" as const),
      pick,
      line: fc.nat({ max: 2 }),
      isResellable: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("again" as const), pick }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("late" as const), pick }) },
  { weight: 3, arbitrary: deed("pay") },
  { weight: 1, arbitrary: deed("forfeit") },
  { weight: 2, arbitrary: deed("ghost") },
  {
    weight: 12,
    arbitrary: fc.record({ act: fc.constant("flow" as const), count: fc.integer({ min: 1, max: 8 }) }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("outage" as const), isOn: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant("advance" as const),
      ms: fc.constantFrom(1, 300, 2_500, 10_000, 30_000, 60_000, 121_000),
    }),
  },
  { weight: 3, arbitrary: fc.constant<Act>({ act: "crash" }) },
  { weight: 8, arbitrary: fc.constant<Act>({ act: "alarm" }) },
);

const DELIVER: Act = { act: "deliver", pick: 0, mood: "fine" };

describe("in any history of faults", () => {
  test("stock is exact, money is taken once and for a unit, and every order ends", {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(acts, { minLength: 20, maxLength: 120, size: "max" }), async (history) => {
        const world = new World({ baskets: true, limits: true });
        for (const pick of [0, 1, 2, 3]) {
          await world.play({ act: "reserve", pick });
          // The most that a basket takes: a call and its answer for its claim and each of three lines.
          if (pick < 3) for (let turn = 0; turn < 8; turn += 1) await world.play(DELIVER);
          await world.play({ act: "place", pick });
        }
        try {
          for (const act of history) await world.play(act);
          world.note("-- faults off --");
          await world.drain();
          world.checkAtRest();
        } catch (error) {
          throw new Error(`${String(error)}\n${world.journal.join("\n")}`, { cause: error });
        }
      }),
      { numRuns: CASES },
    );
  });
});
