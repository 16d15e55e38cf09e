import type { ClaimRequest, SessionAnswer } from "../../../schema/http.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import { customerDigest } from "../identity/identities.ts";
import type { SessionClaims } from "../tokens.ts";
import { meetCustomer } from "./meet-customer.ts";
import { renewSession } from "./renew-session.ts";

/** A session that has shown whose customer it is, by a token that the brand's own shop signed. Stores nothing. */
export async function claimIdentity(
  act: Act,
  { session, request }: { session: SessionClaims; request: ClaimRequest },
): Promise<Result<SessionAnswer, Refusal<"customer_token_invalid">>> {
  const customer = await meetCustomer(act, request.token);
  if (!customer.ok) return customer;
  const cust = customerDigest(customer.value);
  return ok(await renewSession(act, session, { cust }));
}
