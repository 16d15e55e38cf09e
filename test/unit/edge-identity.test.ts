import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import type { Deps } from "../../workers/edge/deps.ts";
import { parseCustomerKeys } from "../../workers/edge/identity/customer-keys.ts";
import { customerDigest, mailDigest } from "../../workers/edge/identity/identities.ts";
import { drawCode, isCode, proveCode } from "../../workers/edge/identity/mail-code.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import { createTokens } from "../../workers/edge/tokens.ts";
import { browse } from "./edge-browser.ts";
import {
  admitAll,
  type Caller,
  DROP,
  documentOf,
  fakeEdge,
  keysetOf,
  OPENS_AT,
  secretOf,
} from "./edge-fakes.ts";

const MAIL = "/v1/sessions/mail";
const VERIFY = "/v1/sessions/mail/verify";
const CLAIM = "/v1/sessions/claim";
const PASSES = `/v1/drops/${DROP}/passes`;
const ISSUER = "https://brand.example";
const CUSTOMER_KEYS = JSON.stringify({
  keys: [{ kid: "c", issuer: ISSUER, alg: "HS256", kty: "oct", k: secretOf(9) }],
});

type FakeEdge = ReturnType<typeof fakeEdge>;

/** An edge whose drop asks for an identity, and everybody is admitted. */
function edgeAsking(identity: string, changes: Partial<Deps> = {}) {
  const edge = fakeEdge({ customerKeys: parseCustomerKeys("CUSTOMER_KEYS", CUSTOMER_KEYS), ...changes });
  edge.state.published$ = { ...edge.state.published$, document: documentOf({ limits: { identity } }) };
  admitAll(edge.state);
  return edge;
}

const tokensOf = (edge: Pick<FakeEdge, "deps" | "clock">) =>
  createTokens(edge.deps.sessionKeys, edge.deps.ticketKeys, edge.clock);
const codeIn = (edge: FakeEdge, nth = -1) => /\d{6}/.exec(edge.mails.at(nth)?.subject ?? "")?.[0] ?? "";
const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

async function challenged(edge: FakeEdge, caller: Caller, email = "ada@example.com") {
  const { body } = await caller.post(MAIL, { email });
  return { challenge: body.challenge as string, code: codeIn(edge) };
}

