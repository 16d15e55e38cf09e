import type { WaitingEntryAnswer } from "../../../schema/http.ts";
import type { DropId, ReservationId, ShopperId, SkuId } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result } from "../../../schema/result.ts";
import { type Act, showWaitingOfSku } from "../edge.ts";
import { entryAnswer } from "./join-waiting-list.ts";

export type AskedEntry = {
  dropId: DropId;
  reservationId: ReservationId;
  shopperId: ShopperId;
  query: { sku: SkuId };
};

/** How an entry stands, for its own shopper; somebody else's is as good as none. */
export async function showWaiting(
  act: Act,
  { dropId, reservationId, shopperId, query }: AskedEntry,
): Promise<Result<WaitingEntryAnswer, Refusal<"waiting_entry_not_found" | "unavailable">>> {
  const submitted = await showWaitingOfSku(act, { dropId, skuId: query.sku }, { reservationId, shopperId });
  if (!submitted.ok) return submitted;
  return submitted.value.ok ? ok(entryAnswer(submitted.value.value)) : submitted.value;
}
