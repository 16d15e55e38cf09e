import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DropId, SkuId } from "../../schema/ids.ts";
import { MONEY_STATES, ORDER_STATUSES } from "../../schema/statuses.ts";
import { sinceTold, type Told, worthAMail } from "../../workers/console/notify/milestones.ts";
import { changedLevels } from "../../workers/console/notify/tell-stock.ts";

type Standing = Parameters<typeof sinceTold>[1];

const UNTOUCHED = { refundedMinor: 0, shipments: [] };
const PROCESSING: Standing = { status: "processing", money: "none", ...UNTOUCHED };
const CONFIRMED: Standing = { status: "confirmed", money: "captured", ...UNTOUCHED };
const CANCELED: Standing = { status: "canceled", money: "none", ...UNTOUCHED };
const REFUNDED: Standing = { ...CANCELED, money: "refunded", refundedMinor: 900 };
const parcel = { carrier: "Post", trackingNumber: "1", trackingUrl: null, lines: [], atMs: 1 };

/** Everything told of an order that was looked at in these states. */
function tell(...standings: Standing[]) {
  let told: Told = {};
  return standings.map((standing) => {
    const since = sinceTold(told, standing);
    told = since.told;
    return since.happened.map(({ type, nth }) => `${type} ${nth}`);
  });
}

describe("what is told of an order", () => {
  test("each thing once, when it is first seen", () => {
    expect(tell(PROCESSING, PROCESSING, CONFIRMED, CONFIRMED)).toEqual([
      ["order.placed 1"],
      [],
      ["order.confirmed 1"],
      [],
    ]);
  });

  test("together what was seen together", () => {
    expect(tell(CONFIRMED)).toEqual([["order.placed 1", "order.confirmed 1"]]);
    expect(tell(PROCESSING, REFUNDED)).toEqual([
      ["order.placed 1"],
      ["order.canceled 1", "order.refunded 1"],
    ]);
  });

  test("an order that late money revives is confirmed after it was canceled, and a second end is told as well", () => {
    expect(tell(CANCELED, CONFIRMED, REFUNDED)).toEqual([
      ["order.placed 1", "order.canceled 1"],
      ["order.confirmed 1"],
      ["order.canceled 2", "order.refunded 1"],
    ]);
  });

  test("money that goes back and parcels that leave in parts are told part by part", () => {
    const part = { ...CONFIRMED, refundedMinor: 400 };
    const more = { ...part, refundedMinor: 900, money: "refunded" as const, shipments: [parcel] };
    const both = { ...more, shipments: [parcel, parcel] };
    expect(tell(CONFIRMED, part, part, more, both).slice(1)).toEqual([
      ["order.refunded 1"],
      [],
      ["order.refunded 2", "order.shipped 1"],
      ["order.shipped 2"],
    ]);
  });

  test("a repeat of the same look tells nothing, whatever came before", () => {
    const standing = fc.record({
      status: fc.constantFrom(...ORDER_STATUSES),
      money: fc.constantFrom(...MONEY_STATES),
      refundedMinor: fc.nat({ max: 3 }),
      shipments: fc.array(fc.constant(parcel), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(standing), standing, (earlier, last) => {
        expect(tell(...earlier, last, last).at(-1)).toEqual([]);
      }),
    );
  });

  test("a mail says the last word alone", () => {
    const mailOf = (...standings: Standing[]) => {
      let told: Told = {};
      return standings.map((standing) => {
        const since = sinceTold(told, standing);
        told = since.told;
        return worthAMail(since.happened)?.type;
      });
    };
    expect(mailOf(PROCESSING, CONFIRMED, CONFIRMED, REFUNDED)).toEqual([
      "order.placed",
      "order.confirmed",
      undefined,
      "order.refunded",
    ]);
    expect(mailOf(CONFIRMED)).toEqual(["order.confirmed"]);
  });
});

test("levels are told when they are new or differ, numbered on, and in absolute figures", () => {
  const dropId = "drop" as DropId;
  const level = (skuId: string, available: number) => ({
    skuId: skuId as SkuId,
    stock: 10,
    available,
    reserved: 10 - available,
    sold: 0,
  });
  const first = changedLevels({ dropId, atMs: 1, skus: [level("a", 10), level("b", 10)] }, []);
  expect(first.map(({ skuId, times }) => `${skuId} ${times}`)).toEqual(["a 1", "b 1"]);
  const second = changedLevels({ dropId, atMs: 2, skus: [level("a", 10), level("b", 3)] }, first);
  expect(second).toEqual([{ dropId, ...level("b", 3), times: 2, atMs: 2 }]);
});
