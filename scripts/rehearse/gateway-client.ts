import { request } from "undici";
import type { GatewayEntry } from "./audit/evidence.ts";

type Operation = {
  seq: number;
  operation: string;
  outcome: string;
  order: string;
  paymentId: string | null;
  amountMinor: number;
};
type LedgerPage = {
  operations: Operation[];
  next: number | null;
  webhooks: Record<string, number>;
  injected: Record<string, number>;
};

/** The gateway's own books, and what it did to us on purpose. */
export type GatewayBooks = {
  entries: GatewayEntry[];
  /** It was asked to capture again what it had captured, and refused. */
  refusedDoubleCaptures: number;
  pendingWebhooks: number;
  webhooks: Record<string, number>;
  injected: Record<string, number>;
};

const KINDS = { authorize: "authorized", capture: "captured", void: "voided", refund: "refunded" } as const;
const PAGES_MAX = 10_000;

export async function readGatewayBooks(gatewayUrl: string, apiKey: string): Promise<GatewayBooks> {
  const books: GatewayBooks = {
    entries: [],
    refusedDoubleCaptures: 0,
    pendingWebhooks: 0,
    webhooks: {},
    injected: {},
  };
  let after: number | null = 0;
  for (let pages = 0; pages < PAGES_MAX && after !== null; pages++) {
    const page: LedgerPage = await readPage(gatewayUrl, apiKey, after);
    books.entries.push(...page.operations.flatMap(entryOf));
    books.refusedDoubleCaptures += page.operations.filter(
      ({ outcome }) => outcome === "refused_double_capture",
    ).length;
    books.pendingWebhooks = page.webhooks.pending ?? 0;
    books.webhooks = page.webhooks;
    books.injected = page.injected;
    after = page.next;
  }
  return books;
}

/** From here on the gateway does as it is told. */
export async function healGateway(gatewayUrl: string, apiKey: string): Promise<void> {
  const response = await request(`${gatewayUrl}/control/faults`, {
    method: "PUT",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: "{}",
  });
  await response.body.dump();
  if (response.statusCode !== 200) throw new Error(`the gateway could not be healed: ${response.statusCode}`);
}

async function readPage(gatewayUrl: string, apiKey: string, after: number): Promise<LedgerPage> {
  const response = await request(`${gatewayUrl}/control/ledger?after=${after}`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  const text = await response.body.text();
  if (response.statusCode !== 200)
    throw new Error(`the gateway's ledger: ${response.statusCode} ${text.slice(0, 200)}`);
  return JSON.parse(text) as LedgerPage;
}

function entryOf({ operation, outcome, order, paymentId, amountMinor }: Operation): GatewayEntry[] {
  const kind = KINDS[operation as keyof typeof KINDS];
  if (paymentId === null) return [];
  if (outcome === "refused_double_capture")
    return [{ orderId: order, kind: "recaptured", paymentRef: paymentId, amountMinor }];
  if (kind === undefined || outcome !== "succeeded") return [];
  return [{ orderId: order, kind, paymentRef: paymentId, amountMinor }];
}
