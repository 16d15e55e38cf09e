import type { DropAnswer } from "../../../schema/http.ts";
import type { DropId, ShopperId } from "../../../schema/ids.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { Refusal } from "../../../schema/rpc.ts";
import type { Act } from "../edge.ts";
import { checkTicket } from "./check-token.ts";
import { type FoundPlace, findPlace } from "./find-place.ts";
import { signPass } from "./issue-pass.ts";
import { showDrop } from "./show-drop.ts";

export type Standing = { drop: DropAnswer } & (
  | { kind: "outside" }
  | { kind: "waiting"; place: Exclude<FoundPlace, { kind: "admitted" }> }
  | { kind: "admitted"; pass: string }
);

/** What the line's page needs of one visitor: outside, waiting at a place, or admitted with a fresh pass. Stores nothing. */
export async function standInLine(
  act: Act,
  asked: { dropId: DropId; shopperId: ShopperId | undefined; ticket: string | undefined },
): Promise<Result<Standing, Refusal<"drop_not_found" | "unavailable">>> {
  const drop = await showDrop(act, asked.dropId);
  if (!drop.ok) return drop;
  const { dropId, shopperId } = asked;
  if (shopperId === undefined || asked.ticket === undefined) return ok({ kind: "outside", drop: drop.value });
  const ticket = await checkTicket(act, asked.ticket, { dropId, shopperId });
  if (!ticket.ok) return ok({ kind: "outside", drop: drop.value });
  const place = await findPlace(act, ticket.value);
  if (!place.ok) return place;
  if (place.value.kind !== "admitted") return ok({ kind: "waiting", drop: drop.value, place: place.value });
  const { pass } = await signPass(act, ticket.value, place.value.rank);
  return ok({ kind: "admitted", drop: drop.value, pass });
}
