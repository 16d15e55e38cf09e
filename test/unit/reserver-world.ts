import type { InTime } from "../../durable-objects/in-time.ts";
import { migrate } from "../../durable-objects/migrate.ts";
import { giveBackBaskets } from "../../durable-objects/order-coordinator/give-back.ts";
import { MIGRATIONS } from "../../durable-objects/order-coordinator/migrations.ts";
import { Reserver } from "../../durable-objects/order-coordinator/reserve.ts";
import { OrderStore } from "../../durable-objects/order-coordinator/store.ts";
import type { DropId, SkuId } from "../../schema/ids.ts";
import type {
  LimitClaim,
  LimitClaimAnswer,
  LimitReturn,
  LimitReturnAnswer,
} from "../../schema/limit-guard.ts";
import { LIMITS } from "../../schema/limits.ts";
import { ok, refuse } from "../../schema/result.ts";
import type { BasketAnswer, KeyedReserveItem } from "../../schema/rpc/baskets.ts";
import type { GiveBackItem, ReserveAnswer, ReserveItem } from "../../schema/rpc/sku-stock.ts";
import { memoryStorage } from "./order-storage.ts";
import { bench, fingerprint, full, reservationId, shopperId, terms, ticketId } from "./sku-stock-fakes.ts";

export const DROP = "a-drop" as DropId;
export const TTL_MS = 60_000;
export type Fate = "fine" | "fails" | "answer_lost" | "slow";

/** A basket; its body follows from its lines, as at the edge. */
export function anItem(key: number, letters: string, over: Partial<KeyedReserveItem> = {}): KeyedReserveItem {
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
export function aWorld({
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

export const reused = refuse({ code: "idempotency_key_reused" });
export const codeOf = (answer: BasketAnswer | undefined) => (answer?.ok ? "ok" : answer?.refusal.code);
export const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
};
