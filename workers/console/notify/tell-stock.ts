import type { DeliveryId, StockData } from "../../../schema/events.ts";
import type { DropId, SkuId } from "../../../schema/ids.ts";
import type { Snapshot } from "../../../schema/line.ts";
import type { StockToldRow } from "../../../schema/tables.ts";
import type { NotifyDeps } from "./deps.ts";
import { stockEventId } from "./derive.ts";
import { bodyOf, type Listener, listenersFrom, toDeliveries } from "./outgoing.ts";
import { nothingYet, pack } from "./pack.ts";
import type { Telling } from "./store.ts";

/**
 * Compares each drop's snapshot with what was last told of it, and tells each SKU that differs: at most once a minute (the
 * cron's), in absolute figures, so that one that is lost is made good by the next. Nothing is asked of the objects while
 * nobody listens. What rose and fell back in between is not told.
 */
export async function tellStock(deps: NotifyDeps): Promise<void> {
  const listeners = listenersFrom(await deps.tellings.endpoints()).filter(({ types }) =>
    types.includes("stock.changed"),
  );
  if (listeners.length === 0) return;
  for (const dropId of await deps.tellings.activeDrops(deps.clock.now())) {
    try {
      await tellDrop(dropId, listeners, deps);
    } catch (error) {
      deps.log({ level: "error", event: "stock_not_told", dropId, error: String(error) });
    }
  }
}

async function tellDrop(dropId: DropId, listeners: Listener[], deps: NotifyDeps): Promise<void> {
  const snapshot = await deps.snapshot(dropId);
  if (!snapshot.ok) return;
  const nowMs = deps.clock.now();
  const changed = changedLevels(snapshot.value, await deps.tellings.levels(dropId));
  for (const telling of pack(changed.map((level) => compose(level, listeners, nowMs)))) {
    await deps.tellings.tell(telling);
    await deps.queueDeliveries(telling.deliveries.map(({ deliveryId }) => deliveryId as DeliveryId));
  }
}

function compose(row: StockToldRow, listeners: readonly Listener[], nowMs: number): Telling {
  const { times, stock, available, reserved, sold, atMs } = row;
  const [dropId, skuId] = [row.dropId as DropId, row.skuId as SkuId];
  const eventId = stockEventId(dropId, skuId, times);
  const data: StockData = { dropId, skuId, stock, available, reserved, sold, atMs };
  const body = bodyOf("stock.changed", atMs, data);
  const subject = `${dropId}/${skuId}`;
  return {
    ...nothingYet(),
    events: [{ eventId, type: "stock.changed", subject, body, occurredAtMs: atMs }],
    deliveries: toDeliveries(eventId, "stock.changed", listeners, nowMs),
    levels: [row],
  };
}

/** The rows to write: each level that is new or differs, numbered one higher than what was told before. */
export function changedLevels(
  { dropId, atMs, skus }: Pick<Snapshot, "dropId" | "atMs" | "skus">,
  told: readonly StockToldRow[],
): StockToldRow[] {
  const before = new Map(told.map((row) => [row.skuId, row]));
  return skus.flatMap(({ skuId, stock, available, reserved, sold }) => {
    const last = before.get(skuId);
    const isSame =
      last?.stock === stock &&
      last.available === available &&
      last.reserved === reserved &&
      last.sold === sold;
    return isSame
      ? []
      : [{ dropId, skuId, stock, available, reserved, sold, times: (last?.times ?? 0) + 1, atMs }];
  });
}
