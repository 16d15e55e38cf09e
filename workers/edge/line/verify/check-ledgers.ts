import type { LedgerHead, PublicLedgerRow } from "../../../../schema/line.ts";
import { ledgerRowBytes, PREFIXES } from "../../../../schema/line-proof.ts";
import { BOUNDS, FORMAT } from "./bounds.ts";
import { type Bytes, hexOf, sha256 } from "./bytes.ts";
import type { Context } from "./context.ts";
import type { FindingCode } from "./findings.ts";
import { ahead, numbers } from "./read-record.ts";
import { LEDGER_MOVES, ledgerPage } from "./shapes.ts";
import { UnitBooks, type UnitsOf } from "./unit-books.ts";

/** What a SKU's ledger comes to. By hand: units that came or went without anybody's ticket. */
export type LedgerSum = UnitsOf & Counts & { skuId: string; rows: number };

type Counts = Pick<PublicLedgerRow, "stock" | "available" | "reserved" | "sold">;
const NOTHING: Counts = { stock: 0, available: 0, reserved: 0, sold: 0 };
const COUNTS = ["stock", "available", "reserved", "sold"] as const;

/**
 * Reads every ledger up to the row that the head names: numbered without a gap, chained to the head's hash, each row's sums
 * following from the row before. Calls `onTaken` for each row that takes units out of what is free.
 */
export async function checkLedgers(
  context: Context,
  onTaken: (skuId: string, row: PublicLedgerRow) => Promise<void>,
  own: string | null,
): Promise<LedgerSum[]> {
  const { report, head } = context;
  const sums: LedgerSum[] = [];
  const total = head.ledgers.reduce((rows, ledger) => rows + ledger.rows, 0);
  if (total > BOUNDS.ledgerRowsMax) {
    report.found("ledgers", "too_large", `${total} rows are more than the ledgers of a drop can have.`);
    return sums;
  }
  let done = 0;
  for (const ledger of head.ledgers) {
    const onRow = () => {
      done += 1;
      if (done % FORMAT.ledgerRowsPerPage === 0) context.progress({ check: "ledgers", done, total });
    };
    sums.push(await checkLedger(context, ledger, { onTaken, onRow, own }));
  }
  return sums;
}

type Followers = {
  onTaken: (skuId: string, row: PublicLedgerRow) => Promise<void>;
  onRow: () => void;
  /** Whose units are counted apart. */
  own: string | null;
};

async function checkLedger(
  context: Context,
  { skuId, rows: wanted, hash }: LedgerHead,
  { onTaken, onRow, own }: Followers,
): Promise<LedgerSum> {
  const { reader, report } = context;
  const books = new UnitBooks();
  let before: PublicLedgerRow | null = null;
  const summed = (rows: number) => ({ skuId, rows, ...countsOf(before), ...books.sums(own) });
  let chained: Bytes = new Uint8Array(32);
  let number = 0;
  const path = (page: number) => `record/ledgers/${skuId}/${page}`;
  const lastPage = Math.ceil(wanted / FORMAT.ledgerRowsPerPage) - 1;
  const pages = ahead(numbers(0, lastPage), (page) =>
    reader.need({
      check: "ledgers",
      path: path(page),
      shape: ledgerPage,
      isGrown:
        page === lastPage ? ({ rows }) => rows.length >= wanted - page * FORMAT.ledgerRowsPerPage : undefined,
    }),
  );
  for await (const page of pages) {
    const first = number * FORMAT.ledgerRowsPerPage + 1;
    const last = Math.min(wanted, first + FORMAT.ledgerRowsPerPage - 1);
    // Rows that came after the head are not part of what is checked here.
    const rows = page?.rows.slice(0, last - first + 1) ?? [];
    const isOurs = page?.skuId === skuId && page.page === number;
    if (page !== null && (!isOurs || rows.length !== last - first + 1))
      report.found("ledgers", "ledger_order", `${path(number)} does not have rows ${first} to ${last}.`, {
        skuId,
      });
    for (const [at, row] of rows.entries()) {
      chained = await sha256(PREFIXES.ledger, chained, ledgerRowBytes(row));
      checkRow(context, { skuId, row, before, seq: first + at, books });
      if (takes(row)) await onTaken(skuId, row);
      before = row;
      onRow();
    }
    // Without these rows nothing that follows can be held against anything.
    if (page === null) return summed(before?.seq ?? 0);
    number += 1;
  }
  if (hexOf(chained) !== hash)
    report.found("ledgers", "ledger_changed", `The rows of ${skuId} do not hash to the head of its ledger.`, {
      skuId,
    });
  return summed(wanted);
}

function countsOf(row: PublicLedgerRow | null): Counts {
  const { stock, available, reserved, sold } = row ?? NOTHING;
  return { stock, available, reserved, sold };
}

/** Whether a row takes units out of what is free for somebody: whose turn must have come. */
function takes({ kind, quantity }: PublicLedgerRow): boolean {
  const [stock, available] = LEDGER_MOVES[kind];
  return stock === 0 && available < 0 && quantity > 0;
}

type Row = {
  skuId: string;
  row: PublicLedgerRow;
  before: PublicLedgerRow | null;
  seq: number;
  books: UnitBooks;
};

function checkRow({ report, head }: Context, { skuId, row, before, seq, books }: Row): void {
  const found = (code: FindingCode, words: string) =>
    report.found(
      code === "unit_changed_hands" ? "units" : "ledgers",
      code,
      `Row ${row.seq} of ${skuId} ${words}.`,
      {
        skuId,
        ...(row.ticketId === null ? {} : { ticketId: row.ticketId }),
      },
    );
  report.looked("ledgers");
  if (row.seq !== seq) found("ledger_order", `stands where row ${seq} belongs`);
  // A row that claims to be younger than it is would let a ticket in whose turn came later.
  if (before !== null && row.atMs + BOUNDS.clockToleranceMs < before.atMs)
    found("ledger_order", `is older than row ${before.seq}`);
  if (row.atMs > head.atMs + BOUNDS.clockToleranceMs)
    found("ledger_order", "is younger than the record itself");

  const moves = LEDGER_MOVES[row.kind];
  const isOfStock = moves[0] === 1;
  if (!isOfStock && row.quantity < 0) found("ledger_sums", "moves less than nothing");
  const from = before ?? NOTHING;
  const areRight = COUNTS.every((count, at) => row[count] === from[count] + (moves[at] ?? 0) * row.quantity);
  if (!areRight || row.stock !== row.available + row.reserved + row.sold)
    found("ledger_sums", "has sums that do not follow from the row before");
  if (!books.take(row))
    found("unit_changed_hands", `moves units on (${row.kind}) that its ticket did not have`);
}
