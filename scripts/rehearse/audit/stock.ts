import type { SkuDocument } from "../../../schema/drop-document.ts";
import type { LedgerRow } from "../../../schema/rpc.ts";
import type { LedgerKind, ReservationState } from "../../../schema/statuses.ts";
import type { SkuEvidence } from "./evidence.ts";
import { type Violation, violation } from "./violation.ts";

type Counts = Pick<LedgerRow, "stock" | "available" | "reserved" | "sold">;

/** How each kind of ledger row moves the counts, per unit. */
const MOVES: Record<LedgerKind, Partial<Counts>> = {
  configure: { stock: 1, available: 1 },
  adjust: { stock: 1, available: 1 },
  reserve: { available: -1, reserved: 1 },
  lapse: { available: 1, reserved: -1 },
  release: { available: 1, reserved: -1 },
  commit: { reserved: -1, sold: 1 },
  reverse: { available: 1, sold: -1 },
  late: { available: -1, sold: 1 },
};

const NOTHING: Counts = { stock: 0, available: 0, reserved: 0, sold: 0 };
const COUNTS = ["stock", "available", "reserved", "sold"] as const;

/** `stock = available + reserved + sold`, all >= 0, at every row of the ledger, each row following from the one before. */
export function auditLedger(sku: SkuEvidence, document: SkuDocument): Violation[] {
  const found: Violation[] = [];
  let before = NOTHING;
  sku.ledger.forEach((row, index) => {
    const at = `${sku.skuId}, ledger row ${row.seq} (${row.kind})`;
    if (row.stock !== row.available + row.reserved + row.sold) {
      const sum = `${row.available} available + ${row.reserved} reserved + ${row.sold} sold`;
      found.push(violation("oversold", `${at}: stock is ${row.stock}, but ${sum}`));
    }
    if (COUNTS.some((count) => row[count] < 0))
      found.push(violation("oversold", `${at}: a count is below zero`));
    if (row.seq !== index + 1) found.push(violation("integrity", `${at}: expected row ${index + 1}`));
    for (const count of COUNTS) {
      const expected = before[count] + (MOVES[row.kind][count] ?? 0) * row.quantity;
      if (row[count] === expected) continue;
      found.push(
        violation(
          "oversold",
          `${at}: ${count} should be ${expected} after the row before, not ${row[count]}`,
        ),
      );
    }
    before = row;
  });
  return [...found, ...auditLevel(sku, before, document)];
}

/** The level that shoppers see is the ledger's last row, the reservations add up to it, and nobody changed the stock. */
function auditLevel(sku: SkuEvidence, last: Counts, document: SkuDocument): Violation[] {
  const found: Violation[] = [];
  const { level } = sku;
  if (level === null) return [violation("integrity", `${sku.skuId}: the object has no level`)];
  for (const count of COUNTS) {
    if (level[count] === last[count]) continue;
    found.push(
      violation("oversold", `${sku.skuId}: level says ${level[count]} ${count}, its ledger ${last[count]}`),
    );
  }
  if (level.stock !== document.stock) {
    found.push(
      violation("oversold", `${sku.skuId}: stock is ${level.stock}, published were ${document.stock}`),
    );
  }
  const unitsIn = (...states: ReservationState[]) =>
    sku.reservations.reduce((units, row) => units + (states.includes(row.state) ? row.quantity : 0), 0);
  const sums = { reserved: unitsIn("held", "pinned"), sold: unitsIn("committed") };
  for (const count of ["reserved", "sold"] as const) {
    if (level[count] === sums[count]) continue;
    found.push(
      violation(
        "oversold",
        `${sku.skuId}: ${level[count]} ${count}, but reservations add up to ${sums[count]}`,
      ),
    );
  }
  return found;
}

const STATE_AFTER: Partial<Record<LedgerKind, ReservationState[]>> = {
  // Pinning moves no units, so the ledger does not know it.
  reserve: ["held", "pinned"],
  lapse: ["lapsed"],
  release: ["released"],
  commit: ["committed"],
  reverse: ["released"],
  late: ["committed"],
};

/** Each reservation's rows in the ledger tell one possible life, which ends in the state that the object shows. */
export function auditLives(sku: SkuEvidence, collectedAtMs: number): Violation[] {
  const found: Violation[] = [];
  const rowsOf = Map.groupBy(sku.ledger, (row) => row.reservationId ?? "");
  const known = new Set<string>(sku.reservations.map((reservation) => reservation.reservationId));
  for (const id of rowsOf.keys()) {
    if (id !== "" && !known.has(id))
      found.push(violation("oversold", `${sku.skuId}: ledger names ${id}, which is no reservation`));
  }
  for (const reservation of sku.reservations) {
    const at = `${sku.skuId}, ${reservation.reservationId}`;
    const rows = rowsOf.get(reservation.reservationId) ?? [];
    if (rows[0]?.kind !== "reserve" || rows.filter((row) => row.kind === "reserve").length !== 1) {
      found.push(
        violation("oversold", `${at}: taken ${rows.filter((row) => row.kind === "reserve").length} times`),
      );
      continue;
    }
    if (rows.some((row) => row.quantity !== reservation.quantity || row.ticketId !== reservation.ticketId)) {
      found.push(violation("integrity", `${at}: a ledger row has another quantity or ticket`));
    }
    const last = rows.at(-1)?.kind ?? "reserve";
    if (!STATE_AFTER[last]?.includes(reservation.state)) {
      found.push(violation("integrity", `${at}: is ${reservation.state} after a ${last}`));
    }
    const lapse = rows.find((row) => row.kind === "lapse");
    if (lapse && lapse.atMs < reservation.deadlineAtMs) {
      const early = reservation.deadlineAtMs - lapse.atMs;
      found.push(violation("acknowledgedLost", `${at}: taken back ${early} ms before its deadline`));
    }
    if (reservation.state === "held" && reservation.deadlineAtMs < collectedAtMs - LAPSE_GRACE_MS) {
      found.push(violation("integrity", `${at}: still held after its deadline`));
    }
  }
  return found;
}

/** The alarm at a deadline may be a little late; every decision sweeps first, so that this harms nobody. */
const LAPSE_GRACE_MS = 5_000;

/** Replays the ledger shopper by shopper: at no row does one hold or own more units of a SKU than the drop allows. */
export function auditLimits(sku: SkuEvidence, document: SkuDocument): Violation[] {
  const shopperOf = new Map<string, string>(
    sku.reservations.map((row) => [row.reservationId, row.shopperId]),
  );
  const holding = new Map<string, number>();
  const broken = new Map<string, string>();
  for (const row of sku.ledger) {
    const shopperId = row.reservationId === null ? undefined : shopperOf.get(row.reservationId);
    if (shopperId === undefined) continue;
    const { reserved = 0, sold = 0 } = MOVES[row.kind];
    const units = (holding.get(shopperId) ?? 0) + (reserved + sold) * row.quantity;
    holding.set(shopperId, units);
    if (units > document.perShopper && !broken.has(shopperId)) {
      broken.set(
        shopperId,
        `${sku.skuId}: ${shopperId} has ${units} of ${document.perShopper} units at ledger row ${row.seq} (${row.kind})`,
      );
    }
  }
  return [...broken.values()].map((words) => violation("limitBroken", words));
}
