import { ok, type Result } from "../../../schema/result.ts";
import { customerDigest } from "../identity/identities.ts";
import type { IdentityPage } from "../pages/identity-page.tsx";
import type { SessionClaims } from "../tokens.ts";
import { claimIdentity } from "../verbs/claim-identity.ts";
import { meetCustomer } from "../verbs/meet-customer.ts";
import { openSession } from "../verbs/open-session.ts";
import { keepSession, readWritingSession } from "./caller.ts";
import { actOf, addressOf, type C, type EdgeRefusal } from "./context.ts";
import { readForm } from "./forms.ts";

/**
 * How a customer of the brand's shop comes over: a form there posts `token` here. That one form may come from another
 * site, whose request brings no cookie of ours along (SameSite=Lax). So it changes nothing: it is answered with a page
 * that names the customer, and this page's own form carries the token on as `claim`, like every form of ours from here
 * alone. Somebody who sends a visitor here with their own token (login CSRF) gets a page that says whose it is and waits
 * for a press; a session that has shown one customer never becomes another's.
 */

type Shown = Pick<Parameters<typeof IdentityPage>[0], "customer" | "problems">;

const NOT_VALID = {
  field: null,
  words: "What the shop sent along is not valid, or too old. Sign in there again, and come back from there.",
};
const SOMEBODY_ELSE = {
  field: null,
  words:
    "This browser has come as another customer of the shop before. Use a private window, or another browser.",
};

const IDENTITY_PATH = /^\/drops\/[^/]+\/identity$/;

/** Is it the one form that another site may send? */
export async function isHandOver(c: C): Promise<boolean> {
  return c.req.method === "POST" && IDENTITY_PATH.test(c.req.path) && "token" in (await readForm(c));
}

/** What to show to somebody whom the shop sent. Reads no cookie, and sets none. */
export async function receive(c: C, token: string): Promise<Shown> {
  const met = await meetCustomer(actOf(c), token);
  return met.ok ? { customer: { ...met.value, token }, problems: [] } : { problems: [NOT_VALID] };
}

/** The session, or a new one, as the customer's; or what to show instead. A repeat renews it again. */
export async function take(c: C, token: string): Promise<Result<Shown | "taken", EdgeRefusal>> {
  const session = await sessionOrNew(c);
  if (!session.ok) return session;
  const met = await meetCustomer(actOf(c), token);
  if (!met.ok) return ok({ problems: [NOT_VALID] });
  const { cust } = session.value;
  if (cust !== undefined && cust !== customerDigest(met.value)) return ok({ problems: [SOMEBODY_ELSE] });
  const claimed = await claimIdentity(actOf(c), { session: session.value, request: { token } });
  if (!claimed.ok) return claimed;
  keepSession(c, claimed.value);
  return ok("taken");
}

/** Who comes from the shop first has no session yet. */
async function sessionOrNew(c: C): Promise<Result<SessionClaims, EdgeRefusal>> {
  const session = await readWritingSession(c);
  if (session.ok) return session;
  const { code } = session.refusal;
  if (code !== "session_missing" && code !== "session_invalid") return session;
  const opened = await openSession(actOf(c), { address: addressOf(c) });
  return opened.ok ? ok({ sub: opened.value.shopperId }) : opened;
}
