import { generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MailCodeAnswer, PassAnswer, SessionAnswer, TicketAnswer } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { signCustomerToken } from "../../scripts/platform/customer-token.ts";
import { TUNING } from "../../workers/edge/tuning.ts";
import { ask, expectRefusal, told } from "./ask.ts";
import { eventually } from "./eventually.ts";
import { Shopper } from "./shopper.ts";
import { askConsole, type Drop, type DropPlan, draftDrop, fresh, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.end());

async function dropAsking(identity: string, plan: DropPlan = {}): Promise<Drop> {
  const drop = draftDrop({ opensInMs: -1_000, ...plan });
  const document = { ...(drop.document as object), limits: { identity } };
  await askConsole(world, `/drops/${drop.id}/publish`, { method: "POST", body: { document } });
  return drop;
}

/** The code in the newest mail to this address, as its owner reads it. */
async function codeTo(email: string): Promise<string> {
  const path = `/control/mails?to=${encodeURIComponent(email)}`;
  const { json } = await ask(`${world.sandbox.url}${path}`, { token: world.secrets.sandboxApiKey });
  const { mails } = json as { mails: { text: string }[] };
  const code = /\b\d{6}\b/.exec(mails.at(-1)?.text ?? "")?.[0];
  if (code === undefined) throw new Error(`no code was sent to ${email}`);
  return code;
}

const post = (shopper: Shopper, path: string, body: unknown) => shopper.ask(path, { method: "POST", body });
const again = (session: SessionAnswer) => new Shopper(world, session);

async function verified(shopper: Shopper, email: string): Promise<Shopper> {
  const { challenge } = told(await post(shopper, "/sessions/mail", { email }), 202, MailCodeAnswer);
  const code = await codeTo(email);
  return again(told(await post(shopper, "/sessions/mail/verify", { challenge, code }), 200, SessionAnswer));
}

const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

describe.concurrent("a drop that asks who somebody is", () => {
  it("gives a pass for a mail that was verified, and says before what it needs", async () => {
    const drop = await dropAsking("verified_mail");
    const shopper = await Shopper.arrived(world);
    const { ticket } = await shopper.joined(drop.id);
    const refused = expectRefusal(await shopper.askPass(drop.id, ticket), "identity_required");
    expect(refused.detail).toContain("verified_mail");
    const known = await verified(shopper, `${fresh("ada")}@example.com`);
    expect(known.id).toBe(shopper.id);
    expect((await known.admitted(drop.id)).ticket).toBeDefined();
    expectRefusal(await shopper.askPass(drop.id, ticket), "identity_required");
  });

  it("gives a pass to a customer whom the brand's shop vouches for, and to nobody who says so alone", async () => {
    const drop = await dropAsking("signed_claim");
    const shopper = await Shopper.arrived(world);
    const { ticket } = await shopper.joined(drop.id);
    expectRefusal(await shopper.askPass(drop.id, ticket), "identity_required");
    const { privateKey } = await generateKeyPair("EdDSA");
    const [key] = world.secrets.customerKeys;
    const forged = await new SignJWT({ sub: "me" })
      .setProtectedHeader({ alg: "EdDSA", kid: key.kid })
      .setIssuer(key.issuer)
      .setAudience("dropline")
      .setExpirationTime("5m")
      .sign(privateKey);
    expectRefusal(await post(shopper, "/sessions/claim", { token: forged }), "customer_token_invalid");
    const token = await signCustomerToken(world.secrets, fresh("customer"));
    const known = again(told(await post(shopper, "/sessions/claim", { token }), 200, SessionAnswer));
    expect((await known.admitted(drop.id)).ticket).toBeDefined();
  });

  it("bounds the tries of a code exactly, also when they come at once", async () => {
    const shopper = await Shopper.arrived(world);
    const email = `${fresh("bob")}@example.com`;
    const { challenge } = told(await post(shopper, "/sessions/mail", { email }), 202, MailCodeAnswer);
    const code = wrong(await codeTo(email));
    const tries = await Promise.all(
      Array.from({ length: 20 }, () => post(shopper, "/sessions/mail/verify", { challenge, code })),
    );
    const codes = tries.map(({ json }) => (json as { code: string }).code).toSorted();
    expect(codes.filter((one) => one === "mail_code_invalid")).toHaveLength(LIMITS.mailCodeTriesMax);
    expect(codes.filter((one) => one === "mail_code_spent")).toHaveLength(20 - LIMITS.mailCodeTriesMax);
  });

  it("sends one mailbox so many codes and no more, over all sessions", async () => {
    const name = fresh("eve");
    const replies = await Promise.all(
      Array.from({ length: LIMITS.mailCodesPerMailMax + 3 }, async (_, nth) =>
        post(await Shopper.arrived(world), "/sessions/mail", { email: `${name}+${nth}@example.com` }),
      ),
    );
    expect(replies.filter(({ status }) => status === 202)).toHaveLength(LIMITS.mailCodesPerMailMax);
    for (const reply of replies.filter(({ status }) => status !== 202)) expectRefusal(reply, "rate_limited");
  });
});

describe("a mobile network's one address", () => {
  const ADDRESS = { "cf-connecting-ip": "198.51.100.7" };
  const PEOPLE = 300;
  /** So many people with the same phone and language are no script yet (`docs/bots.md`), though they come in one second. */
  const phoneOf = (nth: number) => ({
    "user-agent": `Phone/${Math.floor(nth / TUNING.alikeFromAddressMax)}`,
  });

  it("shuts out none of three hundred people, while one who hammers is stopped", async () => {
    const drop = await dropAsking("none", { skus: [{ stock: 2 * PEOPLE }] });
    const v1 = `${world.platform.urls.edge}/v1`;
    const send = (path: string, token?: string, body: unknown = {}, key?: string, phone = {}) =>
      ask(`${v1}${path}`, {
        method: "POST",
        headers: { ...ADDRESS, ...phone },
        body,
        ...(token && { token }),
        ...(key && { key }),
      });
    const sessions = await Promise.all(Array.from({ length: PEOPLE }, () => send("/sessions")));
    const people = sessions.map((reply) => told(reply, 201, SessionAnswer));
    const tickets = await Promise.all(
      people.map(async ({ session }, nth) =>
        told(await send(`/drops/${drop.id}/tickets`, session, {}, "k", phoneOf(nth)), 201, TicketAnswer),
      ),
    );
    const [busy] = people;
    const hammered = await Promise.all(
      Array.from({ length: 300 }, () => send(`/drops/${drop.id}/passes`, busy?.session, { ticket: "none" })),
    );
    expect(hammered.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
    const passes = await Promise.all(
      people.slice(1).map(({ session }, nth) =>
        eventually("a pass", async () => {
          const reply = await send(`/drops/${drop.id}/passes`, session, { ticket: tickets[nth + 1]?.ticket });
          return reply.status === 409 ? undefined : told(reply, 201, PassAnswer);
        }),
      ),
    );
    expect(passes).toHaveLength(PEOPLE - 1);
  });
});
