import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { LedgerPage, type PublicLedgerRow } from "../../schema/line.ts";
import { TUNING } from "../../workers/edge/tuning.ts";
import { fakeEdge } from "./edge-fakes.ts";
import { DROP, OPENS_AT, SKU } from "./edge-samples.ts";

const LEDGERS = `/v1/drops/${DROP}/record/ledgers`;
const FOR_EVER = "public, max-age=31536000, immutable";
const BRIEFLY = "public, max-age=2";
const PAGE = LIMITS.ledgerRowsPerPage;

const row = (seq: number): PublicLedgerRow => ({
  seq,
  atMs: OPENS_AT + seq,
  kind: seq === 1 ? "configure" : "reserve",
  ticketId: seq === 1 ? null : seq.toString(16).padStart(32, "0"),
  quantity: 1,
  stock: 1_000,
  available: 1_000 - seq,
  reserved: seq,
  sold: 0,
});

/** A drop whose SKU's ledger has so many rows; more can be written to it. */
function ledgerOf(count: number) {
  const edge = fakeEdge();
  const { state } = edge;
  const write = (rows: number) => {
    state.ledgers = [{ skuId: SKU, rows, hash: "0".repeat(64) }];
    for (let page = 0; page * PAGE < rows; page++) {
      const length = Math.min(PAGE, rows - page * PAGE);
      const onPage = Array.from({ length }, (_, index) => row(page * PAGE + index + 1));
      state.ledgerPages.set(`${SKU}/${page}`, {
        skuId: SKU,
        page,
        isComplete: length === PAGE,
        rows: onPage,
      });
    }
  };
  write(count);
  return { ...edge, write, calls: () => state.calls.ledgerPage ?? 0 };
}

describe("a SKU's ledger in the public record", () => {
  test("is told page by page, the complete ones for ever and the last one briefly", async () => {
    const { send } = ledgerOf(PAGE + 1);
    const whole = await send(`${LEDGERS}/${SKU}/0`);
    expect(LedgerPage.parse(whole.body)).toMatchObject({ page: 0, isComplete: true, rows: { length: PAGE } });
    expect(whole.headers.get("Cache-Control")).toBe(FOR_EVER);
    const last = await send(`${LEDGERS}/${SKU}/1`);
    expect(LedgerPage.parse(last.body)).toMatchObject({ isComplete: false, rows: [{ seq: PAGE + 1 }] });
    expect(last.headers.get("Cache-Control")).toBe(BRIEFLY);
    expect(last.headers.get("Access-Control-Allow-Origin")).toBe("*");
  });

  test("has no page that its head does not reach, and nobody's made-up name reaches the object", async () => {
    const { send, calls } = ledgerOf(PAGE);
    for (const path of [
      `${SKU}/1`,
      `${SKU}/99999`,
      "no-such-sku/0",
      `${SKU}/00`,
      `${SKU}/-1`,
      "NOT%20ONE/0",
    ]) {
      const answer = await send(`${LEDGERS}/${path}`);
      expect([path, answer.status, answer.body?.code]).toEqual([path, 404, "record_not_found"]);
      expect(answer.headers.get("Cache-Control")).toBe(BRIEFLY);
    }
    expect(calls()).toBe(0);
    expect((await send(`/v1/drops/no-such-drop/record/ledgers/${SKU}/0`)).body?.code).toBe("drop_not_found");
  });

  test("is read from the object once, however many ask, while the head stands", async () => {
    const { send, calls, clock } = ledgerOf(PAGE + 7);
    await Promise.all(Array.from({ length: 20 }, () => send(`${LEDGERS}/${SKU}/0`)));
    for (let each = 0; each < 5; each++) {
      await send(`${LEDGERS}/${SKU}/1`);
      await clock.advance(TUNING.recordMaxAgeSeconds * 1_000 + 1);
    }
    expect(calls()).toBe(2);
  });

  test("never has fewer rows than the head that was told before it", async () => {
    const { send, write, clock } = ledgerOf(3);
    await send(`${LEDGERS}/${SKU}/0`);
    write(5);
    await clock.advance(TUNING.recordMaxAgeSeconds * 1_000 + 1);
    const head = await send(`/v1/drops/${DROP}/record`);
    const page = await send(`${LEDGERS}/${SKU}/0`);
    expect(page.body.rows).toHaveLength(head.body.ledgers[0].rows);
  });
});
