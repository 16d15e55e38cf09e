import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import type { DropDocument, PublishedDrop } from "../../schema/drop-document.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AuditedOrder, OrdersAudit } from "../../schema/rpc/orders.ts";
import type { StockAudit } from "../../schema/rpc/sku-stock.ts";
import type { AttemptRow, OrderRow, ParkedMessageRow } from "../../schema/tables.ts";
import type { SkuEvidence } from "./audit/evidence.ts";

const TRIES_MAX = 6;
const PAUSE_MS = 500;
const CONFLICT = 409;
/** A page is a thousand rows: more than this is a loop that does not end. */
const PAGES_MAX = 5_000;

/** What the brand asks of an order after it was placed. */
export type BrandAct =
  | { kind: "cancel"; reason: string; restock: boolean }
  | {
      kind: "refund";
      amountMinor?: number;
      lines?: { skuId: string; quantity: number }[];
      restock: boolean;
      reason: string;
    }
  | { kind: "ship"; carrier: string; trackingNumber: string };

const ACT_PATHS = { cancel: "cancel", refund: "refunds", ship: "shipments" } as const;

type Page<Row> = { rows: Row[]; next: string | null };

/** The brand's side of a rehearsal: publishes the drop, deals with orders, and reads what the objects and D1 hold. */
export class ConsoleClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  async publish(document: DropDocument): Promise<PublishedDrop> {
    return await this.#call("POST", `/v1/drops/${document.id}/publish`, { document });
  }

  /** All pages of one SKU's object. */
  async stock(dropId: string, skuId: string): Promise<SkuEvidence> {
    const evidence: SkuEvidence = { skuId, level: null, ledger: [], reservations: [] };
    let ledger: number | null = 0;
    let reservation: number | null = 0;
    for (let pages = 0; pages < PAGES_MAX && (ledger !== null || reservation !== null); pages++) {
      // A list that is finished is asked for past its end, so that it comes empty.
      const query = `afterLedger=${ledger ?? Number.MAX_SAFE_INTEGER}&afterReservation=${reservation ?? Number.MAX_SAFE_INTEGER}`;
      const page: StockAudit = await this.#call("GET", `/v1/drops/${dropId}/audit/stock/${skuId}?${query}`);
      evidence.level = page.level;
      evidence.ledger.push(...page.ledger);
      evidence.reservations.push(...page.reservations);
      ledger = page.nextLedger;
      reservation = page.nextReservation;
    }
    return evidence;
  }

  /** The orders of all shards, as their objects hold them. */
  async orders(dropId: string): Promise<AuditedOrder[]> {
    const orders: AuditedOrder[] = [];
    for (let shard = 0; shard < LIMITS.orderShardCount; shard++) {
      let after: string | null = null;
      for (let pages = 0; pages < PAGES_MAX; pages++) {
        const page: OrdersAudit = await this.#call(
          "GET",
          `/v1/audit/orders/${shard}${after === null ? "" : `?after=${after}`}`,
        );
        orders.push(...page.orders.filter((order) => order.dropId === dropId));
        after = page.next;
        if (after === null) break;
      }
    }
    return orders;
  }

  orderRows(dropId: string): Promise<OrderRow[]> {
    return this.#rows<OrderRow>(`/v1/orders?drop=${dropId}`);
  }

  attemptRows(): Promise<AttemptRow[]> {
    return this.#rows<AttemptRow>("/v1/attempts?");
  }

  parked(): Promise<ParkedMessageRow[]> {
    return this.#rows<ParkedMessageRow>("/v1/parked?");
  }

  /**
   * Asks it of an order with this key until there is an answer, or a few tries had none. A refusal is in order where the
   * order has changed meanwhile (409); any other is a complaint.
   */
  async act(
    orderId: string,
    key: string,
    { kind, ...body }: BrandAct,
  ): Promise<{ isAcknowledged: boolean; complaint: string | null }> {
    const path = `/v1/orders/${orderId}/${ACT_PATHS[kind]}`;
    const answer = await this.#answer("POST", path, { body, key });
    if (answer.ok) return { isAcknowledged: true, complaint: null };
    const isWrong = answer.status !== null && answer.status < 500 && answer.status !== CONFLICT;
    return { isAcknowledged: false, complaint: isWrong ? answer.complaint : null };
  }

  async #rows<Row>(path: string): Promise<Row[]> {
    const rows: Row[] = [];
    let after = "";
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const page: Page<Row> = await this.#call(
        "GET",
        `${path}${after === "" ? "" : `&after=${encodeURIComponent(after)}`}`,
      );
      rows.push(...page.rows);
      if (page.next === null) break;
      after = page.next;
    }
    return rows;
  }

  /** @throws with the console's own words when it refuses, or does not answer after a few tries. */
  async #call<Answer>(method: "GET" | "POST", path: string, body?: unknown): Promise<Answer> {
    const answer = await this.#answer(method, path, { body });
    if (answer.ok) return JSON.parse(answer.text) as Answer;
    throw new Error(`the console did not answer ${method} ${path}: ${answer.complaint}`);
  }

  async #answer(
    method: "GET" | "POST",
    path: string,
    { body, key }: { body?: unknown; key?: string },
  ): Promise<{ ok: true; text: string } | { ok: false; status: number | null; complaint: string }> {
    let complaint = "";
    let status: number | null = null;
    const headers = { authorization: `Bearer ${this.#token}`, "content-type": "application/json" };
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      try {
        const response = await request(`${this.#url}${path}`, {
          method,
          headers: key === undefined ? headers : { ...headers, "idempotency-key": key },
          body: body === undefined ? null : JSON.stringify(body),
        });
        const text = await response.body.text();
        if (response.statusCode < 300) return { ok: true, text };
        status = response.statusCode;
        complaint = `${status} ${text.slice(0, 500)}`;
        if (response.statusCode < 500) break;
      } catch (error) {
        status = null;
        complaint = String(error);
      }
      await sleep(PAUSE_MS);
    }
    return { ok: false, status, complaint };
  }
}
