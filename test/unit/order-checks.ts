import { isLive } from "../../durable-objects/limit-guard/decide.ts";
import { isForGood } from "../../durable-objects/order-coordinator/amend.ts";
import { claimsOf, unitsClaimed } from "../../durable-objects/order-coordinator/claims.ts";
import { isSettled, statusOf } from "../../durable-objects/order-coordinator/decide.ts";
import type { NotedReservation, OrderRecord } from "../../durable-objects/order-coordinator/records.ts";
import { unitsTaken } from "../../durable-objects/sku-stock/decide.ts";
import { SHOPPERS, TERMS } from "./order-acts.ts";
import type { World } from "./order-world.ts";
import { type bench, shopperId } from "./sku-stock-fakes.ts";

type Bench = ReturnType<typeof bench>;

/** What must hold at every moment. */
export function checkAlways(world: World): void {
  for (const sku of world.skus.values()) checkSku(sku);
  for (const basket of world.baskets()) checkBasketCounted(world, basket);
  for (const record of world.orders()) {
    if (isForGood(record.facts.cancelReason)) world.over.add(record.orderId);
    must(
      !world.over.has(record.orderId) || statusOf(record.facts) === "canceled",
      "a canceled order is revived",
    );
    checkCounted(world, record);
    if (statusOf(record.facts) !== "confirmed") continue;
    must(
      unitsClaimed(record, "commit") === 0 || world.unitsOf(record).every((state) => state === "committed"),
      "confirmed without its units",
    );
    must(world.payments.capturesOf.get(record.orderId) === 1, "confirmed without exactly one capture");
  }
}

/** The units of an order that goes on count, each in all its limits. */
function checkCounted(world: World, record: OrderRecord): void {
  const { wanted, units, pinRefusal, returns } = record.facts;
  const holds = wanted === "sell" && pinRefusal === null && units !== "unpinned" && units !== "returned";
  const least = unitsClaimed(record, returns.length > 0 ? "return" : "commit");
  if (!holds || least === 0) return;
  for (const { identity, claimId } of claimsOf(record, units === "committed" ? "commit_late" : "pin")) {
    const claim = world.limits.claims.get(identity)?.find((row) => row.claimId === claimId);
    must(claim?.untilMs === null && claim.units >= least, `${identity} counts less than ${least} units`);
  }
}

/** So does a basket that no order has, until its claim's own deadline. */
function checkBasketCounted(world: World, noted: NotedReservation): void {
  if (!noted.claim?.made || noted.isGivenBack || noted.orderId !== null) return;
  const rows = noted.lines.map(({ skuId }) => world.skuOf(skuId).rows.get(noted.reservationId));
  if (noted.claim.made.untilMs <= world.nowMs || !rows.every((row) => row?.state === "held")) return;
  const { identity } = noted.claim;
  const claim = world.limits.claims.get(identity)?.find((row) => row.claimId === noted.reservationId);
  must(
    claim?.units === rows.length && isLive(claim, world.nowMs),
    `${identity} does not count basket ${noted.reservationId}`,
  );
}

function checkSku(sku: Bench): void {
  const { stock, available, reserved, sold } = sku.counts;
  const rows = [...sku.rows.values()];
  const units = (...states: string[]) =>
    rows
      .filter((row) => states.includes(row.state))
      .reduce((sum, row) => sum + row.quantity - row.returned, 0);
  must(Math.min(available, reserved, sold) >= 0, "a count is negative");
  must(stock === available + reserved + sold, "units are not conserved");
  must(reserved === units("held", "pinned") && sold === units("committed"), "counts and rows differ");
  for (let number = 1; number <= SHOPPERS; number += 1) {
    const taken = unitsTaken(rows.filter((row) => row.shopperId === shopperId(number)));
    must(taken <= TERMS.perShopper, "a shopper has more than the limit");
  }
}

