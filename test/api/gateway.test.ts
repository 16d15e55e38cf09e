import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { OrderAnswer, ReservationAnswer } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { CancelReason, MoneyState, OrderStatus } from "../../schema/statuses.ts";
import { signWebhook } from "../../scripts/sandbox/courier.ts";
import { freshOrder } from "../unit/sandbox-client.ts";
import { ask, expectRefusal, type Reply, told } from "./ask.ts";
import { eventually } from "./eventually.ts";
import { atGateway, Shopper } from "./shopper.ts";
import {
  auditedOrder,
  fresh,
  LETS_ALL_IN,
  misbehave,
  moneyOf,
  publishDrop,
  startWorld,
  unitsOf,
  type World,
} from "./world.ts";

/** A request that hangs ends as a broken connection after this: the shop learns nothing, and does so soon. */
const HANG_MS = 300;
/** Carried out and answered after the shop has given up on it. */
const LATE_MS = LIMITS.gatewayTimeoutMs + 400;
const UNTIL_ALL_SETTLED_MS = 25_000;

let world: World;
/** The two that take longest go first, and are looked at last. */
let late: ReturnType<typeof endOf>;
let unpaid: Promise<void>;
beforeAll(async () => {
  world = await startWorld();
  misbehave(world, { hangMs: HANG_MS, lateMs: LATE_MS, webhookDropRate: 1 });
  late = endOf("tok_late");
  unpaid = offerOnWhatNobodyPays();
  // Whoever looks at them is told; until then a failure must not end the run.
  late.catch(() => {});
  unpaid.catch(() => {});
});
afterAll(() => world?.end());

type End = { status: OrderStatus; cancelReason: CancelReason | null; money: MoneyState };
const CONFIRMED: End = { status: "confirmed", cancelReason: null, money: "captured" };
const canceled = (cancelReason: CancelReason, money: MoneyState): End => ({
  status: "canceled",
  cancelReason,
  money,
});

/** How one purchase ends: for its shopper, in the gateway's books, and at the SKU's object (available/reserved/sold of 1). */
async function endOf(
  token: string,
): Promise<End & { captures: number; doubleCaptures: number; units: string }> {
  const drop = await publishDrop(world, { timing: { unknownHoldMs: 5_000, paymentWindowMs: 60_000 } });
  const shopper = await Shopper.arrived(world);
  const { orderId } = await shopper.orderedByToken(drop.id, drop.sku, token);
  const order = await eventually(
    `the end of ${token}`,
    async () => {
      const seen = await shopper.seen(orderId);
      const isOver =
        seen.status === "confirmed" || (seen.status === "canceled" && seen.money !== "authorized");
      if (!isOver) throw new Error(`it is ${seen.status}, money ${seen.money}`);
      return seen;
    },
    UNTIL_ALL_SETTLED_MS,
  );
  const { status, cancelReason, money } = order;
  const { captures, doubleCaptures } = await moneyOf(world, orderId);
  return {
    status,
    cancelReason,
    money,
    captures,
    doubleCaptures,
    units: await unitsOf(world, drop.id, drop.sku),
  };
}

/** No webhook tells of the session's end here either. */
async function offerOnWhatNobodyPays(): Promise<void> {
  const drop = await publishDrop(world, { ...LETS_ALL_IN, timing: { paymentWindowMs: 5_000 } });
  const [first, second] = await Promise.all([Shopper.arrived(world), Shopper.arrived(world)]);
  const [{ orderId, paymentUrl }, { pass }] = await Promise.all([
    first.sentToPay(drop.id, drop.sku),
    second.admitted(drop.id),
  ]);
  const reserve = () => second.reserve(drop.id, { pass, skuId: drop.sku });
  expectRefusal(await reserve(), "all_reserved");
  const order = await first.settled(orderId, UNTIL_ALL_SETTLED_MS);
  expect(order).toMatchObject(canceled("payment_expired", "none"));
  told(await reserve(), 201, ReservationAnswer);
  expect((await atGateway(paymentUrl, "pay")).status).toBe(410);
  expect(await moneyOf(world, orderId)).toMatchObject({ authorizations: 0, captures: 0 });
}

