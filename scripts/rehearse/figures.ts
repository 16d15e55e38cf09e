import type { Evidence, SkuEvidence } from "./audit/evidence.ts";
import type { GatewayBooks } from "./gateway-client.ts";
import type { Kill } from "./kills.ts";
import type { Traffic } from "./traffic.ts";
import type { Tally } from "./world.ts";

/** The value below which this part of the values lies (nearest rank); null of none. */
export function percentile(values: number[], part: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? null;
}

type Measured = {
  evidence: Evidence;
  traffic: Traffic;
  tally: Tally;
  books: GatewayBooks;
  kills: Kill[];
  crowdSeconds: number;
  drainSeconds: number;
  parked: number;
};

export type Figures = ReturnType<typeof computeFigures>;

/** When orders were confirmed, by their own clock: whatever befalls one later changes it again. */
function firstConfirmedAtMs(told: Evidence["answers"]["orders"]): Map<string, number> {
  const first = new Map<string, number>();
  for (const { answer } of told) {
    const { orderId, status, updatedAtMs } = answer;
    if (status === "confirmed") first.set(orderId, Math.min(updatedAtMs, first.get(orderId) ?? updatedAtMs));
  }
  return first;
}

/**
 * What was measured. `seconds` runs from the first request to reserve (client's clock) to the last confirmation by the
 * orders' own clock (same machine, same clock); `purchases` are the orders that are confirmed in the end.
 */
export function computeFigures({ evidence, traffic, tally, books, kills, ...rest }: Measured) {
  const { orders, skus, answers } = evidence;
  const confirmed = orders.filter((order) => order.status === "confirmed");
  const toldAtMs = firstConfirmedAtMs(answers.orders);
  const confirmedAtMs = confirmed.map((order) => toldAtMs.get(order.orderId) ?? order.updatedAtMs);
  const firstAtMs = tally.firstReserveAtMs ?? 0;
  const lastAtMs = confirmedAtMs.reduce((last, atMs) => Math.max(last, atMs), firstAtMs);
  const seconds = (lastAtMs - firstAtMs) / 1_000;
  const perSecond = [...Map.groupBy(confirmedAtMs, (atMs) => Math.floor(atMs / 1_000)).values()].map(
    (list) => list.length,
  );
  const sum = (pick: (sku: SkuEvidence) => number) => skus.reduce((total, sku) => total + pick(sku), 0);

  return {
    purchases: confirmed.length,
    seconds: round(seconds, 2),
    purchasesPerSecond: seconds > 0 ? round(confirmed.length / seconds, 1) : 0,
    purchasesInBusiestSecond: Math.max(0, ...perSecond),
    p50Ms: roundOrNull(percentile(traffic.latenciesMs, 0.5)),
    p99Ms: roundOrNull(percentile(traffic.latenciesMs, 0.99)),
    reserveToConfirmedP50Ms: roundOrNull(percentile(tally.purchaseMs, 0.5)),
    reserveToConfirmedP99Ms: roundOrNull(percentile(tally.purchaseMs, 0.99)),
    httpRequests: traffic.requests,
    httpRequestsPerSecond: rest.crowdSeconds > 0 ? round(traffic.requests / rest.crowdSeconds, 0) : 0,
    endpoints: Object.fromEntries(
      Object.entries(traffic.byEndpoint).map(([name, { requests, latenciesMs }]) => [
        name,
        {
          requests,
          p50Ms: roundOrNull(percentile(latenciesMs, 0.5)),
          p99Ms: roundOrNull(percentile(latenciesMs, 0.99)),
        },
      ]),
    ),
    refusals: traffic.refusals,
    unexpected: traffic.unexpected.count,
    unreachable: traffic.unreachable,
    serverErrors: traffic.serverErrors,
    retries: traffic.retries,
    gaveUp: traffic.gaveUp,
    visits: tally.endings,
    units: { stock: sum((sku) => sku.level?.stock ?? 0), sold: sum((sku) => sku.level?.sold ?? 0) },
    reservations: sum((sku) => sku.reservations.length),
    orders: countBy(orders, (order) =>
      order.status === "canceled" ? `canceled: ${order.cancelReason}` : order.status,
    ),
    money: countBy(orders, (order) => order.money),
    refunds: countBy(orders, (order) => order.refund),
    fulfillment: countBy(orders, (order) => order.fulfillment),
    gateway: {
      captures: books.entries.filter((entry) => entry.kind === "captured").length,
      refunds: books.entries.filter((entry) => entry.kind === "refunded").length,
      refusedDoubleCaptures: books.refusedDoubleCaptures,
      webhooks: books.webhooks,
      faults: books.injected,
    },
    kills: kills.length,
    killsWithShoppersHere: kills.filter((kill) => kill.shoppersHere > 0).length,
    restartSeconds: kills.map((kill) => round(kill.awayMs / 1_000, 2)),
    crowdSeconds: round(rest.crowdSeconds, 1),
    drainSeconds: round(rest.drainSeconds, 1),
    parkedMessages: rest.parked,
    /** How much the audit had to look at: an audit of nothing finds nothing. */
    audited: {
      ledgerRows: sum((sku) => sku.ledger.length),
      gatewayEntries: evidence.gateway.length,
      tickets: answers.tickets.length,
      passes: answers.passes.length,
      reservationsTold: answers.reservations.length,
      reservationRepeats: repeatsIn(answers.reservations),
      ordersTold: answers.orders.length,
      orderRepeats: repeatsIn(answers.orders.filter((given) => given.key !== null)),
      placesToldOnWaitingLists: answers.waiting.length,
      offersTold: answers.offers.length,
      commandsAcknowledged: answers.commands.filter((command) => command.isAcknowledged).length,
    },
  };
}

function repeatsIn(given: { shopperId: string; key: string | null }[]): number {
  return given.length - new Set(given.map(({ shopperId, key }) => `${shopperId} ${key}`)).size;
}

function countBy<Item>(items: Item[], keyOf: (item: Item) => string): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(items, keyOf)].map(([key, group]) => [key, group.length]));
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

const roundOrNull = (value: number | null) => (value === null ? null : round(value, 1));
