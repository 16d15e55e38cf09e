import type { DropId, SkuId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { LedgerPage } from "../../../schema/line.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import { readRecordHead } from "./read-record.ts";
import type { RecordRefusal } from "./read-root.ts";

/**
 * A page of a SKU's ledger, with at least the rows that the record's head was seen to have. What no head names is told as
 * not there without a call, so that made-up names cost nothing.
 */
export async function readLedgerPage(
  act: Act,
  { dropId, skuId, page }: { dropId: DropId; skuId: SkuId; page: number },
): Promise<Result<LedgerPage, RecordRefusal>> {
  const head = await readRecordHead(act, dropId);
  if (!head.ok) return head;
  const rows = head.value.ledgers.find((ledger) => ledger.skuId === skuId)?.rows ?? 0;
  const before = page * LIMITS.ledgerRowsPerPage;
  if (before >= rows) return refuse({ code: "record_not_found" });
  // Of a page that still grows, another copy for each head: an older one would lack rows that the head has.
  const seen = Math.min(rows, before + LIMITS.ledgerRowsPerPage);
  const held = await act.edge.ledgerPages.get(JSON.stringify({ dropId, skuId, page, seen }), act.lifetime);
  if (!held.ok) return held;
  return held.value === null ? refuse({ code: "record_not_found" }) : ok(held.value);
}