/** What must hold once everything is over. */
export function checkAtRest(world: World): void {
  const orders = world.orders();
  const known = new Set(orders.map((order) => order.orderId));
  for (const id of world.acknowledged) must(known.has(id), "an acknowledged order is lost");
  for (const record of orders) checkEnd(world, record);
  checkLastingClaims(world, orders);
  const rows = [...world.skus.values()].flatMap((sku) => [...sku.rows.values()]);
  for (const row of rows) {
    must(row.state !== "held" && row.state !== "pinned", `${row.reservationId} is ${row.state} for ever`);
    if (row.state !== "committed" || row.orderId === null) continue;
    const owner = orders.find((order) => order.orderId === row.orderId);
    must(owner && statusOf(owner.facts) === "confirmed", "units are sold to an order that is not confirmed");
  }
  for (const payment of world.payments.gateway.payments.values()) {
    must(known.has(payment.orderId), "money of an order that does not exist");
  }
}

function checkEnd(world: World, record: OrderRecord): void {
  const { orderId: id, facts } = record;
  const status = statusOf(facts);
  const states = world.unitsOf(record);
  must(facts.refund === null || facts.attention !== null, `${id} owes a refund, and nobody told`);
  must(facts.returns.length === 0, `${id} has units that never came back`);
  const unitsLeft = unitsClaimed(record, "commit");
  const isSold = status === "confirmed" && unitsLeft > 0;
  const isWhole = states.every((state) => (state === "committed") === isSold);
  must(isWhole, `${id} is ${status} with ${states}`);
  checkClaims(world, record, isSold ? unitsLeft : 0);
  must(facts.token === null, `${id} keeps its token`);
  must(isSettled(facts), `${id} is ${status} and not settled`);
  const kept = [...world.payments.gateway.payments.values()].filter(
    (payment) => payment.orderId === id && (payment.status === "authorized" || payment.status === "captured"),
  );
  const own = world.payments.gateway.payments.get(facts.paymentRef ?? "");
  must((own?.refundedMinor ?? 0) === facts.refundedMinor, "more or less went back than is known");
  if (status === "confirmed") {
    must(own?.status === facts.money, "confirmed with other money");
    must(
      facts.money === "captured" || facts.refundedMinor === facts.totalMinor,
      "confirmed without its money",
    );
    const others = kept.filter(({ ref }) => ref !== facts.paymentRef);
    must(others.length === 0 || facts.attention !== null, "money is kept twice, and nobody told");
    return;
  }
  must(status === "canceled", `${id} ended as ${status}`);
  must(facts.cancelReason !== null, "canceled for no reason");
  must(kept.length === 0 || facts.attention !== null, `canceled, and ${kept[0]?.status} money kept`);
}

/** Claims end as the units do. */
function checkClaims(world: World, { orderId: id, request, facts }: OrderRecord, units: number): void {
  const instrument = facts.instrument === null ? [] : [`instrument:${facts.instrument}`];
  const own = [...request.claims.map(({ identity }) => identity), ...(world.hasLimits ? instrument : [])];
  const claims = [
    ...own.map((identity) => ({ identity, claimId: id as string })),
    ...(request.basketClaim
      ? [{ identity: request.basketClaim.identity, claimId: request.reservationId }]
      : []),
  ];
  for (const { identity, claimId } of claims) {
    const claim = world.limits.claims
      .get(identity)
      ?.find((row) => row.claimId === claimId && isLive(row, world.nowMs));
    must((claim?.units ?? 0) === units, `${identity} counts ${claim?.units} units and not ${units}`);
  }
}

/** Nothing counts for ever that no order has sold. */
function checkLastingClaims(world: World, orders: readonly OrderRecord[]): void {
  const ids = new Set<string>(orders.flatMap((order) => [order.orderId, order.request.reservationId]));
  for (const [identity, rows] of world.limits.claims)
    for (const { claimId, untilMs } of rows)
      must(untilMs !== null || ids.has(claimId), `${identity} counts units of nobody's ${claimId}`);
}

export function must(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
