import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../schema/canonical-json.ts";
import { DropId, ShopperId, shardOfDrop, shardOfOrder, TicketId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { fingerprintOf, orderIdOf, rankOf, reservationIdOf, ticketIdOf } from "../../workers/edge/derive.ts";
import { DROP, SEED } from "./edge-samples.ts";

const SHOPPER = ShopperId.parse("shp_0123456789abcdef0123456789abcdef");
const TICKET = TicketId.parse("82cdf111df9557495b1fce9e2a7a587f");

/** Computed by another program (Python's hashlib and hmac), so that a change of the derivation cannot pass unseen. */
describe("derived values have not changed", () => {
  test("ticket, reservation and order ids", () => {
    const asked = { dropId: DROP, shopperId: SHOPPER, key: "key-1" };
    expect(ticketIdOf(DROP, SHOPPER)).toBe(TICKET);
    expect(reservationIdOf(asked)).toBe("rsv_d20215be454bd2b3116da9cf18980c1f");
    expect(orderIdOf(asked)).toBe("ord_07db5fa646940369bf61129d71ce17b467");
  });

  test("rank and fingerprint", () => {
    expect(rankOf(SEED, TICKET)).toBe(0.950880902040244);
    expect(fingerprintOf({ quantity: 1, skuId: "runner-42" })).toBe(
      "6204858dd6245a74602132da5160f0ee09f4e50a07f08e9ecf61d9834b5d8106",
    );
  });
});

describe("ids", () => {
  test("name the shard of their drop, and drops are spread over all shards", () => {
    const used = new Set<number>();
    for (let number = 0; number < 200; number += 1) {
      const dropId = DropId.parse(`drop-${String.fromCharCode(97 + (number % 26))}${number}`);
      const shard = shardOfOrder(orderIdOf({ dropId, shopperId: SHOPPER, key: "k" }));
      expect(shard).toBe(shardOfDrop(dropId));
      used.add(shard);
    }
    expect([...used].sort((a, b) => a - b)).toEqual(
      Array.from({ length: LIMITS.orderShardCount }, (_, at) => at),
    );
  });

  test("drops whose names differ in one letter do not all meet in pairs", () => {
    const shards = [..."abcdefghijklmnopqrstuvwxyz"].map((letter) =>
      shardOfDrop(DropId.parse(`drop-${letter}`)),
    );
    const apart = shards.slice(0, 10).filter((shard, at) => shard !== shards[at + 16]);
    expect(apart.length).toBeGreaterThan(5);
  });

  test("hold the number of any shard that may be configured", () => {
    expect(LIMITS.orderShardCount).toBeLessThanOrEqual(256);
  });

  test("differ when drop, shopper or key differ", () => {
    const other = ShopperId.parse(`shp_${"f".repeat(32)}`);
    const ids = [
      reservationIdOf({ dropId: DROP, shopperId: SHOPPER, key: "a" }),
      reservationIdOf({ dropId: DROP, shopperId: SHOPPER, key: "b" }),
      reservationIdOf({ dropId: DROP, shopperId: other, key: "a" }),
      reservationIdOf({ dropId: DropId.parse("runner-2"), shopperId: SHOPPER, key: "a" }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("ranks", () => {
  test("lie in [0, 1) and are spread evenly", () => {
    const buckets = new Array<number>(10).fill(0);
    for (let number = 0; number < 10_000; number++) {
      const rank = rankOf(SEED, TicketId.parse(number.toString(16).padStart(32, "0")));
      expect(rank >= 0 && rank < 1).toBe(true);
      const bucket = Math.floor(rank * 10);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});

describe("canonical JSON", () => {
  test("does not depend on the order of fields, and does on everything else", () => {
    const a = { skuId: "x", quantity: 1, contact: { email: "a@b.c", list: [1, { b: 1, a: 2 }] } };
    const b = { contact: { list: [1, { a: 2, b: 1 }], email: "a@b.c" }, quantity: 1, skuId: "x" };
    expect(canonicalJson(a)).toBe(canonicalJson(b));
    expect(canonicalJson({ ...a, quantity: 2 })).not.toBe(canonicalJson(a));
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
    expect(canonicalJson({ a: undefined, b: null })).toBe('{"b":null}');
  });

  test("is JSON that reads back as it was", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
