import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import type { OrderAnswer } from "../../schema/http.ts";
import { SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { AmountMinor } from "../../schema/money.ts";
import { refuse } from "../../schema/result.ts";
import type { PlaceItem, PlaceRefusal } from "../../schema/rpc/orders.ts";
import { postedQuotes, type QuoteRequest } from "../../workers/edge/checkout/brand-quotes.ts";
import { signOrderToken } from "../../workers/order-link.ts";
import { browse } from "./edge-browser.ts";
import { type Answer, admitAll } from "./edge-fakes.ts";
import { DROP, documentOf, OPENS_AT, ORIGIN } from "./edge-samples.ts";

const DROP_PAGE = `/drops/${DROP}`;
const CHECKOUT = `${DROP_PAGE}/checkout`;

const regions = [
  {
    countries: ["DE", "AT"],
    label: "Standard shipping",
    amountMinor: 490,
    taxRatePermyriad: 1_900,
    isTaxIncluded: true,
  },
  {
    countries: ["CH"],
    label: "Express shipping",
    amountMinor: 1_490,
    taxRatePermyriad: 810,
    isTaxIncluded: false,
  },
];
const SHIPS = { shipping: { regions } };
const TERMS = { terms: { version: "2027-03-01", url: "https://shop.example/terms" } };
const ADA = {
  email: "ada@example.com",
  name: "Ada Lovelace",
  line1: "Hauptstr. 1",
  city: "Berlin",
  postalCode: "10115",
  country: "DE",
};

type Shop = ReturnType<typeof browse>;

async function atCheckout(
  changes: Record<string, unknown> = {},
  deps: Parameters<typeof browse>[0] = {},
): Promise<{ shop: Shop; checkout: Answer }> {
  const shop = browse(deps);
  admitAll(shop.state);
  shop.state.published$ = { ...shop.state.published$, document: documentOf(changes) };
  await shop.press(await shop.press(await shop.send(DROP_PAGE)), { "units-runner-42": "1" });
  return { shop, checkout: await shop.send(CHECKOUT) };
}

function refusePlacing({ state }: Shop, code: PlaceRefusal["code"]): void {
  Object.assign(state, {
    place: async (_shard: number, items: PlaceItem[]) => items.map(() => refuse({ code })),
  });
}

const placedBy = (shop: Shop) => [...shop.state.orders.values()].map(({ item }) => item);

describe("the checkout of a drop that ships", () => {
  test("asks where to, shows every amount, and orders only then", async () => {
    const { shop, checkout } = await atCheckout(SHIPS);
    expect(checkout.text).toContain("Before shipping");
    expect(checkout.text).not.toContain("Order and pay");
    expect(checkout.text).toMatch(/<option value="CH">Switzerland<\/option>/);
    expect(checkout.text).not.toContain('value="FR"');
    const review = await shop.press(checkout, { ...ADA, country: "CH", step: "contact" });
    expect(placedBy(shop)).toEqual([]);
    expect(review.text).toContain("Express shipping");
    expect(review.text).toContain("€14.90");
    expect(review.text).toContain("Tax 8.1 %");
    expect(review.text).toContain("Order and pay €155.56");
    expect(review.text).toContain("Hauptstr. 1");
    await shop.press(review, { step: "order" });
    expect(shop.at()).toMatch(/^\/orders\/ord_/);
    const { email, country, ...rest } = ADA;
    expect(placedBy(shop)[0]?.terms).toMatchObject({
      ok: true,
      value: { shippingAddress: { ...rest, country: "CH" }, charging: { kind: "table" } },
    });
  });

  test("names included tax for information, and adds none of it", async () => {
    const { shop, checkout } = await atCheckout(SHIPS);
    const review = await shop.press(checkout, { ...ADA, step: "contact" });
    expect(review.text).toContain("Includes Tax 19 %");
    expect(review.text).toContain("Order and pay €133.90");
  });

  test("says beside each field what is missing, and keeps what was typed", async () => {
    const { shop, checkout } = await atCheckout(SHIPS);
    const again = await shop.press(checkout, {
      ...ADA,
      city: "",
      country: "FR",
      email: "ada",
      step: "order",
    });
    expect(again.status).toBe(422);
    expect(shop.at()).toBe(CHECKOUT);
    for (const field of ["email", "city"]) {
      expect(again.text).toContain(`href="#${field}"`);
      expect(again.text).toMatch(new RegExp(`<input id="${field}"[^>]* aria-describedby="${field}-problem"`));
    }
    expect(shop.form(again).fields).toMatchObject({ ...ADA, city: "", country: "", email: "ada" });
    const there = await shop.press(again, { ...ADA, country: "FR", step: "order" });
    expect(there.text).toContain("This drop does not ship to France.");
    const long = await shop.press(there, { ...ADA, name: "x".repeat(2_000), step: "order" });
    expect(long.text).toContain("This is too long.");
    expect(placedBy(shop)).toEqual([]);
  });

  test("leads back from the amounts to what was typed", async () => {
    const { shop, checkout } = await atCheckout(SHIPS);
    const review = await shop.press(checkout, { ...ADA, step: "contact" });
    const edit = await shop.press(review, { step: "edit" });
    expect(shop.form(edit).fields).toMatchObject(ADA);
  });
});

describe("the checkout of a drop whose shipping is quoted", () => {
  const URL_ASKED = "https://quotes.shop.com/quote";
  const EUR = { currency: "EUR", subtotalMinor: 12_900 };
  const charges = [{ kind: "shipping", label: "By bike", amountMinor: 700, isIncluded: false }];

  /** The brand's endpoint, and a shopper at the checkout of its drop. */
  async function quoting(
    change: (claims: Record<string, unknown>) => Record<string, unknown> = (same) => same,
  ) {
    const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
    const asked: (QuoteRequest & { url: string })[] = [];
    const ask = async (url: string, request: QuoteRequest) => {
      asked.push({ ...request, url });
      const { drop, reservation, shippingAddress } = request;
      const claims = change({ drop, reservation, shippingAddress, ...EUR, charges });
      return new SignJWT(claims)
        .setProtectedHeader({ alg: "EdDSA", kid: "q1" })
        .setAudience("dropline-quote")
        .setExpirationTime(new Date(OPENS_AT + 600_000))
        .sign(privateKey);
    };
    const { crv, x, kty } = await exportJWK(publicKey);
    const keys = [{ kid: "q1", alg: "EdDSA", crv, x, kty }];
    const shipping = { quoteUrl: URL_ASKED, keys, countries: ["DE", "AT"] };
    return { asked, ...(await atCheckout({ shipping }, { brandQuotes: { ask } })) };
  }

  test("asks the brand for this basket and address, shows its amounts, and orders with the quote", async () => {
    const { shop, checkout, asked } = await quoting();
    const review = await shop.press(checkout, { ...ADA, step: "contact" });
    const [reservation] = shop.state.reservations.keys();
    expect(asked).toMatchObject([{ url: URL_ASKED, drop: DROP, reservation, ...EUR }]);
    expect(review.text).toContain("By bike");
    expect(review.text).toContain("Order and pay €136.00");
    await shop.press(review, { step: "order" });
    expect(asked.length).toBe(1);
    expect(placedBy(shop)[0]?.terms).toMatchObject({
      ok: true,
      value: { charging: { kind: "quote", charges } },
    });
  });

  test("shows the amounts again when the quote is not the one that was shown", async () => {
    const { shop, checkout } = await quoting();
    const review = await shop.press(checkout, { ...ADA, step: "contact" });
    const again = await shop.press(review, { step: "order", quote: "made.up.quote" });
    expect(placedBy(shop)).toEqual([]);
    expect(again.text).toContain("Order and pay €136.00");
  });

  test("asks anew for another address in the same country", async () => {
    const { shop, checkout, asked } = await quoting();
    const review = await shop.press(checkout, { ...ADA, step: "contact" });
    const again = await shop.press(review, { step: "order", postalCode: "27498", city: "Helgoland" });
    expect(placedBy(shop)).toEqual([]);
    expect(again.text).toContain("Order and pay");
    expect(asked.map(({ shippingAddress }) => shippingAddress.city)).toEqual(["Berlin", "Helgoland"]);
  });

  test("says so when the brand does not answer, or answers for something else, and keeps what was typed", async () => {
    const { shipping } = (await quoting()).shop.state.published$.document;
    const silent = await atCheckout({ shipping });
    const answers = [
      await silent.shop.press(silent.checkout, { ...ADA, step: "contact" }),
      await quoting((claims) => ({ ...claims, drop: "other" })).then(({ shop, checkout }) =>
        shop.press(checkout, { ...ADA, step: "contact" }),
      ),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(422);
      expect(answer.text).toContain("Please go on again");
      expect(silent.shop.form(answer).fields).toMatchObject(ADA);
    }
    expect(silent.shop.logs).toMatchObject([{ event: "no_quote" }]);
  });
});

describe("the brand's endpoint for quotes", () => {
  const request = {} as QuoteRequest;
  const asking = (answer: Response) =>
    postedQuotes(async () => answer).ask("https://quotes.shop.com/quote", request, { toLoopback: false });

  test("is believed only for a quote of a sane size in a 200", async () => {
    expect(await asking(Response.json({ quote: "a.b.c" }))).toBe("a.b.c");
    const longest = "q".repeat(LIMITS.shippingQuoteMaxChars);
    expect(await asking(Response.json({ quote: longest }))).toBe(longest);
    const padding = " ".repeat(LIMITS.quoteAnswerMaxBytes);
    const refused = [
      Response.json({ quote: `${longest}q` }),
      Response.json({ quote: "a.b.c" }, { status: 201 }),
      new Response(null, { status: 302, headers: { location: "https://elsewhere.example" } }),
      new Response("<html>"),
      new Response(`{"quote":"a.b.c"}${padding}`),
    ];
    for (const answer of refused) await expect(asking(answer)).rejects.toThrow();
  });
});

describe("the checkout", () => {
  test("orders only with consent to the terms as they stand, and records their version", async () => {
    const { shop, checkout } = await atCheckout(TERMS);
    expect(checkout.text).toContain('href="https://shop.example/terms"');
    for (const [terms, words] of [
      ["", "you have to agree to the terms"],
      ["2026-01-01", "The terms have changed"],
    ] as const) {
      const again = await shop.press(checkout, { email: "a@example.com", step: "order", terms });
      expect(again.status).toBe(422);
      expect(again.text).toContain(words);
      expect(again.text).toMatch(/<input id="terms"[^>]* aria-invalid="true"/);
      expect(again.text).toContain('value="a@example.com"');
    }
    expect(placedBy(shop)).toEqual([]);
    await shop.press(checkout, { email: "a@example.com", step: "order", terms: "2027-03-01" });
    expect(placedBy(shop)[0]?.terms).toMatchObject({ ok: true, value: { termsVersion: "2027-03-01" } });
  });

  test("takes a test token in test mode, and no other token ever", async () => {
    const { shop, checkout } = await atCheckout();
    expect(checkout.text).toContain("Test mode.");
    await shop.press(checkout, { email: "a@example.com", payment: "tok_declined" });
    expect(placedBy(shop)[0]?.payment).toEqual({ kind: "token", token: "tok_declined" });
    const other = await atCheckout();
    await other.shop.press(other.checkout, { email: "a@example.com", payment: "tok_made_up" });
    expect(placedBy(other.shop)[0]?.payment).toEqual({ kind: "redirect" });
  });

  test("in live mode offers no test payment, and takes none", async () => {
    const { shop } = await atCheckout();
    const document = { ...documentOf(), mode: "live" as const };
    const version = "b".repeat(64);
    shop.state.published$ = { ...shop.state.published$, version, document };
    shop.state.snapshot$ = { ...shop.state.snapshot$, version };
    shop.clock.set(shop.clock.now() + 2_000);
    await shop.send(DROP_PAGE);
    const checkout = await shop.send(CHECKOUT);
    expect(checkout.text).not.toMatch(/Test mode|tok_ok/);
    await shop.press(checkout, { email: "a@example.com", payment: "tok_ok" });
    expect(placedBy(shop)[0]?.payment).toEqual({ kind: "redirect" });
  });

  test.each<[PlaceRefusal["code"], number, string]>([
    ["shopper_limit_reached", 409, "more than this drop allows"],
    ["unavailable", 503, "it is ordered once"],
    ["request_in_progress", 409, "it is written once"],
  ])("that is refused with %s is shown again with what was typed", async (code, status, words) => {
    const { shop, checkout } = await atCheckout();
    refusePlacing(shop, code);
    const again = await shop.press(checkout, { email: "a@example.com" });
    expect(again.status).toBe(status);
    expect(again.text).toContain(words);
    expect(again.text).toContain('value="a@example.com"');
  });

  test("that came too late says so on a page, with the way back", async () => {
    const { shop, checkout } = await atCheckout();
    refusePlacing(shop, "reservation_lapsed");
    const late = await shop.press(checkout, { email: "a@example.com" });
    expect(late.status).toBe(409);
    expect(late.text).toContain("Nothing was charged.");
    expect(late.text).toContain(`href="${DROP_PAGE}/line"`);
  });
});

describe("an order's page", () => {
  async function ordered(changes: Partial<OrderAnswer> = {}) {
    const { shop, checkout } = await atCheckout();
    await shop.press(checkout, { email: "a@example.com" });
    const [orderId = ""] = shop.state.orders.keys();
    shop.state.change(orderId, { status: "confirmed", money: "captured", pollAfterMs: null, ...changes });
    const path = `/orders/${orderId}`;
    return { shop, orderId, path, page: await shop.send(path) };
  }
  const minor = (amount: number) => AmountMinor.parse(amount);

  test("shows lines, charges, total, parcels and what went back, in words", async () => {
    const { page } = await ordered({
      charges: [
        { kind: "shipping", label: "Standard <b>shipping</b>", amountMinor: minor(490), isIncluded: false },
        { kind: "tax", label: "Tax 19 %", amountMinor: minor(2_138), isIncluded: true },
      ],
      totalMinor: minor(13_390),
      refund: "partly_refunded",
      refundedMinor: minor(1_000),
      fulfillment: "shipped",
      shipments: [
        {
          carrier: "DHL",
          trackingNumber: "123",
          trackingUrl: "https://dhl.example/123",
          lines: [{ skuId: SkuId.parse("runner-42"), quantity: 1 }],
          atMs: 0,
        },
        { carrier: "Post", trackingNumber: "456", trackingUrl: "javascript:alert(1)", lines: [], atMs: 0 },
      ],
    });
    for (const words of [
      "1 × Runner, EU 42",
      "Standard &lt;b&gt;shipping&lt;/b&gt;",
      "€133.90",
      "Includes Tax 19 %",
      "€10.00 of it went back to you.",
      "It is on its way.",
      'href="https://dhl.example/123"',
      "<code>456</code>",
    ]) {
      expect(page.text).toContain(words);
    }
    expect(page.text).not.toContain("javascript:");
  });

  test("cancels with one press where that is allowed, and offers it nowhere else", async () => {
    expect((await ordered()).page.text).not.toContain("/cancel");
    const { shop, path, page } = await ordered({ isCancelable: true });
    const canceled = await shop.press(page, {}, { action: "/cancel" });
    expect(shop.at()).toBe(path);
    expect(canceled.text).toContain("This order was canceled");
    expect(canceled.text).toContain("You canceled it.");
    await shop.press(page, {}, { action: "/cancel" });
    expect(shop.state.cancels.size).toBe(1);
    expect(shop.at()).toBe(path);
  });

  test("opened by a mail's link shows all and cancels nothing: a mail is read by others too", async () => {
    const { shop, orderId, path } = await ordered({ isCancelable: true });
    const shopperId = shop.state.orders.get(orderId)?.item.shopperId ?? "";
    const opened = { orderId, shopperId } as Parameters<typeof signOrderToken>[2];
    const token = await signOrderToken(shop.deps.linkKeys, "link", opened, shop.clock.now());
    shop.cookies.clear();
    const page = await shop.send(`${path}?access=${token}`);
    expect(page.text).toContain("It is yours");
    expect(page.text).not.toContain("/cancel");
    const pressed = await shop.send(`${path}/cancel`, {
      method: "POST",
      body: new URLSearchParams({ key: "k1" }),
      headers: { Origin: ORIGIN },
    });
    expect(pressed.status).toBe(401);
    expect(shop.state.cancels.size).toBe(0);
  });

  test("says why it can no longer be canceled", async () => {
    const { shop, page } = await ordered({ isCancelable: true });
    shop.state.cancelOrders = async (_shard, items) => items.map(() => refuse({ code: "order_shipped" }));
    const refused = await shop.press(page, {}, { action: "/cancel" });
    expect(refused.status).toBe(409);
    expect(refused.text).toContain("It has been sent already");
    expect(refused.text).toContain("What you ordered");
  });
});
