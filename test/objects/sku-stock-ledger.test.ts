import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { DropQueue } from "../../durable-objects/drop-queue/drop-queue.ts";
import { extend, NO_ROWS } from "../../durable-objects/sku-stock/ledger/chain.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { PublicLedgerRow } from "../../schema/line.ts";
import type { LevelPush } from "../../schema/rpc/drop-queue.ts";
import { reserveItem, ticketId } from "../unit/sku-stock-fakes.ts";
import { freshDrop, freshSku, pass, sku, useClock } from "./fresh.ts";

useClock();

const PAGE = LIMITS.ledgerRowsPerPage;

/** What the SKU tells its line from now on. */
function heardPushes(): LevelPush[] {
  const pushes: LevelPush[] = [];
  vi.spyOn(DropQueue.prototype, "pushLevel").mockImplementation(async (push) => {
    pushes.push(push);
  });
  return pushes;
}

type Fresh = Awaited<ReturnType<typeof freshSku>>;

async function publicRows(one: Fresh): Promise<PublicLedgerRow[]> {
  const rows: PublicLedgerRow[] = [];
  for (let page = 0; ; page++) {
    const read = await one.rpc().ledgerPage(page);
    if (read === null) return rows;
    rows.push(...read.rows);
  }
}

const headOf = (rows: readonly PublicLedgerRow[]) => {
  const { rows: count, hash } = extend(NO_ROWS, rows);
  return { rows: count, hash: Buffer.from(hash).toString("hex") };
};

async function push(one: Fresh): Promise<void> {
  pass(1_000);
  await runDurableObjectAlarm(one.stub());
}

const corrections = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    adjustmentId: `adjustment-${first + index}`,
    change: { kind: "difference" as const, delta: 1 },
    reason: "counted again",
  }));

test("a SKU tells its line the head over every row, and the same one goes on after an eviction", async () => {
  const pushes = heardPushes();
  const one = await freshSku({ stock: 5 });
  await one.rpc().reserve([reserveItem(1), reserveItem(2)]);
  await push(one);
  expect(pushes.at(-1)).toMatchObject({ level: { reserved: 2 }, ledger: headOf(await publicRows(one)) });
  await one.rpc().adjust(corrections(1, PAGE + 2));
  await push(one);
  expect(pushes.at(-1)?.ledger).toEqual(headOf(await publicRows(one)));
  await evictDurableObject(one.stub());
  await one.rpc().reserve([reserveItem(3)]);
  await push(one);
  const rows = await publicRows(one);
  expect(rows).toHaveLength(1 + 2 + PAGE + 2 + 1);
  expect(pushes.at(-1)?.ledger).toEqual(headOf(rows));
});

test("pages of a ledger name tickets and what was moved by hand, and nobody", async () => {
  heardPushes();
  const one = await freshSku({ stock: 5 });
  await one.rpc().reserve([reserveItem(1)]);
  await one.rpc().adjust(corrections(1, 1));
  const page = await one.rpc().ledgerPage(0);
  expect(page).toMatchObject({ skuId: one.terms.skuId, page: 0, isComplete: false });
  expect(page?.rows.map(({ seq, kind, ticketId }) => [seq, kind, ticketId])).toEqual([
    [1, "configure", null],
    [2, "reserve", ticketId(1)],
    [3, "adjust", null],
  ]);
  expect(JSON.stringify(page)).not.toMatch(/shp_|rsv_|counted again|adjustment-/);
  expect(await one.rpc().ledgerPage(1)).toBeNull();
});

test("a SKU that nobody published has no page", async () => {
  expect(await sku(freshDrop()).ledgerPage(0)).toBeNull();
});
