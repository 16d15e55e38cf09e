import { createHash } from "node:crypto";
import type { PublicLedgerRow } from "../../../schema/line.ts";
import { ledgerRowBytes, PREFIXES } from "../../../schema/line-proof.ts";

/** The hash over the first so many rows of a ledger. */
export type ChainHead = { rows: number; hash: Uint8Array };

export const NO_ROWS: ChainHead = { rows: 0, hash: new Uint8Array(32) };

/** Takes the next rows into the chain. @throws when they are not the very next: a ledger with a gap proves nothing. */
export function extend(head: ChainHead, rows: readonly PublicLedgerRow[]): ChainHead {
  let { rows: count, hash } = head;
  for (const row of rows) {
    if (row.seq !== count + 1) throw new Error(`ledger row ${row.seq} follows ${count}`);
    hash = createHash("sha256").update(PREFIXES.ledger).update(hash).update(ledgerRowBytes(row)).digest();
    count = row.seq;
  }
  return { rows: count, hash };
}
