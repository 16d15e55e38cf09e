import type { DropId, SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { refuse } from "../../schema/result.ts";
import type { KeyedWaitItem, WaitAnswer, WaitItem } from "../../schema/rpc.ts";
import { logError } from "../log.ts";
import type { InTime } from "./in-time.ts";
import type { OrderStore } from "./store.ts";

export type Deps = {
  store: Pick<OrderStore, "reservation" | "noteReservation">;
  sku(dropId: DropId, skuId: SkuId): { key: string; api: { wait(items: WaitItem[]): Promise<WaitAnswer[]> } };
  inTime: InTime;
};

/**
 * Puts people on the waiting lists of their SKUs. The entry's key is noted as the one-line basket that its offer will be, so
 * that an order can take it. A limit over several SKUs is claimed when the offer is ordered, and not while somebody waits.
 * A refusal notes nothing; the repeat of a key gets its entry, and with another body is refused.
 */
export async function waitForUnits(deps: Deps, items: readonly KeyedWaitItem[]): Promise<WaitAnswer[]> {
  const answers: WaitAnswer[] = [];
  const calls = new Map<string, [number, KeyedWaitItem][]>();
  for (const [index, item] of items.entries()) {
    const noted = deps.store.reservation(item.reservationId);
    if (noted && noted.fingerprint !== item.fingerprint) {
      answers[index] = refuse({ code: "idempotency_key_reused" });
      continue;
    }
    const { key } = deps.sku(item.dropId, item.skuId);
    calls.set(key, [...(calls.get(key) ?? []), [index, item]]);
  }
  await Promise.all(
    [...calls.values()].map(async (call) => {
      const told = await ask(deps, call);
      for (const [at, [index, item]] of call.entries())
        answers[index] = note(deps, item, told[at] ?? UNKNOWN);
    }),
  );
  return answers;
}

async function ask({ sku, inTime }: Deps, call: [number, KeyedWaitItem][]): Promise<WaitAnswer[]> {
  const [first] = call;
  if (!first) return [];
  const [, { dropId, skuId }] = first;
  try {
    const items = call.map(([, { reservationId, fingerprint, shopperId, ticketId, quantity }]) => ({
      reservationId,
      fingerprint,
      shopperId,
      ticketId,
      quantity,
    }));
    return await inTime(sku(dropId, skuId).api.wait(items), LIMITS.skuCallTimeoutMs);
  } catch (error) {
    logError("wait_failed", error, { dropId, skuId });
    return [];
  }
}

/** An answer with another id is the shopper's earlier entry, which was noted under its own key. */
function note({ store }: Deps, item: KeyedWaitItem, answer: WaitAnswer): WaitAnswer {
  if (!answer.ok || answer.value.reservationId !== item.reservationId) return answer;
  const { skuId, quantity, identity, unitsPerShopper } = item;
  const claim = unitsPerShopper === null ? null : { identity, max: unitsPerShopper };
  try {
    store.noteReservation({ ...item, lines: [{ skuId, quantity }], claim });
    return answer;
  } catch (error) {
    logError("waiting_not_noted", error, { reservationId: item.reservationId });
    return UNKNOWN;
  }
}

/** The SKU's object may have put the shopper on its list or not: the same key again tells. */
const UNKNOWN: WaitAnswer = refuse({ code: "unavailable", retryAfterMs: LIMITS.orderPollMs });