const SOLD_ONCE = { ...CONFIRMED, captures: 1, doubleCaptures: 0, units: "0/0/1" };
const GIVEN_BACK = { captures: 0, doubleCaptures: 0, units: "1/0/0" };
const ENDS = {
  tok_timeout_before: SOLD_ONCE,
  tok_timeout_after: SOLD_ONCE,
  tok_capture_timeout_after: SOLD_ONCE,
  tok_capture_declined: { ...canceled("capture_failed", "voided"), ...GIVEN_BACK },
  tok_error_500: { ...canceled("payment_unknown", "none"), ...GIVEN_BACK },
};
const TOKENS = Object.keys(ENDS) as (keyof typeof ENDS)[];

describe("a gateway that misbehaves, and never sends a webhook", () => {
  it.concurrent.each(TOKENS)(
    "ends a purchase with %s in one capture or none, with its unit sold or given back",
    async (token) => {
      expect(await endOf(token)).toEqual(ENDS[token]);
    },
  );

  it.concurrent("does not hide that a shopper paid at its page: the poll finds it", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const { orderId, paymentUrl } = await shopper.sentToPay(drop.id, drop.sku);
    await atGateway(paymentUrl, "pay");
    expect(await shopper.settled(orderId)).toMatchObject(CONFIRMED);
    expect(await moneyOf(world, orderId)).toMatchObject({ captures: 1, doubleCaptures: 0 });
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("0/0/1");
  });
});

describe.concurrent("a gateway that misbehaves, and sends every webhook twice and out of order", () => {
  beforeAll(() => misbehave(world, { hangMs: HANG_MS, webhookDuplicateRate: 1, webhookDelayMs: 400 }));

  const swift = TOKENS.filter((token) => token !== "tok_error_500");
  it.concurrent.each(swift)(
    "ends a purchase with %s in one capture or none, with its unit sold or given back",
    async (token) => {
      expect(await endOf(token)).toEqual(ENDS[token]);
    },
  );
});