/** The same shopper with another session. */
function renewed(edge: FakeEdge, session: string): Pick<Caller, "post"> {
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

async function verified(edge: FakeEdge, caller: Caller, email = "ada@example.com") {
  const { body } = await caller.post(VERIFY, await challenged(edge, caller, email));
  return renewed(edge, body.session);
}

async function passOf(edge: FakeEdge, caller: Caller, as: Pick<Caller, "post"> = caller) {
  const { ticket } = (await caller.post(`/v1/drops/${DROP}/tickets`, {})).body;
  const answer = await as.post(PASSES, { ticket });
  const claims = answer.status === 201 ? await tokensOf(edge).pass.verify(answer.body.pass) : undefined;
  return { ...answer, claims };
}

const signClaim = (claims: Record<string, unknown> = {}) =>
  new SignJWT({ iss: ISSUER, aud: "dropline", sub: "customer-1", exp: OPENS_AT / 1_000 + 600, ...claims })
    .setProtectedHeader({ alg: "HS256", kid: "c" })
    .sign(Buffer.alloc(32, 9));

describe("a pass is given only to the identity that the drop asks for", () => {
  test("a session, when it asks for none", async () => {
    const edge = edgeAsking("none");
    const caller = await edge.open();
    expect((await passOf(edge, caller)).claims?.idn).toBe(`session:${caller.shopperId}`);
  });

  test("a mail that was verified, the same for two sessions", async () => {
    const edge = edgeAsking("verified_mail");
    const [one, other] = [await edge.open(), await edge.open()];
    const without = await passOf(edge, one);
    expect(without).toMatchObject({ status: 403, body: { code: "identity_required" } });
    expect(without.body.detail).toContain("verified_mail");
    const first = await passOf(edge, one, await verified(edge, one, "ada@example.com"));
    const second = await passOf(edge, other, await verified(edge, other, "Ada+drop@EXAMPLE.com"));
    expect(first.claims?.idn).toBe(`mail:${mailDigest("ada@example.com")}`);
    expect(second.claims?.idn).toBe(first.claims?.idn);
    expect(second.claims?.tid).not.toBe(first.claims?.tid);
  });

  test("a customer of the brand, who is not a mail", async () => {
    const edge = edgeAsking("signed_claim");
    const caller = await edge.open();
    const mailed = await passOf(edge, caller, await verified(edge, caller));
    expect(mailed).toMatchObject({ status: 403, body: { code: "identity_required" } });
    expect(mailed.body.detail).toContain("signed_claim");
    const { status, body } = await caller.post(CLAIM, { token: await signClaim() });
    expect(status).toBe(200);
    expect(body.shopperId).toBe(caller.shopperId);
    const given = await passOf(edge, caller, renewed(edge, body.session));
    expect(given.claims?.idn).toBe(`customer:${customerDigest({ issuer: ISSUER, subject: "customer-1" })}`);
  });

  test("and a session that has shown both keeps both", async () => {
    const edge = edgeAsking("verified_mail");
    const caller = await edge.open();
    const both = await (await verified(edge, caller)).post(CLAIM, { token: await signClaim() });
    expect(await tokensOf(edge).session.verify(both.body.session)).toMatchObject({
      mail: mailDigest("ada@example.com"),
      cust: customerDigest({ issuer: ISSUER, subject: "customer-1" }),
    });
  });
});

describe("a customer token", () => {
  test("that is wrong is refused and renews nothing", async () => {
    const edge = edgeAsking("signed_claim");
    const caller = await edge.open();
    for (const token of ["x", caller.session, await signClaim({ aud: "dropline/session" })]) {
      expect(await caller.post(CLAIM, { token })).toMatchObject({
        status: 403,
        body: { code: "customer_token_invalid" },
      });
    }
    const noSession = await edge.send(CLAIM, { method: "POST", body: "{}" });
    expect(noSession.body.code).toBe("session_missing");
  });
});

describe("a one-time code", () => {
  test("goes to the address as it was typed, and is in no answer", async () => {
    const edge = edgeAsking("verified_mail");
    const answer = await (await edge.open()).post(MAIL, { email: "Ada+drop@bücher.example" });
    expect(answer.status).toBe(202);
    expect(edge.mails).toHaveLength(1);
    const [mail] = edge.mails;
    expect(mail?.to).toBe("Ada+drop@xn--bcher-kva.example");
    expect(mail?.text).toContain(codeIn(edge));
    const claims = Buffer.from(answer.body.challenge.split(".")[1], "base64url").toString();
    expect(JSON.parse(claims).prf).toMatch(/^[0-9a-f]{64}$/);
    expect(Object.values(JSON.parse(claims)).map(String)).not.toContain(codeIn(edge));
  });

  test("works for the session that asked, and may be repeated", async () => {
    const edge = edgeAsking("verified_mail");
    const [owner, thief] = [await edge.open(), await edge.open()];
    const asked = await challenged(edge, owner);
    expect((await thief.post(VERIFY, asked)).body.code).toBe("mail_code_invalid");
    const first = await owner.post(VERIFY, asked);
    expect(first).toMatchObject({ status: 200, body: { shopperId: owner.shopperId } });
    expect((await owner.post(VERIFY, asked)).status).toBe(200);
  });

  test("works with its own challenge and with no other", async () => {
    const edge = edgeAsking("verified_mail");
    const caller = await edge.open();
    const first = await challenged(edge, caller);
    const second = await challenged(edge, caller, "bob@example.com");
    const mixed = await caller.post(VERIFY, { challenge: second.challenge, code: first.code });
    expect(mixed.body.code).toBe("mail_code_invalid");
    expect((await caller.post(VERIFY, first)).status).toBe(200);
  });

  test("is spent after so many tries, the right one included, and not one try before", async () => {
    const edge = edgeAsking("verified_mail");
    const caller = await edge.open();
    const asked = await challenged(edge, caller);
    for (let tried = 1; tried < LIMITS.mailCodeTriesMax; tried += 1) {
      const answer = await caller.post(VERIFY, { ...asked, code: wrong(asked.code) });
      expect(answer.body.code).toBe("mail_code_invalid");
    }
    const other = await challenged(edge, caller);
    expect((await caller.post(VERIFY, asked)).status).toBe(200);
    expect(await caller.post(VERIFY, asked)).toMatchObject({
      status: 403,
      body: { code: "mail_code_spent" },
    });
    expect((await caller.post(VERIFY, other)).status).toBe(200);
  });

  test("does not work past its time", async () => {
    const edge = edgeAsking("verified_mail");
    const caller = await edge.open();
    const asked = await challenged(edge, caller);
    edge.clock.set(OPENS_AT + LIMITS.mailCodeTtlMs - 1_000);
    expect((await caller.post(VERIFY, asked)).status).toBe(200);
    edge.clock.set(OPENS_AT + LIMITS.mailCodeTtlMs);
    expect((await caller.post(VERIFY, asked)).body.code).toBe("mail_code_invalid");
  });

  test("outlives the rotation of keys, and not their end", async () => {
    const edge = edgeAsking("verified_mail");
    const caller = await edge.open();
    const asked = await challenged(edge, caller);
    const randomHex = edge.deps.randomHex;
    const next = (keys: string) =>
      edgeAsking("verified_mail", { sessionKeys: parseKeyset("S", keys), randomHex });
    const rotated = next(keysetOf(["s2", 5], ["s1", 1]));
    expect((await renewed(rotated, caller.session).post(VERIFY, asked)).status).toBe(200);
    const gone = next(keysetOf(["s2", 5]));
    expect((await renewed(gone, caller.session).post(VERIFY, asked)).body.code).toBe("session_invalid");
  });

  test("that is no six digits costs no try", async () => {
    const edge = edgeAsking("verified_mail");
    const caller = await edge.open();
    const asked = await challenged(edge, caller);
    const before = edge.state.calls.countIdentity;
    for (const code of ["", "12345", "1234567", "12345a", "１２３４５６"]) {
      expect((await caller.post(VERIFY, { ...asked, code })).body.code).toBe("invalid_request");
    }
    expect((await caller.post(VERIFY, { ...asked, challenge: caller.session })).body.code).toBe(
      "mail_code_invalid",
    );
    expect(edge.state.calls.countIdentity).toBe(before);
  });

  test("is proven differently by each challenge, and by no proof of another mail", async () => {
    const { sessionKeys } = fakeEdge().deps;
    const sent = { jti: "1".repeat(32), mail: "a".repeat(64), code: "123456" };
    const prf = (await proveCode(sessionKeys, "s1", sent)) as string;
    for (const other of [{ jti: "2".repeat(32) }, { mail: "b".repeat(64) }, { code: "123457" }]) {
      expect(await proveCode(sessionKeys, "s1", { ...sent, ...other })).not.toBe(prf);
      expect(await isCode(sessionKeys, { ...sent, ...other, kid: "s1", prf })).toBe(false);
    }
    expect(await isCode(sessionKeys, { ...sent, kid: "s1", prf })).toBe(true);
    expect(await isCode(sessionKeys, { ...sent, kid: "gone", prf })).toBe(false);
  });

  test("is drawn evenly, with its leading zeros", () => {
    expect(drawCode(() => "00000000000000")).toBe("000000");
    expect(drawCode(() => "00000000000007")).toBe("000007");
    expect(drawCode(() => "ffffffffffffff")).toMatch(/^\d{6}$/);
  });

  test("counts as sent, and is told as unavailable, when the mail service does not take it", async () => {
    const edge = edgeAsking("verified_mail", {
      mailer: { send: () => Promise.reject(new Error("the mail's transport answered 500")) },
    });
    const answer = await (await edge.open()).post(MAIL, { email: "ada@example.com" });
    expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(JSON.stringify(edge.logs)).not.toContain("ada@");
  });

  test.each(["ada", "ada@localhost", "ada@example.com\r\nBcc: all@example.com", "a,b@example.com"])(
    "is not sent to %j",
    async (email) => {
      const edge = edgeAsking("verified_mail");
      expect((await (await edge.open()).post(MAIL, { email })).body.code).toBe("invalid_request");
      expect(edge.mails).toEqual([]);
      expect(edge.state.calls.countIdentity).toBeUndefined();
    },
  );
});

describe("mails are bounded", () => {
  const limited = { status: 429, body: { code: "rate_limited" } };

  test("for one session, whatever addresses it names", async () => {
    const edge = edgeAsking("verified_mail");
    const caller = await edge.open();
    for (let sent = 0; sent < LIMITS.mailCodesPerSessionMax; sent += 1) {
      expect((await caller.post(MAIL, { email: `ada${sent}@example.com` })).status).toBe(202);
    }
    expect(await caller.post(MAIL, { email: "ada@example.com" })).toMatchObject(limited);
    expect(edge.mails).toHaveLength(LIMITS.mailCodesPerSessionMax);
  });

  test("for one mailbox, however many sessions ask and however they write it", async () => {
    const edge = edgeAsking("verified_mail");
    for (let sent = 0; sent < LIMITS.mailCodesPerMailMax; sent += 1) {
      const email = `ada+${sent}@example.com`;
      expect((await (await edge.open()).post(MAIL, { email })).status).toBe(202);
    }
    expect(await (await edge.open()).post(MAIL, { email: "ADA@example.com" })).toMatchObject(limited);
    expect((await (await edge.open()).post(MAIL, { email: "bob@example.com" })).status).toBe(202);
  });

  test("for one address of the network, a /64 being one", async () => {
    const seen: string[] = [];
    const edge = edgeAsking("verified_mail", {
      allowMailFrom: async (address) => seen.push(address) <= 1,
    });
    const from = async (address: string) =>
      (await edge.open()).post(MAIL, { email: "ada@example.com" }, { "CF-Connecting-IP": address });
    expect((await from("2001:db8:1:2::1")).status).toBe(202);
    expect(await from("2001:db8:1:2:ffff::1")).toMatchObject(limited);
    expect(new Set(seen)).toEqual(new Set(["2001:db8:1:2::/64"]));
  });
});

describe("the pages ask who it is", () => {
  const form = (edge: FakeEdge, path: string, cookie: string, fields: Record<string, string>) =>
    edge.send(path, {
      method: "POST",
      headers: {
        Cookie: cookie,
        Accept: "text/html",
        Origin: "https://shop.example",
        "Content-Type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams(fields).toString(),
    });
  const cookies = (headers: Headers) =>
    headers
      .getSetCookie()
      .map((line) => line.split(";", 1)[0])
      .join("; ");

  test("before they give a pass, by mail and code, without any script", async () => {
    const edge = edgeAsking("verified_mail");
    const joined = await form(edge, `/drops/${DROP}/line`, "", {});
    const cookie = cookies(joined.headers);
    const line = () => edge.send(`/drops/${DROP}/line`, { headers: { Cookie: cookie, Accept: "text/html" } });
    expect((await line()).headers.get("Location")).toBe(`/drops/${DROP}/identity`);
    const path = `/drops/${DROP}/identity`;
    expect((await form(edge, path, cookie, { email: "nobody" })).text).toContain("not a mail address");
    const asked = await form(edge, path, cookie, { email: "ada@example.com" });
    const challenge = /name="challenge" value="([^"]+)"/.exec(asked.text)?.[1] ?? "";
    const code = codeIn(edge);
    const refused = await form(edge, path, cookie, { challenge, code: wrong(code) });
    expect(refused.text).toContain("not the code");
    const spaced = `${code.slice(0, 3)} ${code.slice(3)}`;
    const shown = await form(edge, path, cookie, { challenge, code: spaced });
    expect(shown.headers.get("Location")).toBe(`/drops/${DROP}/line`);
    const ticket = cookie.split("; ").find((one) => one.startsWith("dropline_ticket")) ?? "";
    const renewedCookie = `${cookies(shown.headers)}; ${ticket}`;
    const turn = await edge.send(`/drops/${DROP}/line`, {
      headers: { Cookie: renewedCookie, Accept: "text/html" },
    });
    expect(turn.headers.getSetCookie().join()).toContain("dropline_pass");
  });
});

