import type { WaitingEntryAnswer } from "../../../schema/http.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import { callState } from "../call-state.ts";
import type { Act } from "../edge.ts";
import { entryAnswer } from "./join-waiting-list.ts";
import type { AskedEntry } from "./show-waiting.ts";

/** Gives up a place, or an offer, which goes to the next. What an order has is left as it is; a repeat changes nothing. */
export async function leaveWaitingList(
  { edge }: Act,
  { dropId, reservationId, shopperId, query }: AskedEntry,
): Promise<Result<WaitingEntryAnswer, Refusal<"waiting_entry_not_found" | "unavailable">>> {
  const called = await callState(edge, "leaveWaiting", (state) =>
    state.leaveWaiting(dropId, query.sku, [{ reservationId, shopperId }]),
  );
  if (!called.ok) return called;
  const [answer] = called.value;
  if (!answer) return refuse({ code: "waiting_entry_not_found" });
  return answer.ok ? ok(entryAnswer(answer.value)) : answer;
}
