import type { DropDocument } from "../../schema/drop-document.ts";
import type { LineRecord } from "../../schema/line.ts";
import type { Answers, Evidence } from "./audit/evidence.ts";
import type { EdgeClient } from "./client.ts";
import type { ConsoleClient } from "./console-client.ts";
import { ENDPOINTS } from "./endpoints.ts";
import type { GatewayBooks } from "./gateway-client.ts";

const RECORD_PAGES_MAX = 10_000;
const RECORD_PATIENCE_MS = 20_000;

type Sources = {
  document: DropDocument;
  console: ConsoleClient;
  client: EdgeClient;
  books: GatewayBooks;
  answers: Answers;
};

/** Reads all sources to their end. Call it when nothing moves any more: the pages of a moving source do not fit together. */
export async function collectEvidence({
  document,
  console,
  client,
  books,
  answers,
}: Sources): Promise<Evidence> {
  const skus = await Promise.all(document.skus.map((sku) => console.stock(document.id, sku.id)));
  const orders = await console.orders(document.id);
  const orderRows = await console.orderRows(document.id);
  const attemptRows = await console.attemptRows();
  const record = await readRecord(client, document.id);
  return {
    document,
    skus,
    orders,
    orderRows,
    attemptRows,
    record,
    gateway: books.entries,
    answers,
    collectedAtMs: Date.now(),
  };
}

/** The public record, as any outsider reads it. */
async function readRecord(client: EdgeClient, dropId: string): Promise<Evidence["record"]> {
  const record: Evidence["record"] = { cohorts: [], steps: [] };
  for (let pages = 0; pages < RECORD_PAGES_MAX; pages++) {
    const afterCohort = record.cohorts.at(-1)?.cohort ?? -1;
    const afterStep = record.steps.at(-1)?.step ?? -1;
    const path = `/v1/drops/${dropId}/record?afterCohort=${afterCohort}&afterStep=${afterStep}`;
    const request = { method: "GET", path, address: "10.255.255.253" } as const;
    const reply = await client.persist(ENDPOINTS.record, request, Date.now() + RECORD_PATIENCE_MS);
    if (!reply.ok) throw new Error(`the public record did not answer: ${reply.code}`);
    const page: LineRecord = reply.value;
    record.cohorts.push(...page.cohorts);
    record.steps.push(...page.steps);
    if (!page.more || (page.cohorts.length === 0 && page.steps.length === 0)) break;
  }
  return record;
}
