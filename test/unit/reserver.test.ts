import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { migrate } from "../../durable-objects/migrate.ts";
import { changeBaskets } from "../../durable-objects/order-coordinator/change.ts";
import { giveBackBaskets, giveBackInTurn } from "../../durable-objects/order-coordinator/give-back.ts";
import type { InTime } from "../../durable-objects/order-coordinator/in-time.ts";
import { MIGRATIONS } from "../../durable-objects/order-coordinator/migrations.ts";
import { Reserver } from "../../durable-objects/order-coordinator/reserve.ts";
import { OrderStore } from "../../durable-objects/order-coordinator/store.ts";
import type { DropId, ReservationId, SkuId } from "../../schema/ids.ts";
import type {
  LimitClaim,
  LimitClaimAnswer,
  LimitReturn,
  LimitReturnAnswer,
} from "../../schema/limit-guard.ts";
import { LAST_STEP } from "../../schema/limit-guard.ts";
import { LIMITS } from "../../schema/limits.ts";
import { ok, refuse } from "../../schema/result.ts";
import type {
  BasketAnswer,
  ChangeBasketAnswer,
  GiveBackItem,
  KeyedReserveItem,
  ReserveAnswer,
  ReserveItem,
} from "../../schema/rpc.ts";
import { memoryStorage } from "./order-storage.ts";
import {
  bench,
  fingerprint,
  full,
  reservationId,
  reserveItem,
  shopperId,
  terms,
  ticketId,
} from "./sku-stock-fakes.ts";

vi.spyOn(console, "error").mockImplementation(() => {});

const DROP = "a-drop" as DropId;
const TTL_MS = 60_000;
type Fate = "fine" | "fails" | "answer_lost" | "slow";

/** A basket; its body follows from its lines, as at the edge. */
function anItem(key: number, letters: string, over: Partial<KeyedReserveItem> = {}): KeyedReserveItem {
  return {
    reservationId: reservationId(key),
    fingerprint: fingerprint(Number.parseInt(letters, 36)),
    dropId: DROP,
    shopperId: shopperId(key),
    ticketId: ticketId(key),
    lines: [...letters].map((letter) => ({ skuId: `sku-${letter}` as SkuId, quantity: 1 })),
    identity: `session:${shopperId(key)}`,
    unitsPerShopper: null,
    reservationTtlMs: TTL_MS,
    ...over,
  };
}

/**
 * The reserver over real decisions and a real table, with objects that are reached by calls. `pace` holds up each way there
 * and back; `fate` says what becomes of the next call.
 */
