import type { SkuDocument } from "../../../schema/drop-document.ts";
import type { LedgerRow } from "../../../schema/rpc/sku-stock.ts";
import type { LedgerKind, ReservationState } from "../../../schema/statuses.ts";
import type { SkuEvidence } from "./evidence.ts";
import { type Violation, violation } from "./violation.ts";

type Counts = Pick<LedgerRow, "stock" | "available" | "reserved" | "sold">;

/** How each kind of ledger row moves the counts, per unit. */
export const MOVES: Record<LedgerKind, Partial<Counts>> = {
  configure: { stock: 1, available: 1 },
  adjust: { stock: 1, available: 1 },
  reserve: { available: -1, reserved: 1 },
  lapse: { available: 1, reserved: -1 },
  release: { available: 1, reserved: -1 },
  commit: { reserved: -1, sold: 1 },
  reverse: { available: 1, sold: -1 },
  late: { available: -1, sold: 1 },
  give_back: { available: 1, reserved: -1 },
  offer: { available: -1, reserved: 1 },
  count: { stock: 1, available: 1 },
  return: { available: 1, sold: -1 },
  write_off: { stock: -1, sold: -1 },
};

/** What changes the stock beside the document itself. */
const CORRECTIONS: readonly LedgerKind[] = ["adjust", "count", "write_off"];

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
  const corrected = sku.ledger
    .filter(({ kind }) => CORRECTIONS.includes(kind))
    .reduce((units, { kind, quantity }) => units + (MOVES[kind].stock ?? 0) * quantity, 0);
  if (level.stock !== document.stock + corrected) {
    const published = `published were ${document.stock}, and corrections made it ${corrected} more`;
    found.push(violation("oversold", `${sku.skuId}: stock is ${level.stock}, ${published}`));
  }
  const unitsIn = (...states: ReservationState[]) =>
    sku.reservations.reduce(
      (units, row) => units + (states.includes(row.state) ? row.quantity - row.returned : 0),
      0,
    );
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
  offer: ["held", "pinned"],
  lapse: ["lapsed"],
  release: ["released"],
  commit: ["committed"],
  reverse: ["released"],
  late: ["committed"],
  return: ["committed"],
  write_off: ["committed"],
};

/** Each reservation's rows in the ledger tell one possible life, which ends in the state that the object shows. */
export function auditLives(sku: SkuEvidence, collectedAtMs: number): Violation[] {
  const found: Violation[] = [];
  const rowsOf = Map.groupBy(sku.ledger, (row) => row.reservationId ?? "");
  const known = new Set<string>(sku.reservations.map((reservation) => reservation.reservationId));
  for (const [id, rows] of rowsOf) {
    if (id !== "" && !known.has(id) && rows.at(-1)?.kind !== "give_back")
      found.push(violation("oversold", `${sku.skuId}: ledger names ${id}, which is no reservation`));
  }
  for (const reservation of sku.reservations) {
    const at = `${sku.skuId}, ${reservation.reservationId}`;
    const rows = lastLife(rowsOf.get(reservation.reservationId) ?? []);
    const taken = rows.filter(({ kind }) => kind === "reserve" || kind === "offer");
    if (taken.length !== 1 || taken[0] !== rows[0]) {
      found.push(violation("oversold", `${at}: taken ${taken.length} times`));
      continue;
    }
    const isOdd = (row: LedgerRow) =>
      row.ticketId !== reservation.ticketId ||
      (reservation.returned === 0 && row.quantity !== reservation.quantity);
    if (rows.some(isOdd)) {
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

/** What was given back is as if it had never been: the same key may take units anew. */
function lastLife(rows: LedgerRow[]): LedgerRow[] {
  return rows.slice(rows.findLastIndex((row) => row.kind === "give_back") + 1);
}

/** The alarm at a deadline may be a little late; every decision sweeps first, so that this harms nobody. */
const LAPSE_GRACE_MS = 5_000;