describe("a customer of the brand's shop comes over by its form", () => {
  const IDENTITY = `/drops/${DROP}/identity`;

  function comingFrom(identity = "signed_claim") {
    const shop = browse({ customerKeys: parseCustomerKeys("CUSTOMER_KEYS", CUSTOMER_KEYS) });
    shop.state.published$ = { ...shop.state.published$, document: documentOf({ limits: { identity } }) };
    admitAll(shop.state);
    /** As another site's form is sent: not one cookie of ours goes along. */
    const handOver = async (fields: Record<string, string>) => {
      const kept = [...shop.cookies];
      shop.cookies.clear();
      const headers = { Origin: "https://brand.example", "Sec-Fetch-Site": "cross-site" };
      const body = new URLSearchParams(fields);
      const answer = await shop.send(IDENTITY, { method: "POST", body, headers });
      const set = [...shop.cookies.keys()];
      for (const [name, cookie] of kept) shop.cookies.set(name, cookie);
      return { ...answer, set };
    };
    const session = async () =>
      tokensOf(shop).session.verify(shop.cookies.get("dropline_session")?.value ?? "");
    return { shop, handOver, session };
  }

  test("and is let in, having joined before or not", async () => {
    for (const isInLine of [true, false]) {
      const { shop, handOver, session } = comingFrom();
      if (isInLine) {
        const sent = await shop.press(await shop.send(`/drops/${DROP}`));
        expect(shop.at()).toBe(IDENTITY);
        expect(sent.text).toContain("Sign in at the shop");
      }
      const before = await session();
      const met = await handOver({ token: await signClaim() });
      expect(met.text).toContain("brand.example sent you here as its customer <strong>customer-1</strong>");
      const come = await shop.press(met);
      expect(await session()).toMatchObject({
        ...(before && { sub: before.sub }),
        cust: customerDigest({ issuer: ISSUER, subject: "customer-1" }),
      });
      const turn = isInLine ? come : await shop.press(come);
      await shop.press(turn, { "units-runner-42": "1" });
      expect(shop.at()).toBe(`/drops/${DROP}/basket`);
      expect(JSON.stringify(shop.logs)).not.toContain("eyJ");
    }
  });

  test("and nothing is taken on before they press, from whatever site they were sent", async () => {
    const { shop, handOver, session } = comingFrom();
    await shop.press(await shop.send(`/drops/${DROP}`));
    const before = await session();
    expect((await handOver({ token: await signClaim() })).set).toEqual([]);
    expect(await session()).toEqual(before);
    for (const fields of [{ claim: await signClaim() }, { email: "ada@example.com" }]) {
      expect((await handOver(fields)).status).toBe(403);
    }
    const both = { token: await signClaim(), claim: await signClaim() };
    expect((await handOver(both)).set).toEqual([]);
    const elsewhere = await shop.send(`/drops/${DROP}/line`, {
      method: "POST",
      body: new URLSearchParams({ token: await signClaim() }),
      headers: { Origin: "https://brand.example", "Sec-Fetch-Site": "cross-site" },
    });
    expect(elsewhere.status).toBe(403);
  });

  test("and a session that has shown one customer never becomes another's", async () => {
    const { shop, handOver, session } = comingFrom();
    await shop.press(await handOver({ token: await signClaim() }));
    const before = await session();
    const other = await shop.press(await handOver({ token: await signClaim({ sub: "customer-2" }) }));
    expect(other.status).toBe(422);
    expect(other.text).toContain("as another customer of the shop before");
    expect(await session()).toEqual(before);
    await shop.press(await handOver({ token: await signClaim() }));
    expect((await session())?.cust).toBe(before?.cust);
  });

  test("and a token that is not the shop's, or whose time is over by the press, shows the way back", async () => {
    const { shop, handOver, session } = comingFrom();
    const forged = await handOver({ token: "x.y.z" });
    expect([forged.status, forged.text.includes("not valid, or too old")]).toEqual([422, true]);
    const met = await handOver({ token: await signClaim() });
    shop.clock.set(OPENS_AT + 2 * LIMITS.customerTokenTtlMaxMs);
    const late = await shop.press(met);
    expect(late.text).toContain("not valid, or too old");
    expect((await session())?.cust).toBeUndefined();
  });

  test("and no mail stands in for it, nor the form for a mail", async () => {
    const { shop } = comingFrom();
    await shop.press(await shop.send(`/drops/${DROP}`));
    const body = new URLSearchParams({ email: "ada@example.com" });
    const mailed = await shop.send(IDENTITY, {
      method: "POST",
      body,
      headers: { Origin: "https://shop.example" },
    });
    expect(mailed.status).toBe(403);
    expect(shop.mails).toEqual([]);
    const byMail = comingFrom("verified_mail");
    expect((await byMail.handOver({ token: await signClaim() })).set).toEqual([]);
    expect(byMail.shop.at()).toBe(`/drops/${DROP}/line`);
  });
});

describe("an address of the network", () => {
  test("is counted apart for sessions and joins, a /64 being one", async () => {
    const seen: string[] = [];
    const edge = fakeEdge({ allowAddress: async (address) => seen.push(address) > 0 });
    await edge.send("/v1/sessions", { method: "POST", headers: { "CF-Connecting-IP": "2001:db8:1:2::1" } });
    const caller = await edge.open();
    await caller.post(`/v1/drops/${DROP}/tickets`, {}, { "CF-Connecting-IP": "2001:db8:1:2::2" });
    expect(seen).toEqual(["session 2001:db8:1:2::/64", "join 2001:db8:1:2::/64"]);
  });

  test("that joins far too often is shed, and its queue never asked", async () => {
    const edge = fakeEdge({ allowAddress: async (address) => !address.startsWith("join") });
    const caller = await edge.open();
    const refused = await caller.post(`/v1/drops/${DROP}/tickets`, {}, { "CF-Connecting-IP": "203.0.113.7" });
    expect(refused).toMatchObject({ status: 429, body: { code: "rate_limited" } });
    expect(edge.state.calls.join).toBeUndefined();
  });
});
