import type { Fingerprint, OrderId } from "../../../schema/ids.ts";
import type { OrderCommand } from "../../../schema/rpc/order-commands.ts";

/** That a command was carried out; the caller's transaction is around it and what it did. @throws when it was before. */
export function noteCommand(
  sql: SqlStorage,
  { orderId, commandId, fingerprint, act }: OrderCommand,
  nowMs: number,
): void {
  sql.exec(
    "INSERT INTO commands (order_id, command_id, fingerprint, act, at_ms) VALUES (?, ?, ?, ?, ?)",
    orderId,
    commandId,
    fingerprint,
    JSON.stringify(act),
    nowMs,
  );
}

/** The body of a command that was carried out; null: it was not. */
export function commandOf(sql: SqlStorage, orderId: OrderId, commandId: string): Fingerprint | null {
  const row = sql
    .exec<{ fingerprint: string }>(
      "SELECT fingerprint FROM commands WHERE order_id = ? AND command_id = ?",
      orderId,
      commandId,
    )
    .toArray()[0];
  return (row?.fingerprint as Fingerprint | undefined) ?? null;
}

export function countCommands(sql: SqlStorage, orderId: OrderId): number {
  return sql
    .exec<{ count: number }>("SELECT COUNT(*) AS count FROM commands WHERE order_id = ?", orderId)
    .one().count;
}