function aWorld({
  stock = 1,
  pace = async () => {},
  fate = () => "fine",
  overtakenBy = null,
}: {
  stock?: number;
  pace?: (label: string) => Promise<void>;
  fate?: () => Fate;
  overtakenBy?: number | null;
} = {}) {
  const skus = new Map(
    ["a", "b", "c"].map((letter) => {
      const skuId = `sku-${letter}` as SkuId;
      return [skuId, bench(full(stock), terms({ skuId, stock, reservationTtlMs: TTL_MS }))] as const;
    }),
  );
  const calls: { act: string; at: string; items: number }[] = [];
  const claims = new Map<string, number>();
  const asked: { claimId: string; step: number }[] = [];
  const storage = memoryStorage();
  migrate(storage, MIGRATIONS);
  const store = new OrderStore(storage);
  const skuOf = (skuId: SkuId) => skus.get(skuId);

  const call = async <Item, Answer>(act: string, at: string, items: Item[], run: (item: Item) => Answer) => {
    calls.push({ act, at, items: items.length });
    const is = fate();
    await pace(`${act} to ${at}`);
    if (is === "fails") throw new Error("reset");
    const answers = items.map(run);
    await pace(`${act} from ${at}`);
    if (is === "answer_lost") throw new Error("reset");
    return answers;
  };
  const inTime: InTime = async (work, patienceMs) => {
    if (patienceMs !== LIMITS.skuCallTimeoutMs || fate() !== "slow") return work;
    // As in a race: what is not waited for any more may still fail.
    work.catch(() => {});
    await pace("patience");
    throw new Error("late");
  };
  const deps = {
    store,
    sku: (_: DropId, skuId: SkuId) => ({
      key: skuId,
      api: {
        reserve: (items: ReserveItem[]) =>
          call("reserve", skuId, items, (item): ReserveAnswer => {
            const sku = skuOf(skuId);
            if (!sku) return refuse({ code: "sku_not_found" });
            const said = sku.reserve(item);
            const row = sku.rows.get(item.reservationId);
            return row && (said === "reserve" || said === "held again")
              ? ok(row)
              : refuse({ code: said as "sold_out" });
          }),
        giveBack: (items: GiveBackItem[]) =>
          call("give_back", skuId, items, (item) => skuOf(skuId)?.giveBack(item) ?? ok(null)),
      },
    }),
    limits: () => ({
      key: "limit",
      api: {
        claim: (items: LimitClaim[]) =>
          call("claim", "limit", items, ({ identity, claimId, step, units, max }): LimitClaimAnswer => {
            asked.push({ claimId, step });
            if (overtakenBy !== null)
              return { ok: false, refusal: { code: "request_in_progress", step: overtakenBy } };
            const others = [...claims].filter(([name]) => name !== `${identity} ${claimId}`);
            const taken = others.reduce(
              (sum, [name, held]) => sum + (name.startsWith(identity) ? held : 0),
              0,
            );
            if (taken + units > max) return refuse({ code: "shopper_limit_reached" });
            claims.set(`${identity} ${claimId}`, units);
            return ok({ units });
          }),
        giveBack: (items: LimitReturn[]) =>
          call("unclaim", "limit", items, ({ identity, claimId, step }): LimitReturnAnswer => {
            claims.delete(`${identity} ${claimId}`);
            asked.push({ claimId, step });
            return ok(null);
          }),
      },
    }),
    inTime,
    nowMs: () => terms().opensAtMs,
  };
  /** The keys that hold something at each SKU. */
  const held = () =>
    [...skus].map(([skuId, sku]) => [
      skuId.at(-1),
      [...sku.rows.values()].map((row) => Number(row.reservationId.at(-1))),
    ]);
  return {
    skus,
    calls,
    claims,
    asked,
    store,
    held: () => Object.fromEntries(held()) as Record<string, number[]>,
    trip: deps,
    reserver: new Reserver(deps),
    restarted: () => new Reserver(deps),
    giveBack: (key: number, shopper = key) =>
      giveBackBaskets(deps, [
        { reservationId: reservationId(key), dropId: DROP, shopperId: shopperId(shopper) },
      ]),
  };
}

const reused = refuse({ code: "idempotency_key_reused" });
const codeOf = (answer: BasketAnswer | undefined) => (answer?.ok ? "ok" : answer?.refusal.code);
const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
};

