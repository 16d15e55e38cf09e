import type { DropAnswer } from "../../../schema/http.ts";
import type { DropId } from "../../../schema/ids.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Refusal } from "../../../schema/rpc.ts";
import type { Act } from "../edge.ts";
import type { SessionClaims } from "../tokens.ts";
import { checkTicket } from "./check-token.ts";
import { findIdentity } from "./find-identity.ts";
import { type FoundPlace, findPlace } from "./find-place.ts";
import { signPass } from "./issue-pass.ts";
import { showDrop } from "./show-drop.ts";

export type Standing = { drop: DropAnswer } & (
  | { kind: "outside" }
  /** Its turn has come, and the drop asks first who it is: `drop.identity` says how. */
  | { kind: "unidentified" }
  | { kind: "waiting"; place: Exclude<FoundPlace, { kind: "admitted" }> }
  | { kind: "admitted"; pass: string }
);

/** What the line's page needs of one visitor: outside, waiting at a place, to be asked who it is, or admitted with a fresh pass. Stores nothing. */
export async function standInLine(
  act: Act,
  asked: { dropId: DropId; session: SessionClaims | undefined; ticket: string | undefined },
): Promise<Result<Standing, Refusal<"drop_not_found" | "unavailable">>> {
  const drop = await showDrop(act, asked.dropId);
  if (!drop.ok) return drop;
  const { dropId, session } = asked;
  if (session === undefined || asked.ticket === undefined) return ok({ kind: "outside", drop: drop.value });
  const ticket = await checkTicket(act, asked.ticket, { dropId, shopperId: session.sub });
  if (!ticket.ok) return ok({ kind: "outside", drop: drop.value });
  const place = await findPlace(act, ticket.value);
  if (!place.ok) return place;
  if (place.value.kind !== "admitted") return ok({ kind: "waiting", drop: drop.value, place: place.value });
  const identity = await findIdentity(act, dropId, session);
  if (!identity.ok) {
    const { code, ...rest } = identity.refusal;
    return code === "identity_required"
      ? ok({ kind: "unidentified", drop: drop.value })
      : refuse({ ...rest, code });
  }
  const { rank } = place.value;
  const { pass } = await signPass(act, ticket.value, { rank, identity: identity.value });
  return ok({ kind: "admitted", drop: drop.value, pass });
}
