import { createHmac } from "node:crypto";
import { DropDocument } from "../../schema/drop-document.ts";
import type { OrderAnswer } from "../../schema/http.ts";
import type { AuditedOrder } from "../../schema/rpc/orders.ts";
import type { LedgerRow, Reservation } from "../../schema/rpc/sku-stock.ts";
import type { LedgerKind } from "../../schema/statuses.ts";
import type { AttemptRow, OrderRow } from "../../schema/tables.ts";
import type { Evidence } from "../../scripts/rehearse/audit/evidence.ts";

export const OPENS_AT_MS = Date.parse("2027-03-01T10:00:00Z");
const SEED = "5e".repeat(32);

const hex = (n: number, digits: number) => n.toString(16).padStart(digits, "0");
export const shopperId = (n: number) => `shp_${hex(n, 32)}`;
export const ticketId = (n: number) => hex(n, 32);
export const reservationId = (n: number) => `rsv_${hex(n, 32)}`;
export const orderId = (n: number) => `ord_00${hex(n, 32)}`;

/** Places are written out here once more, so that the audit's own arithmetic is held against something. */
export const rank = (n: number) => {
  const digest = createHmac("sha256", Buffer.from(SEED, "hex"))
    .update(Buffer.from(ticketId(n), "hex"))
    .digest("hex");
  return (
    Number.parseInt(digest.slice(0, 13), 16) / 2 ** 52 +
    (Number.parseInt(digest.slice(13, 14), 16) >> 3) / 2 ** 53
  );
};

const MOVES: Record<string, [available: number, reserved: number, sold: number]> = {
  reserve: [-1, 1, 0],
  lapse: [1, -1, 0],
  release: [1, -1, 0],
  commit: [0, -1, 1],
  reverse: [1, 0, -1],
  late: [-1, 0, 1],
  give_back: [1, -1, 0],
  offer: [-1, 1, 0],
};

/** Writes a ledger the way a SKU's object would. */
export function ledgerOf(
  stock: number,
  moves: [kind: LedgerKind, shopper: number, atMs: number][],
): LedgerRow[] {
  let counts = { stock, available: stock, reserved: 0, sold: 0 };
  const first: LedgerRow = {
    seq: 1,
    atMs: OPENS_AT_MS - 1_000,
    kind: "configure",
    reservationId: null,
    ticketId: null,
    quantity: stock,
    adjustmentId: null,
    reason: null,
    ...counts,
  };
  const rows = moves.map(([kind, n, atMs], index): LedgerRow => {
    const [available, reserved, sold] = MOVES[kind] ?? [0, 0, 0];
    counts = {
      stock,
      available: counts.available + available,
      reserved: counts.reserved + reserved,
      sold: counts.sold + sold,
    };
    const row = {
      seq: index + 2,
      atMs,
      kind,
      reservationId: reservationId(n),
      ticketId: ticketId(n),
      quantity: 1,
      adjustmentId: null,
      reason: null,
      ...counts,
    };
    return row as LedgerRow;
  });
  return [first, ...rows];
}

export function reservationOf(n: number, changes: Partial<Reservation> = {}): Reservation {
  return {
    reservationId: reservationId(n),
    skuId: "runner",
    shopperId: shopperId(n),
    ticketId: ticketId(n),
    quantity: 1,
    unitPriceMinor: 9_900,
    currency: "EUR",
    version: "v",
    state: "committed",
    createdAtMs: OPENS_AT_MS + 2_000,
    deadlineAtMs: OPENS_AT_MS + 12_000,
    orderId: orderId(n),
    returned: 0,
    ...changes,
  } as Reservation;
}

export function orderOf(n: number, changes: Partial<AuditedOrder> = {}): AuditedOrder {
  return {
    orderId: orderId(n),
    dropId: "spring",
    shopperId: shopperId(n),
    reservationId: reservationId(n),
    status: "confirmed",
    cancelReason: null,
    money: "captured",
    lines: [{ skuId: "runner", quantity: 1, unitPriceMinor: 9_900, totalMinor: 9_900 }],
    subtotalMinor: 9_900,
    charges: [],
    totalMinor: 9_900,
    currency: "EUR",
    refund: "none",
    refundedMinor: 0,
    fulfillment: "unshipped",
    shipments: [],
    shippingAddress: null,
    consents: null,
    isCancelable: true,
    paymentUrl: null,
    placedAtMs: OPENS_AT_MS + 3_000,
    updatedAtMs: OPENS_AT_MS + 4_000,
    pollAfterMs: null,
    version: 4,
    projectedVersion: 4,
    sessionRef: null,
    paymentRef: `pay_${n}`,
    attention: null,
    attempts: [
      {
        attempt: 1,
        operation: "authorize",
        state: "final",
        outcome: "succeeded",
        ref: `pay_${n}`,
        reason: null,
        tries: 1,
      },
      {
        attempt: 2,
        operation: "capture",
        state: "final",
        outcome: "succeeded",
        ref: `pay_${n}`,
        reason: null,
        tries: 1,
      },
    ],
    ...changes,
  } as AuditedOrder;
}

