import type { OrderId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { NotifyDeps } from "./deps.ts";
import { tellOrders } from "./tell-orders.ts";
import { tellStock } from "./tell-stock.ts";

/**
 * The cron's job: nothing rests on a message. What was due a while ago and still waits has lost its own, and gets another:
 * orders that nobody was told of, deliveries, mails; and stock that changed is told. Harmless at any time: whoever takes
 * up a row claims it first.
 */
export async function sweep(deps: NotifyDeps): Promise<void> {
  const beforeMs = deps.clock.now() - LIMITS.notificationLateMs;
  await attempt("orders", deps, async () => {
    await tellOrders(await lateOrders(beforeMs, deps), deps);
  });
  await attempt("deliveries", deps, async () => {
    await deps.queueDeliveries(await deps.webhooks.overdue(beforeMs));
  });
  await attempt("mails", deps, async () => {
    if (deps.mailer === null) return;
    const mailIds = await deps.mails.overdue(beforeMs);
    await deps.queueNotifications(mailIds.map((mailId) => ({ kind: "mail", mailId })));
  });
  await attempt("stock", deps, () => tellStock(deps));
}

/**
 * The oldest; and when there are more, as many from some later moment on, another each time: so that orders that cannot be
 * told, which stay the oldest, do not keep the rest waiting for ever.
 */
async function lateOrders(beforeMs: number, deps: NotifyDeps): Promise<OrderId[]> {
  const limit = LIMITS.sweepRowsMax / 2;
  const oldest = await deps.tellings.untoldSince({ fromMs: 0, beforeMs, limit });
  const last = oldest.at(-1);
  const isAll = last === undefined || oldest.length < limit;
  const later = isAll
    ? []
    : await deps.tellings.untoldSince({
        fromMs: last.updatedAtMs + Math.floor(deps.random() * (beforeMs - last.updatedAtMs)),
        beforeMs,
        limit,
      });
  return [...oldest, ...later].map(({ orderId }) => orderId as OrderId);
}

/** One kind that cannot be swept must not keep the others waiting. */
async function attempt(what: string, deps: NotifyDeps, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    deps.log({ level: "error", event: "sweep_failed", what, error: String(error) });
  }
}
