import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { parseCustomerKeys } from "../../workers/edge/identity/customer-keys.ts";
import { customerDigest } from "../../workers/edge/identity/identities.ts";
import { browse } from "./edge-browser.ts";
import { admitAll } from "./edge-fakes.ts";
import { CUSTOMER_KEYS, ISSUER, signClaim, tokensOf } from "./edge-identified.ts";
import { DROP, documentOf, OPENS_AT } from "./edge-samples.ts";

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
