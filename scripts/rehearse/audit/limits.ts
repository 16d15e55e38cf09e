import type { SkuDocument } from "../../../schema/drop-document.ts";
import type { LedgerRow } from "../../../schema/rpc/sku-stock.ts";
import { type Evidence, type OrderSent, personBehind, type SkuEvidence } from "./evidence.ts";
import { MOVES } from "./stock.ts";
import { type Violation, violation } from "./violation.ts";

/**
 * Limits recomputed from the ledgers of the SKUs and from what the crowd knows of itself: never from the books that the
 * platform keeps about limits.
 */
export function auditLimits(evidence: Pick<Evidence, "skus" | "document" | "answers">): Violation[] {
  const { skus, document } = evidence;
  return [
    ...document.skus.flatMap((sku) => {
      const found = skus.find(({ skuId }) => skuId === sku.id);
      return found === undefined ? [] : auditPerShopper(found, sku, evidence.answers);
    }),
    ...auditPerCustomer(evidence),
    ...auditPerOrder(evidence, "mailbox", document.limits.unitsPerMail),
    ...auditPerOrder(evidence, "house", document.limits.unitsPerAddress),
    ...auditPerOrder(evidence, "card", document.limits.unitsPerInstrument),
  ];
}

/**
 * Replays the ledger person by person, whatever sessions they come with: at no row does one hold or own more units of a SKU
 * than the drop allows.
 */
function auditPerShopper(
  sku: SkuEvidence,
  { perShopper }: SkuDocument,
  answers: Evidence["answers"],
): Violation[] {
  const holderOf = personOf([sku], answers);
  return firstOver(sku.ledger, perShopper, { holderOf, unitsOf: taken }).map(({ holder, units, row }) =>
    violation(
      "limitBroken",
      `${sku.skuId}: ${holder} has ${units} of ${perShopper} units at ledger row ${row.seq} (${row.kind})`,
    ),
  );
}

/**
 * The same over all SKUs and over all sessions of one customer. An offer of a waiting list counts once it is bought: while it
 * is only offered nothing is claimed for it.
 */
function auditPerCustomer({ skus, document, answers }: Parameters<typeof auditLimits>[0]): Violation[] {
  const { unitsPerShopper } = document.limits;
  if (unitsPerShopper === null) return [];
  const offered = new Set(
    skus.flatMap(({ ledger }) => ledger).flatMap((row) => (row.kind === "offer" ? [row.reservationId] : [])),
  );
  const holderOf = personOf(skus, answers);
  const unitsOf = (row: LedgerRow) => (offered.has(row.reservationId) ? sold(row) : taken(row));
  return firstOver(inTime(skus, unitsOf), unitsPerShopper, { holderOf, unitsOf }).map(
    ({ holder, units, row }) =>
      violation(
        "limitBroken",
        `${holder} has ${units} of ${unitsPerShopper} units over all SKUs, at a ${row.kind} of ${row.reservationId}`,
      ),
  );
}

/** Units that were bought with one mailbox, to one house, by one card: at no time more than the drop allows. */
function auditPerOrder(
  { skus, answers }: Parameters<typeof auditLimits>[0],
  by: Extract<keyof OrderSent, "mailbox" | "house" | "card">,
  most: number | null,
): Violation[] {
  if (most === null) return [];
  const parties = new Map<string | null, string>(answers.sent.map((sent) => [sent.reservationId, sent[by]]));
  const holderOf = (row: LedgerRow) => parties.get(row.reservationId) ?? null;
  return firstOver(inTime(skus, sold), most, { holderOf, unitsOf: sold }).map(({ holder, units, row }) =>
    violation(
      "limitBroken",
      `${holder} bought ${units} of ${most} units, at a ${row.kind} of ${row.reservationId}`,
    ),
  );
}

/** Whose units a row is about. */
function personOf(skus: SkuEvidence[], answers: Evidence["answers"]): (row: LedgerRow) => string | null {
  const person = personBehind(answers);
  const shopperOf = holders(skus);
  return (row) => {
    const shopper = shopperOf(row);
    return shopper === null ? null : person(shopper);
  };
}

type Units = (row: LedgerRow) => number;

/** By the objects' clocks, which are one clock here; what ends in a millisecond ends first. */
function inTime(skus: SkuEvidence[], unitsOf: Units): LedgerRow[] {
  const rows = skus.flatMap((sku) => sku.ledger);
  return rows.toSorted((one, other) => one.atMs - other.atMs || unitsOf(one) - unitsOf(other));
}

function taken(row: LedgerRow): number {
  return (MOVES[row.kind].reserved ?? 0) * row.quantity + sold(row);
}

function sold({ kind, quantity }: LedgerRow): number {
  return (MOVES[kind].sold ?? 0) * quantity;
}

/** Whose a ledger row is. Of a reservation that was given back only the ticket is left, and a shopper has one. */
function holders(skus: SkuEvidence[]): (row: LedgerRow) => string | null {
  const rows = skus.flatMap((sku) => sku.reservations);
  const byReservation = new Map<string | null, string>(rows.map((row) => [row.reservationId, row.shopperId]));
  const byTicket = new Map<string | null, string>(rows.map((row) => [row.ticketId, row.shopperId]));
  return ({ reservationId, ticketId }) =>
    byReservation.get(reservationId) ?? byTicket.get(ticketId) ?? ticketId;
}

/** For each holder the first row at which it has more than so many units. */
function firstOver(
  ledger: LedgerRow[],
  most: number,
  { holderOf, unitsOf }: { holderOf: (row: LedgerRow) => string | null; unitsOf: Units },
) {
  const holding = new Map<string, number>();
  const over = new Map<string, { holder: string; units: number; row: LedgerRow }>();
  for (const row of ledger) {
    const holder = holderOf(row);
    if (holder === null) continue;
    const units = (holding.get(holder) ?? 0) + unitsOf(row);
    holding.set(holder, units);
    if (units > most && !over.has(holder)) over.set(holder, { holder, units, row });
  }
  return [...over.values()];
}
