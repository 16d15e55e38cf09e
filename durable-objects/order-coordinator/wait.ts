import type { DropId, SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { refuse } from "../../schema/result.ts";
import type { KeyedWaitItem, WaitAnswer, WaitItem } from "../../schema/rpc/waiting-list.ts";
import type { InTime } from "../in-time.ts";
import { logError } from "../log.ts";
import type { OrderStore } from "./store.ts";
import { inTurn, type Keys } from "./turns.ts";

export type Deps = {
  store: Pick<OrderStore, "reservation" | "noteReservation">;
  sku(dropId: DropId, skuId: SkuId): { key: string; api: { wait(items: WaitItem[]): Promise<WaitAnswer[]> } };
  keys: Keys;
  inTime: InTime;
};

type Waiting = { index: number; item: KeyedWaitItem };

/**
 * Puts people on the waiting lists of their SKUs, one use of an idempotency key at a time, baskets among them. The entry's
 * key is noted as the one-line basket that its offer will be, so that an order can take it. A limit over several SKUs is
 * claimed when the offer is ordered, and not while somebody waits. A refusal notes nothing. The repeat of a key gets its
 * entry, or the shopper's earlier one for as long as that is open; with another body it is refused.
 */
export async function waitForUnits(deps: Deps, items: readonly KeyedWaitItem[]): Promise<WaitAnswer[]> {
  return inTurn<KeyedWaitItem, WaitAnswer>(deps.keys, items, {
    keyOf: (item) => item,
    act: (turn) => waitInTurn(deps, turn),
    unknown: UNKNOWN,
  });
}

async function waitInTurn(deps: Deps, turn: readonly KeyedWaitItem[]): Promise<WaitAnswer[]> {
  const answers = turn.map(() => UNKNOWN);
  const calls = new Map<string, Waiting[]>();
  for (const [index, item] of turn.entries()) {
    const noted = deps.store.reservation(item.reservationId);
    if (noted && noted.fingerprint !== item.fingerprint) {
      answers[index] = refuse({ code: "idempotency_key_reused" });
      continue;
    }
    if (!noted && item.isPaused) {
      answers[index] = refuse({ code: "drop_paused" });
      continue;
    }
    const { key } = deps.sku(item.dropId, item.skuId);
    calls.set(key, [...(calls.get(key) ?? []), { index, item }]);
  }
  await Promise.all(
    [...calls.values()].map(async (call) => {
      const told = await ask(deps, call);
      for (const [at, { index, item }] of call.entries()) answers[index] = note(deps, item, told[at]);
    }),
  );
  return answers;
}

async function ask({ sku, inTime }: Deps, call: readonly Waiting[]): Promise<WaitAnswer[]> {
  const [first] = call;
  if (!first) return [];
  const { dropId, skuId } = first.item;
  try {
    const items = call.map(
      ({ item: { reservationId, fingerprint, shopperId, identity, ticketId, quantity } }) => ({
        reservationId,
        fingerprint,
        shopperId,
        identity,
        ticketId,
        quantity,
      }),
    );
    return await inTime(sku(dropId, skuId).api.wait(items), LIMITS.skuCallTimeoutMs);
  } catch (error) {
    logError("wait_failed", error, { dropId, skuId });
    return [];
  }
}

/**
 * Noted for the shopper's earlier entry too, which answers under its own id: the key was used. And when no answer came,
 * for the entry may exist: another body would make a second one under its key.
 */
function note({ store }: Deps, item: KeyedWaitItem, answer: WaitAnswer | undefined): WaitAnswer {
  if (answer?.ok === false) return answer;
  const { skuId, quantity, identity, unitsPerShopper } = item;
  const claim = unitsPerShopper === null ? null : { identity, max: unitsPerShopper, made: null };
  try {
    store.noteReservation({ ...item, lines: [{ skuId, quantity }], claim });
    return answer ?? UNKNOWN;
  } catch (error) {
    logError("waiting_not_noted", error, { reservationId: item.reservationId });
    return UNKNOWN;
  }
}

/** The SKU's object may have put the shopper on its list or not: the same key again tells. */
const UNKNOWN: WaitAnswer = refuse({ code: "unavailable", retryAfterMs: LIMITS.orderPollMs });
