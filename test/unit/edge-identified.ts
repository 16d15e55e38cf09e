import { SignJWT } from "jose";
import type { Deps } from "../../workers/edge/deps.ts";
import { parseCustomerKeys } from "../../workers/edge/identity/customer-keys.ts";
import { createTokens } from "../../workers/edge/tokens.ts";
import { admitAll, type Caller, fakeEdge } from "./edge-fakes.ts";
import { secretOf } from "./edge-keysets.ts";
import { DROP, documentOf, OPENS_AT } from "./edge-samples.ts";

export const MAIL = "/v1/sessions/mail";
export const VERIFY = "/v1/sessions/mail/verify";
export const CLAIM = "/v1/sessions/claim";
const PASSES = `/v1/drops/${DROP}/passes`;
export const ISSUER = "https://brand.example";
export const CUSTOMER_KEYS = JSON.stringify({
  keys: [{ kid: "c", issuer: ISSUER, alg: "HS256", kty: "oct", k: secretOf(9) }],
});

export type FakeEdge = ReturnType<typeof fakeEdge>;

/** An edge whose drop asks for an identity, and everybody is admitted. */
export function edgeAsking(identity: string, changes: Partial<Deps> = {}) {
  const edge = fakeEdge({ customerKeys: parseCustomerKeys("CUSTOMER_KEYS", CUSTOMER_KEYS), ...changes });
  edge.state.published$ = { ...edge.state.published$, document: documentOf({ limits: { identity } }) };
  admitAll(edge.state);
  return edge;
}

export const tokensOf = (edge: Pick<FakeEdge, "deps" | "clock">) =>
  createTokens(edge.deps.sessionKeys, edge.deps.ticketKeys, edge.clock);
export const codeIn = (edge: FakeEdge, nth = -1) =>
  /\d{6}/.exec(edge.mails.at(nth)?.subject ?? "")?.[0] ?? "";
export const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

export async function challenged(edge: FakeEdge, caller: Caller, email = "ada@example.com") {
  const { body } = await caller.post(MAIL, { email });
  return { challenge: body.challenge as string, code: codeIn(edge) };
}

/** The same shopper with another session. */
export function renewed(edge: FakeEdge, session: string): Pick<Caller, "post"> {
  return {
    post: (path, body) =>
      edge.send(path, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${session}`,
          "Content-Type": "application/json",
          "Idempotency-Key": "k1",
        },
        body: JSON.stringify(body),
      }),
  };
}

export async function verified(edge: FakeEdge, caller: Caller, email = "ada@example.com") {
  const { body } = await caller.post(VERIFY, await challenged(edge, caller, email));
  return renewed(edge, body.session);
}

export async function passOf(edge: FakeEdge, caller: Caller, as: Pick<Caller, "post"> = caller) {
  const { ticket } = (await caller.post(`/v1/drops/${DROP}/tickets`, {})).body;
  const answer = await as.post(PASSES, { ticket });
  const claims = answer.status === 201 ? await tokensOf(edge).pass.verify(answer.body.pass) : undefined;
  return { ...answer, claims };
}

export const signClaim = (claims: Record<string, unknown> = {}) =>
  new SignJWT({ iss: ISSUER, aud: "dropline", sub: "customer-1", exp: OPENS_AT / 1_000 + 600, ...claims })
    .setProtectedHeader({ alg: "HS256", kid: "c" })
    .sign(Buffer.alloc(32, 9));
