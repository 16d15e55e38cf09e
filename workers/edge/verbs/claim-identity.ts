import type { ClaimRequest, SessionAnswer } from "../../../schema/http.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Refusal } from "../../../schema/rpc.ts";
import type { Act } from "../edge.ts";
import { customerDigest } from "../identity/identities.ts";
import type { SessionClaims } from "../tokens.ts";
import { renewSession } from "./renew-session.ts";

/** A session that has shown whose customer it is, by a token that the brand's own shop signed. Stores nothing. */
export async function claimIdentity(
  act: Act,
  { session, request }: { session: SessionClaims; request: ClaimRequest },
): Promise<Result<SessionAnswer, Refusal<"customer_token_invalid">>> {
  const customer = await act.edge.customerKeys.verify(request.token, act.edge.clock.now());
  if (customer === undefined) return refuse({ code: "customer_token_invalid" });
  const cust = customerDigest(customer.issuer, customer.subject);
  return ok(await renewSession(act, session, { cust }));
}