describe("a basket", () => {
  test("is reserved line by line, in the order of its SKUs, at their prices, until the first deadline", async () => {
    const { reserver, calls, held, store } = aWorld();
    const [answer] = await reserver.reserve([anItem(1, "cab")]);
    expect(answer).toMatchObject({
      ok: true,
      value: {
        lines: [{ skuId: "sku-a", quantity: 1, totalMinor: 12_900 }, { skuId: "sku-b" }, { skuId: "sku-c" }],
        subtotalMinor: 3 * 12_900,
        deadlineAtMs: terms().opensAtMs + TTL_MS,
      },
    });
    expect(calls.map(({ at }) => at)).toEqual(["sku-a", "sku-b", "sku-c"]);
    expect(held()).toEqual({ a: [1], b: [1], c: [1] });
    expect(store.reservation(reservationId(1))?.lines.map(({ skuId }) => skuId)).toEqual([
      "sku-a",
      "sku-b",
      "sku-c",
    ]);
  });

  test("is not begun while its drop is paused, and leaves its key free; one that is there is told as it was", async () => {
    const { reserver, calls, restarted } = aWorld();
    const paused = { isPaused: true };
    const [refused] = await reserver.reserve([anItem(1, "ab", paused)]);
    expect(refused).toMatchObject({ ok: false, refusal: { code: "drop_paused" } });
    expect(calls).toEqual([]);
    const [first] = await reserver.reserve([anItem(1, "ab")]);
    expect(first?.ok).toBe(true);
    expect(await reserver.reserve([anItem(1, "ab", paused)])).toEqual([first]);
    expect(await restarted().reserve([anItem(1, "ab", paused)])).toEqual([first]);
  });

  test.each([
    ["b", { a: [], b: [9], c: [] }],
    ["c", { a: [], b: [], c: [9] }],
  ])("of which %s is gone holds nothing, says so, and its key is free for another", async (letter, left) => {
    const { reserver, held, skus } = aWorld();
    skus.get(`sku-${letter}` as SkuId)?.reserve(reserveItem(9));
    const [answer] = await reserver.reserve([anItem(1, "abc")]);
    expect(answer).toMatchObject({
      ok: false,
      refusal: { code: "all_reserved", skuId: `sku-${letter}`, detail: expect.stringContaining(letter) },
    });
    expect(held()).toEqual(left);
    expect(await reserver.reserve([anItem(1, "a")])).toMatchObject([{ ok: true }]);
    expect(held().a).toEqual([1]);
  });

  test("that costs more than an order can is given back", async () => {
    const { reserver, held, skus } = aWorld();
    for (const [skuId, sku] of skus) {
      const dear = bench(full(1), terms({ skuId, unitPriceMinor: LIMITS.amountMinorMax as never }));
      sku.reserve = dear.reserve;
      Object.assign(sku, { rows: dear.rows, giveBack: dear.giveBack });
    }
    expect((await reserver.reserve([anItem(1, "ab")])).map(codeOf)).toEqual(["basket_total_too_large"]);
    expect(held()).toEqual({ a: [], b: [], c: [] });
  });

  test("shares its calls with the others that need the same SKUs next; one of a single line takes one call", async () => {
    const { reserver, calls } = aWorld({ stock: 5 });
    const items = [anItem(1, "ab"), anItem(2, "ab"), anItem(3, "a"), anItem(4, "bc")];
    expect((await reserver.reserve(items)).map(codeOf)).toEqual(["ok", "ok", "ok", "ok"]);
    expect(calls).toEqual([
      { act: "reserve", at: "sku-a", items: 3 },
      { act: "reserve", at: "sku-b", items: 1 },
      { act: "reserve", at: "sku-b", items: 2 },
      { act: "reserve", at: "sku-c", items: 1 },
    ]);
  });
});

describe("a SKU that does not answer", () => {
  test("costs its own baskets their lines, and no other basket anything", async () => {
    const fates: Fate[] = [];
    const { reserver, held } = aWorld({ stock: 5, fate: () => fates.shift() ?? "fine" });
    // Each call asks for two: its own, and that of the patience with it.
    fates.push("fine", "fine", "fine", "fine", "fails");
    const [slow, other] = await reserver.reserve([anItem(1, "ab"), anItem(2, "c")]);
    expect(slow).toMatchObject({ ok: false, refusal: { code: "unavailable", skuId: "sku-b" } });
    expect(codeOf(other)).toBe("ok");
    expect(held()).toEqual({ a: [], b: [], c: [2] });
  });

  test("in time is not waited for, and what it took is given back when it does answer", async () => {
    const waiting: (() => void)[] = [];
    const pace = (label: string) =>
      label === "reserve to sku-b" ? new Promise<void>((go) => waiting.push(go)) : Promise.resolve();
    const fates: Fate[] = ["fine", "fine", "fine", "slow"];
    const { reserver, held } = aWorld({ pace, fate: () => fates.shift() ?? "fine" });
    expect((await reserver.reserve([anItem(1, "ab")])).map(codeOf)).toEqual(["unavailable"]);
    // The repeat shares that answer: until the call has come to its end, nobody knows what is held.
    expect((await reserver.reserve([anItem(1, "ab")])).map(codeOf)).toEqual(["unavailable"]);
    waiting[0]?.();
    await settled();
    expect(held()).toEqual({ a: [], b: [], c: [] });
    const again = reserver.reserve([anItem(1, "ab")]);
    await settled();
    waiting[1]?.();
    expect((await again).map(codeOf)).toEqual(["ok"]);
  });

  test("because its caller's process died leaves rows that the same key finds again", async () => {
    let isDead = true;
    const pace = (label: string) =>
      isDead && label === "reserve from sku-a" ? new Promise<void>(() => {}) : Promise.resolve();
    const { reserver, restarted, held } = aWorld({ pace });
    void reserver.reserve([anItem(1, "ab")]);
    await settled();
    expect(held()).toEqual({ a: [1], b: [], c: [] });
    isDead = false;
    expect((await restarted().reserve([anItem(1, "ab")])).map(codeOf)).toEqual(["ok"]);
    expect(held()).toMatchObject({ a: [1], b: [1] });
  });
});

