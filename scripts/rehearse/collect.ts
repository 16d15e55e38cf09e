import type { DropDocument } from "../../schema/drop-document.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Answers, Evidence } from "./audit/evidence.ts";
import type { EdgeClient } from "./client.ts";
import type { ConsoleClient } from "./console-client.ts";
import { ENDPOINTS, type Endpoint } from "./endpoints.ts";
import type { GatewayBooks } from "./gateway-client.ts";
import { verifyPublicRecord } from "./public-record.ts";

const RECORD_PATIENCE_MS = 20_000;

type Sources = {
  document: DropDocument;
  console: ConsoleClient;
  client: EdgeClient;
  edgeUrl: string;
  books: GatewayBooks;
  answers: Answers;
};

/** Reads all sources to their end. Call it when nothing moves any more: the pages of a moving source do not fit together. */
export async function collectEvidence({
  document,
  console,
  client,
  edgeUrl,
  books,
  answers,
}: Sources): Promise<Evidence> {
  const skus = await Promise.all(document.skus.map((sku) => console.stock(document.id, sku.id)));
  const orders = await console.orders(document.id);
  const orderRows = await console.orderRows(document.id);
  const attemptRows = await console.attemptRows();
  const record = await readRecord(client, document.id);
  const proof = await verifyPublicRecord(edgeUrl, document.id);
  return {
    document,
    skus,
    orders,
    orderRows,
    attemptRows,
    record,
    proof,
    gateway: books.entries,
    answers,
    collectedAtMs: Date.now(),
  };
}

/** The public record, as any outsider reads it. */
async function readRecord(client: EdgeClient, dropId: string): Promise<Evidence["record"]> {
  const read = async <Value>(endpoint: Endpoint<Value>, part: string): Promise<Value> => {
    const request = {
      method: "GET",
      path: `/v1/drops/${dropId}/record${part}`,
      address: "10.255.255.253",
    } as const;
    const reply = await client.persist(endpoint, request, client.patience.nowMs() + RECORD_PATIENCE_MS);
    if (!reply.ok) throw new Error(`the public record did not answer ${part}: ${reply.code}`);
    return reply.value;
  };
  const head = await read(ENDPOINTS.record, "");
  const record: Evidence["record"] = { cohorts: [], steps: [] };
  for (let page = 0; page * LIMITS.cohortsPerPage <= head.revealedThrough; page++)
    record.cohorts.push(...(await read(ENDPOINTS.cohorts, `/cohorts/${page}`)).cohorts);
  for (let page = 0; page * LIMITS.stepsPerPage < head.steps; page++)
    record.steps.push(...(await read(ENDPOINTS.steps, `/steps/${page}`)).steps);
  return record;
}