export function answerOf(order: AuditedOrder): OrderAnswer {
  const {
    shopperId: _shopper,
    reservationId: _reservation,
    version: _version,
    projectedVersion: _projected,
    sessionRef: _session,
    paymentRef: _payment,
    attention: _attention,
    attempts: _attempts,
    ...answer
  } = order;
  return answer;
}

export function rowOf(order: AuditedOrder): OrderRow {
  const {
    attempts: _attempts,
    projectedVersion: _projected,
    sessionRef: _session,
    subtotalMinor: _subtotal,
    paymentUrl: _url,
    pollAfterMs: _poll,
    refund: _refund,
    consents,
    isCancelable: _cancelable,
    ...rest
  } = order;
  const termsVersion = consents?.termsVersion ?? null;
  return { ...rest, termsVersion, email: "a@example.com", gateway: "sandbox" };
}

/** Shopper 1 bought one of two units, shopper 2 let theirs lapse: a small drop in which everything is as it should be. */
export function soundEvidence(): Evidence {
  const at = (ms: number) => OPENS_AT_MS + ms;
  const ledger = ledgerOf(2, [
    ["reserve", 1, at(2_000)],
    ["reserve", 2, at(2_000)],
    ["commit", 1, at(4_000)],
    ["lapse", 2, at(12_000)],
  ]);
  const reservations = [reservationOf(1), reservationOf(2, { state: "lapsed", orderId: null })];
  const order = orderOf(1);
  const given = reservations.map((row, index) => ({
    shopperId: row.shopperId as string,
    key: `reserve-${index}`,
    answer: {
      reservationId: row.reservationId,
      lines: [
        { skuId: row.skuId, quantity: 1, unitPriceMinor: row.unitPriceMinor, totalMinor: row.unitPriceMinor },
      ],
      subtotalMinor: row.unitPriceMinor,
      currency: row.currency,
      expiresAtMs: row.deadlineAtMs,
    },
  }));
  return {
    document: DropDocument.parse({
      id: "spring",
      name: "Spring",
      currency: "EUR",
      lobbyOpensAt: new Date(OPENS_AT_MS - 60_000).toISOString(),
      opensAt: new Date(OPENS_AT_MS).toISOString(),
      closesAt: new Date(OPENS_AT_MS + 60_000).toISOString(),
      skus: [{ id: "runner", name: "Runner", stock: 2, priceMinor: 9_900 }],
    }),
    skus: [
      {
        skuId: "runner",
        level: { skuId: "runner" as never, stock: 2, available: 1, reserved: 0, sold: 1 },
        ledger,
        reservations,
      },
    ],
    orders: [order],
    orderRows: [rowOf(order)],
    attemptRows: order.attempts.map(
      (attempt): AttemptRow => ({ ...attempt, orderId: order.orderId, version: 4 }) as AttemptRow,
    ),
    gateway: [
      { orderId: orderId(1), kind: "authorized", paymentRef: "pay_1", amountMinor: 9_900 },
      { orderId: orderId(1), kind: "captured", paymentRef: "pay_1", amountMinor: 9_900 },
    ],
    record: {
      cohorts: [
        {
          cohort: 0,
          count: 2,
          root: SEED,
          closedAtMs: OPENS_AT_MS,
          beaconRound: null,
          signature: SEED.repeat(2),
          before: 0,
          link: SEED,
          beaconSignature: null,
          seed: SEED,
          revealedAtMs: OPENS_AT_MS,
        },
      ],
      steps: [
        { step: 0, atMs: at(500), cohort: 0, rank: 0, admitted: 0 },
        { step: 1, atMs: at(1_500), cohort: 0, rank: 1, admitted: 2 },
      ],
    },
    proof: {
      verdict: {
        status: "holds",
        checks: [],
        findings: [],
        summary: {
          commitment: null,
          version: null,
          notes: [],
          windows: 1,
          inWindows: 2,
          joined: 2,
          heldApart: 0,
          steps: 2,
          ledgers: [
            {
              skuId: "runner",
              rows: 4,
              stock: 2,
              available: 1,
              reserved: 0,
              sold: 1,
              published: 2,
              addedByHand: 0,
              removedByHand: 0,
              takenByHand: 0,
              soldByTicket: 1,
              soldByHand: 0,
              own: 0,
            },
          ],
        },
        own: null,
        witnessed: [],
      },
      log: new Map([1, 2].map((n) => [ticketId(n), 0])),
    },
    answers: {
      tickets: [1, 2].map((n) => ({
        shopperId: shopperId(n),
        ticketId: ticketId(n),
        cohort: 0,
        cohortClosesAtMs: OPENS_AT_MS,
      })),
      passes: [1, 2].map((n) => ({ ticketId: ticketId(n), cohort: 0, rank: rank(n), issuedAtMs: at(1_800) })),
      reservations: given,
      givenBack: [],
      orders: [
        { shopperId: shopperId(1), key: "place-1", reservationId: reservationId(1), answer: answerOf(order) },
      ],
      parties: [],
      sent: [],
      waiting: [],
      offers: [],
      left: [],
      commands: [],
    },
    collectedAtMs: at(30_000),
  };
}
