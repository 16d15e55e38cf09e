import { partyOf } from "./dealings.ts";
import { ENDPOINTS } from "./endpoints.ts";
import type { Visitor } from "./shopper.ts";
import type { World } from "./world.ts";

/**
 * Shows the shop whose customer this visitor is, where the drop asks for it; one customer may come with many sessions. False
 * when the shop did not believe it or could not be reached.
 */
export async function signIn(visitor: Visitor, world: World): Promise<boolean> {
  if (world.document.limits.identity !== "signed_claim") return true;
  const customer = partyOf(visitor.plan, "customer");
  const request = {
    method: "POST",
    path: "/v1/sessions/claim",
    address: visitor.address,
    session: visitor.session,
    body: { token: await world.customerToken(customer) },
  } as const;
  world.answers.parties.push({ shopperId: visitor.shopperId, customer });
  const reply = await world.client.persist(ENDPOINTS.claim, request, visitor.patienceEndsMs);
  if (!reply.ok) return false;
  visitor.session = reply.value.session;
  return true;
}
