import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extend, NO_ROWS } from "../../durable-objects/sku-stock/ledger/chain.ts";
import { Ledger } from "../../durable-objects/sku-stock/ledger/ledger.ts";
import { LedgerStore } from "../../durable-objects/sku-stock/ledger/store.ts";
import { SkuStore } from "../../durable-objects/sku-stock/store.ts";
import type { SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { LedgerPage, type PublicLedgerRow } from "../../schema/line.ts";
import { LEDGER_KINDS } from "../../schema/statuses.ts";
import { memoryStorage } from "./order-storage.ts";
import { reservationId, shopperId, ticketId } from "./sku-stock-fakes.ts";

const SKU = "a-sku" as SkuId;
const PAGE = LIMITS.ledgerRowsPerPage;

/** A ledger over the real tables, with so many rows; `pauses` counts how often it let others in. */
function world(rows = 0) {
  const storage = memoryStorage();
  const stock = new SkuStore(storage);
  stock.bear();
  const pauses = { count: 0 };
  const fresh = () =>
    new Ledger(new LedgerStore(storage), async () => {
      pauses.count += 1;
    });
  const write = (count: number) => {
    for (let each = 0; each < count; each++) {
      const counts = { stock: 10, available: 9, reserved: 1, sold: 0 };
      const row = {
        reservationId: reservationId(each),
        ticketId: ticketId(each),
        shopperId: shopperId(each),
      };
      const isByHand = each % 7 === 0;
      stock.writeLedger({
        ...counts,
        kind: isByHand ? "adjust" : "reserve",
        atMs: 1_800_000_000_000 + each,
        quantity: 1,
        ...(isByHand
          ? { why: { adjustmentId: `adjustment-${each}`, reason: "a reason that is nobody's business" } }
          : { row: row as never }),
      });
    }
  };
  write(rows);
  return { ledger: fresh(), fresh, write, pauses, storage };
}

/** As the public page of the exact bytes says it, written anew. */
function headOf(rows: readonly PublicLedgerRow[]) {
  let hash = Buffer.alloc(32);
  for (const row of rows) {
    const text = [
      row.seq,
      row.atMs,
      row.kind,
      row.ticketId ?? "none",
      row.quantity,
      row.stock,
      row.available,
      row.reserved,
      row.sold,
    ].join("\n");
    const bytes = Buffer.concat([Buffer.from("dropline/ledger/1\n"), hash, Buffer.from(text)]);
    hash = createHash("sha256").update(bytes).digest();
  }
  return { rows: rows.length, hash: hash.toString("hex") };
}

const pagesOf = (ledger: Ledger) => {
  const rows: PublicLedgerRow[] = [];
  for (let page = 0; ; page++) {
    const read = ledger.page(SKU, page);
    if (read === null) return rows;
    rows.push(...read.rows);
  }
};

describe("the head of a ledger", () => {
  test.each([0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 3])(
    "over %i rows is what their pages hash to",
    async (count) => {
      const { ledger } = world(count);
      expect(await ledger.head()).toEqual(headOf(pagesOf(ledger)));
    },
  );

  test("does not depend on when it was told before, nor on evictions in between", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ more: fc.nat(300), isEvicted: fc.boolean() }), { maxLength: 8 }),
        async (moments) => {
          const { fresh, write } = world();
          let ledger = fresh();
          for (const { more, isEvicted } of moments) {
            write(more);
            await ledger.head();
            if (isEvicted) ledger = fresh();
          }
          expect(await ledger.head()).toEqual(headOf(pagesOf(ledger)));
        },
      ),
      { numRuns: 15 },
    );
  });

  test("is reckoned by a fresh instance from the last whole page on", async () => {
    const { ledger, fresh, pauses, storage } = world(3 * PAGE + 5);
    const head = await ledger.head();
    expect(pauses.count).toBe(3);
    expect(new LedgerStore(storage).head().rows).toBe(3 * PAGE);
    expect(await fresh().head()).toEqual(head);
    expect(pauses.count).toBe(3);
  });

  test("told twice at once is told right both times", async () => {
    const { ledger, write } = world(PAGE + 1);
    const [one, other] = [ledger.head(), ledger.head()];
    write(PAGE);
    const heads = [await one, await other];
    for (const head of heads) expect(head).toEqual(headOf(pagesOf(ledger).slice(0, head.rows)));
  });

  test("follows from every field that the public sees", () => {
    const row: PublicLedgerRow = {
      seq: 1,
      atMs: 1,
      kind: "reserve",
      ticketId: ticketId(1),
      quantity: 1,
      stock: 3,
      available: 2,
      reserved: 1,
      sold: 0,
    };
    const heads = new Set([Buffer.from(extend(NO_ROWS, [row]).hash).toString("hex")]);
    const changes: Partial<PublicLedgerRow>[] = [
      { atMs: 2 },
      { kind: "offer" },
      { ticketId: ticketId(2) },
      { ticketId: null },
      { quantity: 2 },
      { stock: 4 },
      { available: 3 },
      { reserved: 2 },
      { sold: 1 },
    ];
    for (const change of changes)
      heads.add(Buffer.from(extend(NO_ROWS, [{ ...row, ...change }]).hash).toString("hex"));
    expect(heads.size).toBe(1 + changes.length);
  });

  test("is not reckoned over a gap", () => {
    const row = { seq: 2 } as PublicLedgerRow;
    expect(() => extend(NO_ROWS, [row])).toThrow("follows 0");
  });
});

describe("a page of a ledger", () => {
  test("is complete with as many rows as a page has, and not with one less", () => {
    expect(world(PAGE).ledger.page(SKU, 0)).toMatchObject({ page: 0, isComplete: true });
    expect(world(PAGE - 1).ledger.page(SKU, 0)).toMatchObject({ page: 0, isComplete: false });
  });

  test("is there once it has a row", () => {
    expect(world(PAGE).ledger.page(SKU, 1)).toBeNull();
    expect(world(PAGE + 1).ledger.page(SKU, 1)).toMatchObject({
      isComplete: false,
      rows: [{ seq: PAGE + 1 }],
    });
    expect(world(0).ledger.page(SKU, 0)).toBeNull();
  });

  test("says of a person nothing but the ticket's id, and of a correction no reason", () => {
    const page = world(PAGE).ledger.page(SKU, 0);
    expect(LedgerPage.parse(page)).toEqual(page);
    const text = JSON.stringify(page);
    expect(text).not.toMatch(/rsv_|shp_|adjustment-|nobody's business/);
    expect(page?.rows[1]?.ticketId).toBe(ticketId(1));
    expect(page?.rows[7]?.ticketId).toBeNull();
    for (const row of page?.rows ?? []) expect(LEDGER_KINDS).toContain(row.kind);
  });
});
