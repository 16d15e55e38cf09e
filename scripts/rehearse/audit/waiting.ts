import type { LedgerRow } from "../../../schema/rpc/sku-stock.ts";
import { type Evidence, personBehind, type SkuEvidence, type WaitingGiven } from "./evidence.ts";
import { type Violation, violation } from "./violation.ts";

type Books = Pick<Evidence, "skus" | "answers" | "collectedAtMs">;
/** Somebody who waits, and the row of the ledger that ended it; null: nobody was offered anything. */
type Place = WaitingGiven & { offer: LedgerRow | null; leftAtMs: number };

/**
 * Nobody on a waiting list is overtaken: whoever came certainly later and wants no less is not offered a unit before, no
 * ordinary reservation takes one meanwhile, and none lies idle. Judged by what the crowd was told and by the ledgers: the
 * platform's own list is not looked at.
 */
export function auditWaiting({ skus, answers, collectedAtMs }: Books): Violation[] {
  const leftAtMs = new Map(answers.left.map(({ reservationId, askedAtMs }) => [reservationId, askedAtMs]));
  const person = personBehind(answers);
  return skus.flatMap((sku) => {
    const offers = new Map<string | null, LedgerRow>(
      sku.ledger.flatMap((row) => (row.kind === "offer" ? [[row.reservationId, row] as const] : [])),
    );
    const places = answers.waiting
      .filter(({ skuId }) => skuId === sku.skuId)
      .filter((given) => !hasBought(sku, given, person))
      .map((given): Place => {
        const { reservationId } = given;
        const offer = offers.get(reservationId) ?? null;
        return { ...given, offer, leftAtMs: leftAtMs.get(reservationId) ?? collectedAtMs };
      });
    return [
      ...places.flatMap((place) => [...overtakenBy(place, places), ...robbedOf(place, sku)]),
      ...forgotten(places, sku, collectedAtMs),
      ...auditOffers(answers, sku),
    ];
  });
}

/** Whoever took the SKU by another way meanwhile, also in another session, would pass their limit, and loses the place. */
function hasBought(
  { reservations }: SkuEvidence,
  { shopperId, reservationId }: WaitingGiven,
  person: (shopperId: string) => string,
): boolean {
  const waits = person(shopperId);
  return reservations.some((row) => row.reservationId !== reservationId && person(row.shopperId) === waits);
}

/** Still in the list when this row was written, as far as its shopper knows. */
function isWaitingAt({ answeredAtMs, offer, leftAtMs }: Place, row: LedgerRow): boolean {
  const isOver = leftAtMs <= row.atMs || (offer !== null && offer.seq <= row.seq);
  return answeredAtMs < row.atMs && !isOver;
}

function overtakenBy(place: Place, others: Place[]): Violation[] {
  return others.flatMap((other) => {
    if (other.offer === null || other.askedAtMs <= place.answeredAtMs) return [];
    if (other.quantity < place.quantity || !isWaitingAt(place, other.offer)) return [];
    const words = `${place.reservationId} waits for ${place.skuId}, and ${other.reservationId}, who came later, was offered it`;
    return [violation("orderInversions", words)];
  });
}

/** What is free or may come back is for those who wait, unless they want more than that. */
function robbedOf(place: Place, { ledger }: SkuEvidence): Violation[] {
  const robbery = ledger.find(
    (row) =>
      row.kind === "reserve" && isWaitingAt(place, row) && row.available + row.reserved >= place.quantity,
  );
  if (robbery === undefined) return [];
  const words = `${place.reservationId} waits for ${place.skuId}, and ${robbery.reservationId} took it past the list`;
  return [violation("orderInversions", words)];
}

function forgotten(places: Place[], { level }: SkuEvidence, collectedAtMs: number): Violation[] {
  const available = level?.available ?? 0;
  return places
    .filter(
      ({ offer, leftAtMs, quantity }) => offer === null && leftAtMs >= collectedAtMs && quantity <= available,
    )
    .map(({ reservationId, skuId }) =>
      violation("acknowledgedLost", `${reservationId} waits for ${skuId}, of which ${available} are free`),
    );
}

/** An offer that somebody was told of was made, and stood as long as they were told. */
function auditOffers(
  { offers, left, givenBack }: Evidence["answers"],
  { skuId, reservations }: SkuEvidence,
): Violation[] {
  const rows = new Map<string, SkuEvidence["reservations"][number]>(
    reservations.map((row) => [row.reservationId, row]),
  );
  const gaveUp = new Set([...left, ...givenBack].map(({ reservationId }) => reservationId));
  return offers
    .filter((offer) => offer.skuId === skuId)
    .flatMap(({ reservationId, expiresAtMs }) => {
      const kept = rows.get(reservationId)?.deadlineAtMs;
      if (kept === expiresAtMs || (kept === undefined && gaveUp.has(reservationId))) return [];
      const words = `${reservationId} was offered until ${expiresAtMs}, kept is ${kept ?? "nothing"}`;
      return [violation("acknowledgedLost", words)];
    });
}
