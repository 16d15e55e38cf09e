import { describe, expect, test } from "vitest";
import { customerDigest, mailDigest } from "../../workers/edge/identity/identities.ts";
import { fakeEdge } from "./edge-fakes.ts";
import {
  CLAIM,
  edgeAsking,
  ISSUER,
  passOf,
  renewed,
  signClaim,
  tokensOf,
  verified,
} from "./edge-identified.ts";
import { DROP } from "./edge-samples.ts";

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
