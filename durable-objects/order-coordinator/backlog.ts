import type { PaymentsBacklog } from "../../schema/rpc/payments.ts";
import type { OrderStore } from "./store.ts";

/** How far behind payments are: what the line of a drop slows down by. Reads only the attempts that are open. */
export function paymentsBacklog(store: OrderStore, nowMs: number): PaymentsBacklog {
  const { waiting, oldestMs } = store.waitingCommands();
  return { waiting, oldestWaitMs: oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs) };
}
