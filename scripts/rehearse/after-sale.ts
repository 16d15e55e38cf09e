import type { OrderAnswer } from "../../schema/http.ts";
import type { BrandAct } from "./console-client.ts";
import { ENDPOINTS } from "./endpoints.ts";
import type { Ending, Visitor } from "./shopper.ts";
import { noteUnexpected } from "./traffic.ts";
import type { World } from "./world.ts";

type Noted = (answer: OrderAnswer) => void;

/** Some take their order back as soon as it is placed, while it may be paid for in the same instant. */
export async function cancelAtOnce(
  visitor: Visitor,
  world: World,
  order: OrderAnswer,
  noted: Noted,
): Promise<void> {
  if (visitor.plan.dealings.after === "cancels_at_once") await cancel(visitor, world, order, noted);
}

/** What befalls an order that was paid for: its shopper wants it no more, or the brand ships it or gives money back. */
export async function dealAfterwards(
  visitor: Visitor,
  world: World,
  order: OrderAnswer,
  noted: Noted,
): Promise<Ending> {
  const { orderId } = order;
  async function byBrand(act: BrandAct): Promise<boolean> {
    const { isAcknowledged, complaint } = await world.brand.act(
      orderId,
      `${act.kind}-${visitor.plan.index}`,
      act,
    );
    if (complaint !== null) noteUnexpected(world.client.traffic, `the brand's ${act.kind}: ${complaint}`);
    return isAcknowledged;
  }
  switch (visitor.plan.dealings.after) {
    case "keeps":
    case "cancels_at_once":
      return "confirmed";
    case "cancels_later":
      return (await cancel(visitor, world, order, noted)) ? "taken_back" : "confirmed";
    case "canceled_by_brand": {
      const restock = visitor.plan.index % 2 === 0;
      const isAcknowledged = await byBrand({ kind: "cancel", reason: "damaged in store", restock });
      world.answers.commands.push({ orderId, isAcknowledged, kind: "cancel", by: "brand" });
      return isAcknowledged ? "taken_back" : "confirmed";
    }
    case "shipped": {
      const trackingNumber = `T-${visitor.plan.index}`;
      const isAcknowledged = await byBrand({ kind: "ship", carrier: "Parcel", trackingNumber });
      world.answers.commands.push({ orderId, isAcknowledged, kind: "ship", trackingNumber });
      // Too late: what left the house is not taken back.
      if (isAcknowledged && visitor.plan.habits.isGreedy) await cancel(visitor, world, order, noted);
      return "confirmed";
    }
    case "refunded": {
      const { act, amountMinor, unitsBack } = refundOf(visitor, order);
      const isAcknowledged = await byBrand(act);
      world.answers.commands.push({ orderId, isAcknowledged, kind: "refund", amountMinor, unitsBack });
      return "confirmed";
    }
  }
}

/** True once the shop says that the order is canceled. */
async function cancel(
  { plan, address, session, giveUpMs }: Visitor,
  world: World,
  { orderId }: OrderAnswer,
  noted: Noted,
): Promise<boolean> {
  const path = `/v1/orders/${orderId}/cancel`;
  const key = `cancel-${plan.index}`;
  const request = { method: "POST", path, address, session, key, body: {} } as const;
  const clicks = plan.habits.doubleClicks ? 2 : 1;
  const ask = () => world.client.persist(ENDPOINTS.cancel, request, giveUpMs);
  const replies = await Promise.all(Array.from({ length: clicks }, ask));
  const done = replies.find((reply) => reply.ok);
  world.answers.commands.push({ orderId, isAcknowledged: done !== undefined, kind: "cancel", by: "shopper" });
  if (done?.ok) noted(done.value);
  return done !== undefined;
}

/** A tenth of the price, or one unit's price with the unit, or all that was paid with all units. */
function refundOf({ plan }: Visitor, { lines, totalMinor }: OrderAnswer) {
  const reason = "not as described";
  const [line] = lines;
  if (line === undefined) throw new Error("an order without lines was confirmed");
  const unit = [{ skuId: line.skuId, quantity: 1 }];
  switch (plan.dealings.refund) {
    case "amount": {
      const amountMinor = Math.ceil(totalMinor / 10);
      return {
        act: { kind: "refund", amountMinor, restock: false, reason } as const,
        amountMinor,
        unitsBack: 0,
      };
    }
    case "unit":
      return {
        act: { kind: "refund", lines: unit, restock: true, reason } as const,
        amountMinor: line.unitPriceMinor,
        unitsBack: 1,
      };
    case "whole":
      return {
        act: { kind: "refund", restock: true, reason } as const,
        amountMinor: totalMinor,
        unitsBack: lines.reduce((units, { quantity }) => units + quantity, 0),
      };
  }
}
