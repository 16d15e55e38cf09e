import { describe, expect, test, vi } from "vitest";
import type { SkuId } from "../../schema/ids.ts";
import { LAST_STEP } from "../../schema/limit-guard.ts";
import { LIMITS } from "../../schema/limits.ts";
import { ok } from "../../schema/result.ts";
import { anItem, aWorld, codeOf, type Fate, TTL_MS } from "./reserver-world.ts";
import { reservationId, reserveItem, shopperId, terms } from "./sku-stock-fakes.ts";

vi.spyOn(console, "error").mockImplementation(() => {});

describe("giving back", () => {
  test("frees all lines and the claim; its repeat is the same, and its key is not used again", async () => {
    const { reserver, giveBack, held, claims } = aWorld();
    await reserver.reserve([anItem(1, "ab", { unitsPerShopper: 2 })]);
    expect(claims.size).toBe(1);
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await giveBack(1)).toEqual([ok(null)]);
      expect(held()).toEqual({ a: [], b: [], c: [] });
      expect(claims.size).toBe(0);
    }
    expect((await reserver.reserve([anItem(1, "ab")])).map(codeOf)).toEqual(["reservation_given_back"]);
  });

  test("is refused to others, and once an order has the basket", async () => {
    const { reserver, giveBack, skus, held } = aWorld();
    await reserver.reserve([anItem(1, "ab")]);
    expect(await giveBack(1, 2)).toMatchObject([{ refusal: { code: "reservation_not_found" } }]);
    expect(await giveBack(7)).toMatchObject([{ refusal: { code: "reservation_not_found" } }]);
    const pin = {
      reservationId: reservationId(1),
      shopperId: shopperId(1),
      orderId: "ord" as never,
      step: 1,
    };
    skus.get("sku-a" as SkuId)?.pin(pin);
    expect(await giveBack(1)).toMatchObject([{ refusal: { code: "reservation_taken" } }]);
    expect(held()).toMatchObject({ a: [1], b: [1] });
    expect((await reserver.reserve([anItem(1, "ab")])).map(codeOf)).not.toContain("reservation_given_back");
  });

  test("of which a line does not answer is unavailable, keeps the claim, and is completed by its repeat", async () => {
    const fates: Fate[] = [];
    const { reserver, giveBack, held, claims } = aWorld({ fate: () => fates.shift() ?? "fine" });
    await reserver.reserve([anItem(1, "ab", { unitsPerShopper: 2 })]);
    fates.push("fine", "fine", "fails");
    expect(await giveBack(1)).toMatchObject([{ refusal: { code: "unavailable" } }]);
    expect(held()).toEqual({ a: [], b: [1], c: [] });
    expect(claims.size).toBe(1);
    expect(await giveBack(1)).toEqual([ok(null)]);
    expect([held().b, claims.size]).toEqual([[], 0]);
  });
});

describe("the limit of a drop", () => {
  const OF_TWO = { identity: "mail:one", unitsPerShopper: 2 };

  test("is claimed before units are asked for, over all SKUs, and refused without a call to them", async () => {
    const { reserver, calls } = aWorld({ stock: 5 });
    expect((await reserver.reserve([anItem(1, "ab", OF_TWO)])).map(codeOf)).toEqual(["ok"]);
    expect(calls.map(({ act }) => act)).toEqual(["claim", "reserve", "reserve"]);
    expect((await reserver.reserve([anItem(2, "c", OF_TWO)])).map(codeOf)).toEqual(["shopper_limit_reached"]);
    expect(calls.at(-1)).toMatchObject({ act: "claim" });
  });

  test("is free again when the basket was refused, and its repeat claims nothing more", async () => {
    const { reserver, skus, claims, calls } = aWorld();
    skus.get("sku-b" as SkuId)?.reserve(reserveItem(9));
    expect((await reserver.reserve([anItem(1, "ab", OF_TWO)])).map(codeOf)).toEqual(["all_reserved"]);
    expect(claims.size).toBe(0);
    await reserver.reserve([anItem(2, "ac", OF_TWO)]);
    const before = calls.length;
    expect((await reserver.reserve([anItem(2, "ac", OF_TWO)])).map(codeOf)).toEqual(["ok"]);
    expect(calls.slice(before).map(({ act }) => act)).toEqual(["reserve", "reserve"]);
  });
});

describe("the claim of a basket", () => {
  const OF_TWO = { identity: "mail:one", unitsPerShopper: 2 };

  test("and its give-back have one number, and the next try of the key a higher one, in the same millisecond too", async () => {
    const { reserver, skus, asked, store } = aWorld();
    skus.get("sku-b" as SkuId)?.reserve(reserveItem(9));
    for (let nth = 0; nth < 2; nth += 1)
      expect((await reserver.reserve([anItem(1, "ab", OF_TWO)])).map(codeOf)).toEqual(["all_reserved"]);
    const [one, oneBack, two, twoBack] = asked.map(({ step }) => step);
    expect([oneBack, twoBack]).toEqual([one, two]);
    expect(two).toBeGreaterThan(one ?? 0);
    await reserver.reserve([anItem(1, "a", OF_TWO)]);
    const last = asked.at(-1)?.step ?? 0;
    expect(last).toBeGreaterThan(two ?? 0);
    const untilMs = terms().opensAtMs + TTL_MS + LIMITS.claimSlackMs;
    expect(store.reservation(reservationId(1))?.claim).toMatchObject({ made: { step: last, untilMs } });
  });

  test("that a later one overtook is no answer to the shopper: nothing is asked for, and the same key again tells", async () => {
    const { reserver, calls } = aWorld({ overtakenBy: 9_999_999_999_999 });
    expect(await reserver.reserve([anItem(1, "a", OF_TWO)])).toMatchObject([
      { ok: false, refusal: { code: "unavailable", retryAfterMs: LIMITS.orderPollMs } },
    ]);
    expect(calls.map(({ act }) => act)).toEqual(["claim"]);
  });

  test("is given back with the basket above every number that there is", async () => {
    const { reserver, giveBack, asked } = aWorld();
    await reserver.reserve([anItem(1, "a", OF_TWO)]);
    await giveBack(1);
    expect(asked.at(-1)).toEqual({ claimId: reservationId(1), step: LAST_STEP });
  });
});
