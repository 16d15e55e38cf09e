import type { WaitingEntryAnswer, WaitRequest } from "../../../schema/http.ts";
import type { DropId, ShopperId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { WaitingEntry, WaitRefusal } from "../../../schema/rpc/waiting-list.ts";
import { fingerprintOf, reservationIdOf } from "../derive.ts";
import { type Act, waitInShard } from "../edge.ts";
import { checkPass } from "./check-token.ts";
import { readDocument } from "./read-document.ts";
import { readSnapshot } from "./read-snapshot.ts";

/**
 * Puts a shopper who holds a pass at the end of a SKU's waiting list, or offers what is free at once. The repeat of a request
 * gets its entry as it stands, and so does another key while an entry for as many units is open.
 */
export async function joinWaitingList(
  act: Act,
  asked: { dropId: DropId; shopperId: ShopperId; key: string; request: WaitRequest },
): Promise<Result<WaitingEntryAnswer, WaitRefusal | Refusal<"pass_invalid" | "drop_not_found">>> {
  const { pass, ...wanted } = asked.request;
  const { dropId, shopperId } = asked;
  const claims = await checkPass(act, pass, asked);
  if (!claims.ok) return claims;
  const published = await readDocument(act, dropId);
  if (!published.ok) return published;
  const snapshot = await readSnapshot(act, dropId);
  const submitted = await waitInShard(act, {
    ...wanted,
    dropId,
    reservationId: reservationIdOf(asked),
    // A basket of the same line under the same key is another request.
    fingerprint: fingerprintOf({ waitFor: wanted }),
    shopperId,
    ticketId: claims.value.tid,
    identity: claims.value.idn,
    unitsPerShopper: published.value.document.limits.unitsPerShopper,
    // An entry may be offered free units at once.
    isPaused: snapshot.ok && snapshot.value.isPaused,
  });
  if (!submitted.ok) return submitted;
  return submitted.value.ok ? ok(entryAnswer(submitted.value.value)) : submitted.value;
}

/** An offer says itself until when it stands; only who waits has something to come back for. */
export function entryAnswer({ offerEndsAtMs, ...entry }: WaitingEntry): WaitingEntryAnswer {
  const { reservationId } = entry;
  return {
    ...entry,
    offer: offerEndsAtMs === null ? null : { reservationId, expiresAtMs: offerEndsAtMs },
    pollAfterMs: entry.state === "waiting" ? LIMITS.waitingPollMs : null,
  };
}
