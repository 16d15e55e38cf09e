import { describe, expect, test } from "vitest";
import { Reserver } from "../../durable-objects/order-coordinator/reserve.ts";
import type { DropId, Fingerprint, ReservationId, ShopperId, SkuId, TicketId } from "../../schema/ids.ts";
import { ok, refuse } from "../../schema/result.ts";
import type { KeyedReserveItem, ReserveAnswer, ReserveItem } from "../../schema/rpc.ts";

const RESERVATION = `rsv_${"a".repeat(32)}` as ReservationId;

function anItem(skuId: string, changes: Partial<KeyedReserveItem> = {}): KeyedReserveItem {
  return {
    dropId: "drop" as DropId,
    skuId: skuId as SkuId,
    reservationId: RESERVATION,
    fingerprint: skuId.padEnd(64, "0") as Fingerprint,
    shopperId: `shp_${"b".repeat(32)}` as ShopperId,
    ticketId: "c".repeat(32) as TicketId,
    quantity: 1,
    ...changes,
  };
}

/** SKUs that answer when told to, and a table that outlives the instance. */
function aWorld() {
  const keys = new Map<string, Fingerprint>();
  const calls: {
    skuId: string;
    items: ReserveItem[];
    answer(make: (item: ReserveItem) => ReserveAnswer): void;
    fail(): void;
  }[] = [];
  const deps = {
    store: {
      reservationFingerprint: (id: ReservationId) => keys.get(id) ?? null,
      noteReservation: (id: ReservationId, fingerprint: Fingerprint) => void keys.set(id, fingerprint),
    },
    sku: (_dropId: DropId, skuId: SkuId) => ({
      reserve(items: ReserveItem[]) {
        const { promise, resolve, reject } = Promise.withResolvers<ReserveAnswer[]>();
        calls.push({
          skuId,
          items,
          answer: (make) => resolve(items.map(make)),
          fail: () => reject(new Error("reset")),
        });
        return promise;
      },
    }),
  };
  return { keys, calls, reserver: new Reserver(deps), restarted: () => new Reserver(deps) };
}

const held = (item: ReserveItem) => ok({ reservationId: item.reservationId }) as ReserveAnswer;
const soldOut = () => refuse({ code: "sold_out" as const });
const reused = refuse({ code: "idempotency_key_reused" });

describe("an idempotency key of a reservation", () => {
  test("is refused with another SKU once it has made a reservation, over a restart too", async () => {
    const { reserver, calls, restarted } = aWorld();
    const first = reserver.reserve([anItem("sku-a")]);
    calls[0]?.answer(held);
    expect(await first).toMatchObject([{ ok: true }]);
    expect(await reserver.reserve([anItem("sku-b")])).toEqual([reused]);
    expect(await restarted().reserve([anItem("sku-b")])).toEqual([reused]);
    expect(calls).toHaveLength(1);
  });

  test("is refused with another SKU while its first request is under way", async () => {
    const { reserver, calls } = aWorld();
    const both = reserver.reserve([anItem("sku-a"), anItem("sku-b")]);
    const later = reserver.reserve([anItem("sku-b")]);
    expect(await later).toEqual([reused]);
    calls[0]?.answer(held);
    expect(await both).toMatchObject([{ ok: true }, reused]);
    expect(calls.map(({ skuId }) => skuId)).toEqual(["sku-a"]);
  });

  test("gives a double click one call and one answer", async () => {
    const { reserver, calls } = aWorld();
    const first = reserver.reserve([anItem("sku-a"), anItem("sku-a")]);
    const second = reserver.reserve([anItem("sku-a")]);
    calls[0]?.answer(held);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.items).toHaveLength(1);
    expect(await first).toMatchObject([{ ok: true }, { ok: true }]);
    expect(await second).toMatchObject([{ ok: true }]);
  });

  test("stays free when its request was refused or came to nothing", async () => {
    const { reserver, calls, keys } = aWorld();
    const refused = reserver.reserve([anItem("sku-a")]);
    calls[0]?.answer(soldOut);
    expect(await refused).toEqual([refuse({ code: "sold_out" })]);
    const lost = reserver.reserve([anItem("sku-b")]);
    calls[1]?.fail();
    expect(await lost).toMatchObject([{ ok: false, refusal: { code: "unavailable" } }]);
    expect(keys.size).toBe(0);
    const third = reserver.reserve([anItem("sku-c")]);
    calls[2]?.answer(held);
    expect(await third).toMatchObject([{ ok: true }]);
  });
});
