import { describe } from "vitest";
import { reservationOf, shopperId, soundEvidence } from "./rehearse-evidence.ts";
import { at, first, plantedIn, sku } from "./rehearse-planted.ts";

describe("what a SKU's object says", () => {
  plantedIn(soundEvidence, [
    [
      "a unit too many sold, in one row of the ledger",
      "oversold",
      /ledger row 4 \(commit\): stock is 2, but/,
      (evidence) => {
        const row = sku(evidence).ledger[3];
        if (row) row.sold += 1;
      },
    ],
    [
      "a count below zero that still adds up",
      "oversold",
      /below zero/,
      (evidence) => Object.assign(sku(evidence).ledger.at(-1) ?? {}, { available: -1, sold: 3 }),
    ],
    [
      "a row that does not follow from the one before",
      "oversold",
      /available should be 1 after the row before, not 2/,
      (evidence) => Object.assign(sku(evidence).ledger[1] ?? {}, { available: 2, reserved: 0 }),
    ],
    [
      "a row missing in the ledger",
      "integrity",
      /expected row 3/,
      (evidence) => {
        sku(evidence).ledger.splice(2, 1);
      },
    ],
    [
      "a level that is not the ledger's last row",
      "oversold",
      /level says 2 available, its ledger 1/,
      (evidence) => Object.assign(sku(evidence).level ?? {}, { available: 2, sold: 0 }),
    ],
    [
      "stock that grew by itself",
      "oversold",
      /stock is 2, published were 1/,
      (evidence) => {
        first(evidence.document.skus).stock = 1;
      },
    ],
    [
      "sold units that no reservation accounts for",
      "oversold",
      /1 sold, but reservations add up to 0/,
      (evidence) => {
        first(sku(evidence).reservations).state = "pinned";
      },
    ],
    [
      "a reservation that was never taken from the stock",
      "oversold",
      /taken 0 times/,
      (evidence) => {
        sku(evidence).reservations.push(reservationOf(3, { state: "released", orderId: null }));
      },
    ],
    [
      "a reservation whose state the ledger contradicts",
      "integrity",
      /is released after a lapse/,
      (evidence) => Object.assign(sku(evidence).reservations[1] ?? {}, { state: "released" }),
    ],
    [
      "a reservation taken back before its deadline",
      "acknowledgedLost",
      /taken back 3000 ms before its deadline/,
      (evidence) => Object.assign(sku(evidence).ledger[4] ?? {}, { atMs: at(9_000) }),
    ],
    [
      "a reservation still held long after its deadline",
      "integrity",
      /still held after its deadline/,
      (evidence) => {
        sku(evidence).ledger.pop();
        Object.assign(sku(evidence).reservations[1] ?? {}, { state: "held" });
        sku(evidence).level = { skuId: "runner" as never, stock: 2, available: 0, reserved: 1, sold: 1 };
      },
    ],
    [
      "a shopper who held two units of a SKU limited to one",
      "limitBroken",
      /has 2 of 1 units at ledger row 3 \(reserve\)/,
      (evidence) => Object.assign(sku(evidence).reservations[1] ?? {}, { shopperId: shopperId(1) }),
    ],
    [
      "a reservation that vanished without being given back",
      "oversold",
      /ledger names rsv_0+2, which is no reservation/,
      (evidence) => {
        sku(evidence).reservations.pop();
      },
    ],
  ]);
});
