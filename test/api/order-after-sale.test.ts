import { randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OrderAnswer } from "../../schema/http.ts";
import { type Asked, expectRefusal, type Reply, told } from "./ask.ts";
import { eventually } from "./eventually.ts";
import { Shopper } from "./shopper.ts";
import { askConsole, moneyOf, publishDrop, rowsOf, startWorld, unitsOf, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

const ADDRESS = { name: "Ada", line1: "Hauptstr. 12a", city: "Berlin", postalCode: "10115", country: "DE" };
const CONSENT = { termsVersion: "2027-02" };
const SHIPS = {
  shipping: {
    regions: [
      {
        countries: ["DE"],
        label: "Parcel",
        amountMinor: 490,
        taxRatePermyriad: 1_900,
        isTaxIncluded: false,
      },
    ],
  },
  terms: { version: "2027-02", url: "https://shop.example/terms" },
};
const TOTAL = 12_900 + 490 + 2_544;

/** A basket that is ready to be ordered, and a way to order it by whatever body. */
async function atCheckout(more: Record<string, unknown> = {}, token = "tok_ok") {
  const drop = await publishDrop(world, { more, skus: [{ stock: 3 }] });
  const shopper = await Shopper.arrived(world);
  const { reservationId } = await shopper.held(drop.id, drop.sku);
  const order = (body: Record<string, unknown> = {}, key?: string) =>
    shopper.post(
      `/drops/${drop.id}/orders`,
      {
        reservationId,
        contact: { email: "ada@example.com" },
        payment: { kind: "token", token },
        ...body,
      },
      key,
    );
  return { drop, shopper, order };
}

async function confirmed(more: Record<string, unknown> = {}, token = `tok_ok#${randomUUID()}`) {
  const { drop, shopper, order } = await atCheckout(more, token);
  const placed = told(await order(), 202, OrderAnswer);
  expect(await shopper.settled(placed.orderId)).toMatchObject({ status: "confirmed", isCancelable: true });
  return { drop, shopper, orderId: placed.orderId };
}

const command = (
  orderId: string,
  verb: string,
  body: unknown,
  key: string = randomUUID(),
  asked: Asked = {},
) => askConsole(world, `/orders/${orderId}/${verb}`, { method: "POST", body, key, ...asked });
const orderIn = (reply: Reply) => told(reply, 200, OrderAnswer);

describe.concurrent("placing an order where the drop ships and has terms", () => {
  it("asks for consent and an address it ships to, and changes nothing until it has both", async () => {
    const { drop, order } = await atCheckout(SHIPS);
    const problem = expectRefusal(await order({ shippingAddress: ADDRESS }), "terms_not_accepted");
    expect(problem.detail).toContain("2027-02");
    expectRefusal(await order({ consents: CONSENT }), "shipping_address_missing");
    const far = { ...ADDRESS, country: "NZ" };
    expectRefusal(await order({ consents: CONSENT, shippingAddress: far }), "not_shipped_there");
    expectRefusal(
      await order({ consents: CONSENT, shippingAddress: { ...ADDRESS, country: "ZZ" } }),
      "invalid_request",
    );
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("2/1/0");
  });

  it("costs the same in the answer, at the gateway and in D1, and records address and consent", async () => {
    const { drop, shopper, order } = await atCheckout(SHIPS);
    const body = { consents: CONSENT, shippingAddress: ADDRESS };
    const key = randomUUID();
    const placed = told(await order(body, key), 202, OrderAnswer);
    expect(placed).toMatchObject({
      subtotalMinor: 12_900,
      charges: [
        { kind: "shipping", label: "Parcel", amountMinor: 490, isIncluded: false },
        { kind: "tax", label: "Tax 19 %", amountMinor: 2_544, isIncluded: false },
      ],
      totalMinor: TOTAL,
      shippingAddress: ADDRESS,
      consents: { termsVersion: "2027-02", atMs: placed.placedAtMs },
    });
    expect(told(await order(body, key), 202, OrderAnswer).orderId).toBe(placed.orderId);
    expectRefusal(await order({ ...body, consents: undefined }, key), "idempotency_key_reused");
    await shopper.settled(placed.orderId);
    expect(await moneyOf(world, placed.orderId)).toMatchObject({ captures: 1, capturedMinor: TOTAL });
    await eventually("its row", async () => {
      const [row] = await rowsOf(world, drop.id);
      expect(row).toMatchObject({
        status: "confirmed",
        totalMinor: TOTAL,
        charges: placed.charges,
        shippingAddress: ADDRESS,
        termsVersion: "2027-02",
        fulfillment: "unshipped",
      });
      return row;
    });
  });
});

describe.concurrent("a quote of the brand's endpoint", () => {
  it("is charged as signed; for another price it refuses the order and gives the basket back", async () => {
    const { publicKey, privateKey } = await generateKeyPair("EdDSA");
    const { x } = await exportJWK(publicKey);
    const keys = [{ kid: "q1", alg: "EdDSA", kty: "OKP", crv: "Ed25519", x }];
    const shipping = { quoteUrl: "https://quotes.shop.com/quote", keys, countries: ["DE"] };
    const drop = await publishDrop(world, { more: { shipping }, skus: [{ stock: 2 }] });
    const order = async (subtotalMinor: number) => {
      const shopper = await Shopper.arrived(world);
      const { reservationId } = await shopper.held(drop.id, drop.sku);
      const charges = [{ kind: "shipping", label: "Courier", amountMinor: 990, isIncluded: false }];
      const shippingQuote = await new SignJWT({
        drop: drop.id,
        reservation: reservationId,
        shippingAddress: ADDRESS,
        currency: "EUR",
        subtotalMinor,
        charges,
      })
        .setProtectedHeader({ alg: "EdDSA", kid: "q1" })
        .setAudience("dropline-quote")
        .setExpirationTime("10m")
        .sign(privateKey);
      const body = {
        reservationId,
        contact: { email: "ada@example.com" },
        payment: { kind: "token", token: "tok_ok" },
        shippingAddress: ADDRESS,
      };
      const place = (more: object) => shopper.post(`/drops/${drop.id}/orders`, { ...body, ...more });
      expectRefusal(await place({}), "shipping_quote_missing");
      expectRefusal(await place({ shippingQuote: `${shippingQuote}x` }), "shipping_quote_invalid");
      return place({ shippingQuote });
    };
    expect(told(await order(12_900), 202, OrderAnswer)).toMatchObject({ totalMinor: 13_890 });
    expectRefusal(await order(1), "shipping_quote_invalid");
    expect(await unitsOf(world, drop.id, drop.sku)).toMatch(/^1\//);
  });
});

describe.concurrent("limits", () => {
  it("of a mail hold over sessions, however it is written", async () => {
    const drop = await publishDrop(world, { skus: [{ stock: 5 }], more: { limits: { unitsPerMail: 1 } } });
    const order = async (email: string) => {
      const shopper = await Shopper.arrived(world);
      const { reservationId } = await shopper.held(drop.id, drop.sku);
      const payment = { kind: "token", token: "tok_ok" };
      return shopper.post(`/drops/${drop.id}/orders`, { reservationId, contact: { email }, payment });
    };
    told(await order("a.b@gmail.com"), 202, OrderAnswer);
    expectRefusal(await order("AB+2@googlemail.com"), "shopper_limit_reached");
    told(await order("c@gmail.com"), 202, OrderAnswer);
  });

  it("of a card hold over sessions: the second order is voided, its unit free again", async () => {
    const drop = await publishDrop(world, {
      skus: [{ stock: 5 }],
      more: { limits: { unitsPerInstrument: 1 } },
    });
    const bought = async (token: string) => {
      const shopper = await Shopper.arrived(world);
      const { orderId } = await shopper.orderedByToken(drop.id, drop.sku, token);
      return shopper.settled(orderId);
    };
    expect(await bought("tok_ok#one")).toMatchObject({ status: "confirmed" });
    const second = await bought("tok_ok#one");
    expect(second).toMatchObject({ status: "canceled", cancelReason: "limit_reached", money: "voided" });
    expect(await bought("tok_ok#two")).toMatchObject({ status: "confirmed" });
    expect(await moneyOf(world, second.orderId)).toMatchObject({ captures: 0, voidedMinor: 12_900 });
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("3/0/2");
  });
});

describe.concurrent("canceling", () => {
  it("by the shopper sends the money back and the unit too, once", async () => {
    const { drop, shopper, orderId } = await confirmed();
    const key = randomUUID();
    const cancel = (body: unknown = {}) => shopper.post(`/orders/${orderId}/cancel`, body, key);
    expect(orderIn(await cancel())).toMatchObject({ status: "canceled", cancelReason: "by_shopper" });
    orderIn(await cancel());
    expectRefusal(await cancel({ reason: "other" }), "invalid_request");
    expectRefusal(await shopper.post(`/orders/${orderId}/cancel`, {}), "order_canceled");
    expect(await shopper.settled(orderId)).toMatchObject({
      money: "refunded",
      refund: "refunded",
      isCancelable: false,
    });
    expect(await moneyOf(world, orderId)).toMatchObject({ captures: 1, refundedMinor: 12_900 });
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("3/0/0");
  });

  it("of somebody else's order, or without a key, does nothing", async () => {
    const { shopper, orderId } = await confirmed();
    const other = await Shopper.arrived(world);
    expectRefusal(await other.post(`/orders/${orderId}/cancel`, {}), "order_not_found");
    const keyless = await shopper.ask(`/orders/${orderId}/cancel`, { method: "POST", body: {} });
    expectRefusal(keyless, "idempotency_key_missing");
    expect(await shopper.seen(orderId)).toMatchObject({ status: "confirmed" });
  });

  it("by a shopper is over with the drop's time for it, and stays open to the brand", async () => {
    const { drop, shopper, order } = await atCheckout({ orders: { cancelWindowMs: 0 } });
    const { orderId } = told(await order(), 202, OrderAnswer);
    expect(await shopper.settled(orderId)).toMatchObject({ isCancelable: false });
    expectRefusal(await shopper.post(`/orders/${orderId}/cancel`, {}), "cancel_window_over");
    const body = { reason: "cannot be made", restock: false };
    const key = randomUUID();
    expect(orderIn(await command(orderId, "cancel", body, key))).toMatchObject({ cancelReason: "by_brand" });
    orderIn(await command(orderId, "cancel", body, key));
    expectRefusal(
      await command(orderId, "cancel", { ...body, restock: true }, key),
      "idempotency_key_reused",
    );
    expect(await shopper.settled(orderId)).toMatchObject({ refund: "refunded" });
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("2/0/0");
  });
});

describe.concurrent("refunding", () => {
  it("in part and then the rest never sends back more than was paid", async () => {
    const { drop, shopper, orderId } = await confirmed();
    const part = { amountMinor: 900, restock: false, reason: "late" };
    const key = randomUUID();
    orderIn(await command(orderId, "refunds", part, key));
    orderIn(await command(orderId, "refunds", part, key));
    expectRefusal(
      await command(orderId, "refunds", { ...part, amountMinor: 1 }, key),
      "idempotency_key_reused",
    );
    expect(await shopper.settled(orderId)).toMatchObject({
      status: "confirmed",
      refund: "partly_refunded",
      refundedMinor: 900,
    });
    expectRefusal(
      await command(orderId, "refunds", { ...part, amountMinor: 12_001 }),
      "refund_exceeds_captured",
    );
    const lines = [{ skuId: drop.sku, quantity: 1 }];
    expectRefusal(
      await command(orderId, "refunds", { amountMinor: 1, restock: true, reason: "x" }),
      "invalid_request",
    );
    orderIn(await command(orderId, "refunds", { lines, amountMinor: 12_000, restock: true, reason: "back" }));
    expect(await shopper.settled(orderId)).toMatchObject({ money: "refunded", refundedMinor: 12_900 });
    expect(await moneyOf(world, orderId)).toMatchObject({ captures: 1, refundedMinor: 12_900 });
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("3/0/0");
    expectRefusal(
      await command(orderId, "refunds", { lines, amountMinor: 1, restock: true, reason: "x" }),
      "return_exceeds_sold",
    );
  });
});

describe.concurrent("shipping", () => {
  it("is told with its parcel; a shipped order is not canceled any more", async () => {
    const { drop, shopper, orderId } = await confirmed();
    const parcel = { carrier: "Post", trackingNumber: "JJ1", trackingUrl: "https://post.example/JJ1" };
    expectRefusal(
      await command(orderId, "shipments", { ...parcel, lines: [{ skuId: drop.sku, quantity: 2 }] }),
      "shipment_exceeds_order",
    );
    const key = randomUUID();
    const shipped = orderIn(await command(orderId, "shipments", parcel, key));
    expect(shipped).toMatchObject({ fulfillment: "shipped", shipments: [parcel], isCancelable: false });
    expect(orderIn(await command(orderId, "shipments", parcel, key)).shipments).toHaveLength(1);
    expectRefusal(await command(orderId, "shipments", parcel), "shipment_exceeds_order");
    expectRefusal(await shopper.post(`/orders/${orderId}/cancel`, {}), "order_shipped");
    expectRefusal(await command(orderId, "cancel", { reason: "x" }), "order_shipped");
    await eventually("its row", async () => {
      const [row] = await rowsOf(world, drop.id);
      expect(row).toMatchObject({ fulfillment: "shipped", shipments: [parcel] });
      return row;
    });
  });

  it("of an order that does not exist, or by nobody in particular, is refused", async () => {
    const orderId = `ord_00${"0".repeat(32)}`;
    const parcel = { carrier: "Post", trackingNumber: "JJ1" };
    expectRefusal(await command(orderId, "shipments", parcel), "order_not_found");
    expectRefusal(await command("nonsense", "refunds", parcel), "order_not_found");
    expectRefusal(
      await command(orderId, "shipments", parcel, randomUUID(), { token: "x".repeat(40) }),
      "operator_token_invalid",
    );
  });
});