describe("an idempotency key of a basket", () => {
  test("is refused with another body once it has made a basket, over a restart too", async () => {
    const { reserver, calls, restarted } = aWorld();
    expect((await reserver.reserve([anItem(1, "a")])).map(codeOf)).toEqual(["ok"]);
    expect(await reserver.reserve([anItem(1, "b")])).toEqual([reused]);
    expect(await restarted().reserve([anItem(1, "ab")])).toEqual([reused]);
    expect(calls).toHaveLength(1);
  });

  test("is refused with another body while its first request is under way", async () => {
    const { reserver, calls } = aWorld();
    const both = reserver.reserve([anItem(1, "a"), anItem(1, "b")]);
    expect(await reserver.reserve([anItem(1, "b")])).toEqual([reused]);
    expect((await both).map(codeOf)).toEqual(["ok", "idempotency_key_reused"]);
    expect(calls.map(({ at }) => at)).toEqual(["sku-a"]);
  });

  test("gives a double click one call a line and one answer", async () => {
    const { reserver, calls } = aWorld();
    const first = reserver.reserve([anItem(1, "ab"), anItem(1, "ab")]);
    const second = reserver.reserve([anItem(1, "ab")]);
    const answers = [...(await first), ...(await second)];
    expect(answers.map(codeOf)).toEqual(["ok", "ok", "ok"]);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(calls.map(({ items }) => items)).toEqual([1, 1]);
  });

  test("of a basket that lapsed is told so, and takes nothing anew", async () => {
    const { reserver, skus, held } = aWorld();
    await reserver.reserve([anItem(1, "ab")]);
    skus.get("sku-a" as SkuId)?.lapse(1);
    skus.get("sku-b" as SkuId)?.lapse(1);
    expect((await reserver.reserve([anItem(1, "ab")])).map(codeOf)).toEqual(["reservation_lapsed"]);
    expect(held()).toMatchObject({ a: [1], b: [1] });
  });
});

describe("what was not foreseen", () => {
  test("of one basket is its own: those that came with it are carried, and its key is free", async () => {
    const { reserver, store } = aWorld({ stock: 3 });
    const read = vi.spyOn(store, "reservation").mockImplementation((id) => {
      if (id === reservationId(2)) throw new Error("disk I/O error");
      return null;
    });
    const baskets = [1, 2, 3].map((key) => anItem(key, "a"));
    expect((await reserver.reserve(baskets)).map(codeOf)).toEqual(["ok", "internal", "ok"]);
    read.mockRestore();
    expect((await reserver.reserve(baskets)).map(codeOf)).toEqual(["ok", "ok", "ok"]);
  });

  test("on its way is answered, and its key is free", async () => {
    const { reserver, trip } = aWorld();
    const broken = vi.spyOn(trip, "sku").mockImplementationOnce(() => {
      throw new Error("no such namespace");
    });
    expect((await reserver.reserve([anItem(1, "a")])).map(codeOf)).toEqual(["unavailable"]);
    expect(broken).toHaveBeenCalled();
    expect((await reserver.reserve([anItem(1, "b")])).map(codeOf)).toEqual(["ok"]);
  });
});

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