/** Beside the one above, with the same gateway: none of this minds what comes twice or late. */
describe.concurrent("the webhook door", () => {
  const eventOf = (type: string, data: object) =>
    JSON.stringify({ type, timestamp: new Date().toISOString(), data });
  const paid = (order: string, amountMinor = 12_900) =>
    eventOf("payment.authorized", {
      order,
      paymentId: "pay_1",
      sessionId: null,
      amountMinor,
      currency: "EUR",
    });

  type Sent = { secret?: string; signedAtMs?: number; sentBody?: string; headers?: Record<string, string> };
  function deliver(body: string, sent: Sent = {}): Promise<Reply> {
    const { secret = world.secrets.sandboxWebhookSecret, signedAtMs = Date.now() } = sent;
    const signed = signWebhook(secret, { messageId: fresh("msg"), body, nowMs: signedAtMs });
    return ask(`${world.platform.urls.payments}/webhooks/sandbox`, {
      method: "POST",
      headers: { ...signed, ...sent.headers },
      body: sent.sentBody ?? body,
    });
  }

  it("refuses what another key has signed, what was changed, and what is not signed at all", async () => {
    const body = paid(freshOrder());
    const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
    expectRefusal(await deliver(body, { secret }), "signature_invalid");
    expectRefusal(await deliver(body, { sentBody: body.replace("12900", "12901") }), "signature_invalid");
    expectRefusal(await deliver(body, { headers: { "webhook-id": "msg_other" } }), "signature_invalid");
    expectRefusal(await deliver(body, { headers: { "webhook-signature": "" } }), "signature_invalid");
    const unsigned = { method: "POST", body };
    expectRefusal(
      await ask(`${world.platform.urls.payments}/webhooks/sandbox`, unsigned),
      "signature_invalid",
    );
  });

  it("refuses what was signed more than five minutes before or after now", async () => {
    const body = paid(freshOrder());
    const minutes = (count: number) => ({ signedAtMs: Date.now() + count * 60_000 });
    expectRefusal(await deliver(body, minutes(-6)), "signature_invalid");
    expectRefusal(await deliver(body, minutes(6)), "signature_invalid");
    expect((await deliver(body, minutes(-4))).status).toBe(204);
  });

  it("takes in events of unknown orders and of unknown kinds, so that no gateway sends them for ever", async () => {
    expect((await deliver(paid(freshOrder()))).status).toBe(204);
    expect((await deliver(eventOf("payment.disputed", { any: "thing" }))).status).toBe(204);
  });

  it("refuses what it cannot read", async () => {
    expectRefusal(await deliver("{"), "invalid_json");
    expectRefusal(await deliver(eventOf("payment.captured", { order: "ord_1" })), "invalid_request");
    expectRefusal(await deliver("x".repeat(LIMITS.webhookBodyMaxBytes + 1)), "body_too_large");
    expectRefusal(
      await ask(`${world.platform.urls.payments}/webhooks/nobody`, { method: "POST" }),
      "not_found",
    );
  });

  it("changes nothing by the repeat of an event", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const { orderId } = await shopper.orderedByToken(drop.id, drop.sku);
    await shopper.settled(orderId);
    const before = await auditedOrder(world, orderId);
    const data = {
      order: orderId,
      paymentId: before.paymentRef,
      sessionId: null,
      amountMinor: 12_900,
      currency: "EUR",
    };
    for (const type of ["payment.captured", "payment.authorized", "payment.captured"]) {
      expect((await deliver(eventOf(type, data))).status).toBe(204);
    }
    const { projectedVersion: _, ...same } = before;
    expect(await auditedOrder(world, orderId)).toMatchObject(same);
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("0/0/1");
    expect(await moneyOf(world, orderId)).toMatchObject({ captures: 1, doubleCaptures: 0 });
  });

  it("does not confirm an order for an amount that is not its own: a person is asked to look", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const { orderId } = await shopper.sentToPay(drop.id, drop.sku);
    expect((await deliver(paid(orderId, 1))).status).toBe(204);
    expect(told(await shopper.look(orderId), 200, OrderAnswer)).toMatchObject({
      status: "awaiting_payment",
      money: "none",
    });
    expect(await auditedOrder(world, orderId)).toMatchObject({ attention: "amount_differs" });
    expect(await moneyOf(world, orderId)).toMatchObject({ captures: 0 });
  });

  it("answers late money for an order that was given up with a free unit", async () => {
    const drop = await publishDrop(world, { timing: { paymentWindowMs: 60_000 } });
    const shopper = await Shopper.arrived(world);
    const { orderId } = await shopper.orderedByToken(drop.id, drop.sku, "tok_declined");
    expect(await shopper.settled(orderId)).toMatchObject({ status: "canceled" });
    // The gateway changes its mind: the books have a payment that the order was told it would never get.
    const late = await ask(`${world.sandbox.url}/v1/payments`, {
      method: "POST",
      token: world.secrets.sandboxApiKey,
      key: `${orderId}:late`,
      body: { order: orderId, amountMinor: 12_900, currency: "EUR", token: "tok_ok" },
    });
    told(late, 201, z.object({ id: z.string() }));
    const confirmed = await eventually("the late money's unit", async () => {
      const order = await shopper.seen(orderId);
      return order.status === "confirmed" ? order : undefined;
    });
    expect(confirmed).toMatchObject(CONFIRMED);
    expect(await moneyOf(world, orderId)).toMatchObject({ captures: 1, refundedMinor: 0 });
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("0/0/1");
  });

  it("answers late money with its way back when no unit is left", async () => {
    const drop = await publishDrop(world);
    const [shopper, other] = await Promise.all([Shopper.arrived(world), Shopper.arrived(world)]);
    const { orderId } = await shopper.orderedByToken(drop.id, drop.sku, "tok_declined");
    await shopper.settled(orderId);
    await other.settled((await other.orderedByToken(drop.id, drop.sku)).orderId);
    await ask(`${world.sandbox.url}/v1/payments`, {
      method: "POST",
      token: world.secrets.sandboxApiKey,
      key: `${orderId}:late`,
      body: { order: orderId, amountMinor: 12_900, currency: "EUR", token: "tok_ok" },
    });
    const returned = await eventually("the money's way back", async () => {
      const order = await shopper.seen(orderId);
      return order.money === "voided" || order.money === "refunded" ? order : undefined;
    });
    expect(returned).toMatchObject({ status: "canceled" });
    expect(await moneyOf(world, orderId)).toMatchObject({ captures: 0, voidedMinor: 12_900 });
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("0/0/1");
  });
});

describe("a gateway that is slow, or waits for a shopper who does not come", () => {
  it("ends a purchase that it answers after the shop has given up on it in one capture", async () => {
    expect(await late).toEqual(SOLD_ONCE);
  });

  it("does not keep the unit from the next in line: the session that nobody pays is ended", async () => {
    await unpaid;
  });
});
