import type { OrderId } from "../../../schema/ids.ts";
import type { AuditedAttempt } from "../../../schema/rpc/orders.ts";
import type { Facts } from "../decide.ts";
import type { OrderRecord } from "../records.ts";

/** How many wait, and since when the first of them does; null: none. */
export type WaitingAttempts = { waiting: number; oldestMs: number | null };

/** What a change of an order's facts means for its attempts; the caller's transaction is around it. */
export function saveAttempts(
  sql: SqlStorage,
  { orderId, facts: before }: Pick<OrderRecord, "orderId" | "facts">,
  after: Facts,
  nowMs: number,
): void {
  const { closed, open } = after;
  if (closed && closed !== before.closed) {
    sql.exec(
      "UPDATE attempts SET state = 'final', outcome = ?, ref = ?, reason = ? WHERE order_id = ? AND attempt = ?",
      closed.outcome,
      closed.ref,
      closed.reason,
      orderId,
      closed.attempt,
    );
  }
  if (open && open !== before.open) {
    sql.exec(
      `INSERT INTO attempts (order_id, attempt, operation, state, created_at_ms, next_at_ms, tries) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (order_id, attempt) DO UPDATE SET state = excluded.state, next_at_ms = excluded.next_at_ms,
         tries = excluded.tries`,
      orderId,
      open.attempt,
      open.operation,
      open.state,
      nowMs,
      open.nextAtMs,
      open.tries,
    );
  }
}

/**
 * Commands that no consumer has begun. Not refunds: one that was refused waits for minutes on purpose. The first condition
 * is the index's own, so that finished attempts are not read.
 */
export function waitingAttempts(sql: SqlStorage): WaitingAttempts {
  return sql
    .exec<WaitingAttempts>(
      `SELECT COUNT(*) AS waiting, MIN(created_at_ms) AS oldestMs FROM attempts
       WHERE state <> 'final' AND state = 'due' AND operation <> 'refund'`,
    )
    .one();
}

/** All that was ever tried for an order, in its order. */
export function attemptsOf(sql: SqlStorage, orderId: OrderId): AuditedAttempt[] {
  return sql
    .exec(
      `SELECT attempt, operation, state, outcome, ref, reason, tries FROM attempts WHERE order_id = ? ORDER BY attempt`,
      orderId,
    )
    .toArray() as AuditedAttempt[];
}