describe("a basket in the place of another", () => {
  const OLD = 1;
  const FORMS = [2, 3];
  const RIVAL = 9;
  const ours = {
    shopperId: shopperId(OLD),
    ticketId: ticketId(OLD),
    identity: "mail:one",
    unitsPerShopper: 2,
  };
  /** A form's key is its number; what is taken again for it has the next but one. */
  const aChange = (form: number, letters: string, replaces = OLD) => ({
    ...anItem(form, letters, ours),
    replaces: reservationId(replaces),
    againAs: reservationId(form + 2),
  });
  const open = (options: Parameters<typeof aWorld>[0] = {}) => {
    const world = aWorld(options);
    const using = (keys: Reserver) => ({ ...world.trip, keys });
    return {
      ...world,
      using,
      change: async (form: number, letters: string, replaces = OLD) =>
        (await changeBaskets(using(world.reserver), [aChange(form, letters, replaces)]))[0],
      repeat: async () => (await world.reserver.reserve([anItem(OLD, "ab", ours)]))[0],
      giveBackInTurn: () =>
        giveBackInTurn(using(world.reserver), [
          { reservationId: reservationId(OLD), dropId: DROP, shopperId: shopperId(OLD) },
        ]),
      rival: (letters: string) => world.reserver.reserve([anItem(RIVAL, letters)]),
      /** Baskets of ours that an order could have. */
      orderable: () =>
        [OLD, ...FORMS, ...FORMS.map((form) => form + 2)].filter(
          (key) => world.store.reservation(reservationId(key))?.isGivenBack === false,
        ),
    };
  };
  const toldOf = (answer: ChangeBasketAnswer | undefined) =>
    answer?.ok ? answer.value.kind : answer?.refusal.code;

  test("takes over its units and its place under the limit; the same form again gets the same, another what followed", async () => {
    const { repeat, change, held, claims, orderable } = open();
    await repeat();
    expect(toldOf(await change(2, "bc"))).toBe("changed");
    expect(held()).toEqual({ a: [], b: [2], c: [2] });
    expect([...claims.values()]).toEqual([2]);
    expect(toldOf(await change(2, "bc"))).toBe("changed");
    expect(toldOf(await change(2, "a"))).toBe("idempotency_key_reused");
    expect(await change(3, "a")).toMatchObject({
      value: { kind: "kept", basket: { reservationId: reservationId(2) }, refusal: null },
    });
    expect(orderable()).toEqual([2]);
    expect(held()).toEqual({ a: [], b: [2], c: [2] });
  });

  test("is followed through later changes too, by whoever comes with an old form", async () => {
    const { repeat, change, held } = open();
    await repeat();
    await change(2, "bc");
    expect(toldOf(await change(3, "a", 2))).toBe("changed");
    expect(await change(2, "bc")).toMatchObject({
      value: { kind: "kept", basket: { reservationId: reservationId(3) } },
    });
    expect(held()).toEqual({ a: [3], b: [], c: [] });
  });

  test("that is refused leaves the old lines held, and pressed again it changes nothing more", async () => {
    const { repeat, change, rival, held, orderable } = open();
    await repeat();
    await rival("c");
    for (const refusal of [{ code: "all_reserved", skuId: "sku-c" }, null]) {
      expect(await change(2, "bc")).toMatchObject({
        value: { kind: "kept", basket: { reservationId: reservationId(4) }, refusal },
      });
      expect(held()).toEqual({ a: [4], b: [4], c: [RIVAL] });
    }
    expect(orderable()).toEqual([4]);
  });

  test("is refused for one that is not theirs, that an order has, that was given back, and in a pause; nothing moves", async () => {
    const { repeat, change, using, reserver, held, skus, giveBackInTurn: giveBack } = open();
    await repeat();
    const paused = { ...aChange(2, "c"), isPaused: true };
    const thief = { ...aChange(2, "c"), shopperId: shopperId(7) };
    const told = await changeBaskets(using(reserver), [paused, thief]);
    expect(told.map(toldOf)).toEqual(["drop_paused", "reservation_not_found"]);
    skus.get("sku-a" as SkuId)?.pin({
      reservationId: reservationId(OLD),
      shopperId: shopperId(OLD),
      orderId: "ord" as never,
      step: 1,
    });
    expect(toldOf(await change(2, "c"))).toBe("reservation_taken");
    expect(held()).toEqual({ a: [OLD], b: [OLD], c: [] });
    const other = open();
    await other.repeat();
    await other.giveBackInTurn();
    expect(toldOf(await other.change(2, "c"))).toBe("reservation_given_back");
    expect(other.held()).toEqual({ a: [], b: [], c: [] });
    expect(await giveBack()).toMatchObject([{ refusal: { code: "reservation_taken" } }]);
  });

  test("whose process died between the two is taken up by the same form, and by another", async () => {
    for (const form of FORMS) {
      let isDead = false;
      const pace = (label: string) =>
        isDead && label === "reserve to sku-b" ? new Promise<void>(() => {}) : Promise.resolve();
      const { reserver, held, restarted, using, orderable } = open({ pace });
      await reserver.reserve([anItem(OLD, "ab", { shopperId: shopperId(OLD) })]);
      isDead = true;
      const unlimited = (key: number) => ({ ...aChange(key, "bc"), unitsPerShopper: null });
      void changeBaskets(using(reserver), [unlimited(2)]);
      await settled();
      expect([held(), orderable()]).toEqual([{ a: [], b: [], c: [] }, []]);
      isDead = false;
      const after = await changeBaskets(using(restarted()), [unlimited(form)]);
      expect(after.map(toldOf)).toEqual(["changed"]);
      expect(held()).toEqual({ a: [], b: [form], c: [form] });
    }
  });

  const press = fc.record({
    form: fc.constantFrom(...FORMS),
    letters: fc.constantFrom("a", "ab", "bc", "ac", "c"),
  });
  const player = fc.oneof(press, fc.constantFrom("repeat", "give back", "rival" as const));

  test("whatever is pressed together leaves one basket of it at most, held as it was told, and no unit lost", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(player, { minLength: 1, maxLength: 6 }),
        async (scheduler, presses) => {
          let isBusy = false;
          const world = open({
            pace: (label) => (isBusy ? scheduler.schedule(Promise.resolve(), label) : Promise.resolve()),
          });
          await world.repeat();
          isBusy = true;
          const told: (ChangeBasketAnswer | undefined)[] = [];
          const done = Promise.all(
            presses.map(async (one, nth) => {
              await scheduler.schedule(Promise.resolve(), `press ${nth}`);
              if (one === "repeat") await world.repeat();
              else if (one === "give back") await world.giveBackInTurn();
              else if (one === "rival") await world.rival("bc");
              else if (typeof one === "object") told.push(await world.change(one.form, one.letters));
            }),
          );
          await scheduler.waitFor(done);
          await scheduler.waitIdle();
          const [last, ...others] = world.orderable();
          expect(others).toEqual([]);
          const noted = last && world.store.reservation(reservationId(last));
          for (const [letter, keys] of Object.entries(world.held())) {
            const isOurs = noted ? noted.lines.some(({ skuId }) => skuId.endsWith(letter)) : false;
            expect(keys.filter((key) => key !== RIVAL)).toEqual(isOurs ? [last] : []);
          }
          const units = noted ? noted.lines.length : 0;
          expect([...world.claims.values()].reduce((sum, held) => sum + held, 0)).toBe(units);
          for (const { counts } of world.skus.values())
            expect(counts.available + counts.reserved).toBe(counts.stock);
          // Whoever was told of a basket was told of that one, unless it was given back after.
          for (const answer of told) {
            if (!answer?.ok || answer.value.kind === "lost" || last === undefined) continue;
            if (last !== OLD) expect(answer.value.basket.reservationId).toBe(reservationId(last));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("with calls that fail or lose their answer leaves one basket at most that an order can have", async () => {
    const fate = fc.constantFrom<Fate>("fine", "fine", "fine", "fails", "answer_lost", "slow");
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(press, { minLength: 1, maxLength: 6 }),
        fc.array(fate, { maxLength: 30 }),
        async (scheduler, presses, fates) => {
          let isBusy = false;
          const remaining = [...fates];
          const world = open({
            pace: (label) => (isBusy ? scheduler.schedule(Promise.resolve(), label) : Promise.resolve()),
            fate: () => (isBusy ? (remaining.shift() ?? "fine") : "fine"),
          });
          await world.repeat();
          isBusy = true;
          const done = Promise.all(
            presses.map(async ({ form, letters }, nth) => {
              await scheduler.schedule(Promise.resolve(), `press ${nth}`);
              await world.change(form, letters);
            }),
          );
          await scheduler.waitFor(done);
          await scheduler.waitIdle();
          const [last, ...others] = world.orderable();
          expect(others).toEqual([]);
          const noted = last ? world.store.reservation(reservationId(last)) : null;
          // The old one may be half given back: the same form again completes it.
          for (const { skuId } of last === OLD ? [] : (noted?.lines ?? []))
            expect(world.held()[skuId.at(-1) ?? ""]).toContain(last);
          for (const { counts } of world.skus.values())
            expect(counts.available + counts.reserved).toBe(counts.stock);
        },
      ),
      { numRuns: 300 },
    );
  });
});
