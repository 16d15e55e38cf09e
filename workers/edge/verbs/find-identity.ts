import type { Identity } from "../../../schema/drop-document.ts";
import type { DropId } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import { identityOf } from "../identity/identities.ts";
import type { SessionClaims } from "../tokens.ts";
import { readDocument } from "./read-document.ts";

const NEEDED: Record<Exclude<Identity, "none">, string> = {
  verified_mail: "verified_mail: POST /v1/sessions/mail sends a one-time code.",
  signed_claim: "signed_claim: POST /v1/sessions/claim takes your customer token of the brand's shop.",
};

/** Whom the drop's limits count, by the strength that its document declares. */
export async function findIdentity(
  act: Act,
  dropId: DropId,
  session: SessionClaims,
): Promise<Result<string, Refusal<"identity_required" | "drop_not_found" | "unavailable">>> {
  const published = await readDocument(act, dropId);
  if (!published.ok) return published;
  const asked = published.value.document.limits.identity;
  const identity = identityOf(asked, session);
  if (identity !== undefined) return ok(identity);
  return refuse({ code: "identity_required", ...(asked === "none" ? {} : { detail: NEEDED[asked] }) });
}
