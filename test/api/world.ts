import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { vi } from "vitest";
import * as z from "zod";
import type { DropDocument } from "../../schema/drop-document.ts";
import { SkuLevel } from "../../schema/line.ts";
import type { AuditedOrder, OrdersAudit } from "../../schema/rpc/orders.ts";
import type { StockAudit } from "../../schema/rpc/sku-stock.ts";
import type { OrderRow } from "../../schema/tables.ts";
import { bootPlatform, type Platform } from "../../scripts/platform/boot.ts";
import { createSecrets, type Secrets } from "../../scripts/platform/secrets.ts";
import type { Faults } from "../../scripts/sandbox/faults.ts";
import { type Sandbox, startSandbox } from "../../scripts/sandbox/server.ts";
import type { LedgerPage } from "../unit/sandbox-client.ts";
import { type Asked, ask, type Reply, told } from "./ask.ts";

// Tests here mostly wait for the line's seconds, so they wait together.
vi.setConfig({ maxConcurrency: 12 });

const HOUR_MS = 60 * 60 * 1_000;

/** The four scripts in one workerd, and the sandbox gateway in this process. */
export type World = {
  platform: Platform;
  sandbox: Sandbox;
  secrets: Secrets;
  /** Ends the platform and starts another on the same ports, over what is stored; the gateway stays. */
  reboot(secrets?: Secrets): Promise<void>;
  end(): Promise<void>;
};

/** `stateDir`: for those who reboot; else nothing is kept. */
export async function startWorld({ stateDir = null }: { stateDir?: string | null } = {}): Promise<World> {
  const secrets = createSecrets();
  const sandboxPort = await freePort();
  const vars = { SANDBOX_URL: `http://127.0.0.1:${sandboxPort}` };
  const boot = (secretsNow: Secrets, ports: Platform["urls"] | null) =>
    bootPlatform({ stateDir, ports: portsOf(ports), secrets: secretsNow, vars, cronEveryMs: null });
  const platform = await boot(secrets, null);
  const sandbox = await startSandbox({
    port: sandboxPort,
    dir: null,
    apiKey: secrets.sandboxApiKey,
    webhookSecret: secrets.sandboxWebhookSecret,
    webhookUrl: `${platform.urls.payments}/webhooks/sandbox`,
  });
  const world: World = {
    platform,
    sandbox,
    secrets,
    async reboot(next = world.secrets) {
      await world.platform.dispose();
      world.secrets = next;
      world.platform = await boot(next, world.platform.urls);
    },
    async end() {
      await sandbox.close();
      await world.platform.dispose();
    },
  };
  return world;
}

let count = 0;
/** A name that nothing else in this run has. */
export const fresh = (what: string) => `${what}-${randomBytes(3).toString("hex")}-${++count}`;

export type DropPlan = {
  /** Negative: it has been open for so long. */
  opensInMs?: number;
  lobbyOpensInMs?: number;
  /** After opening. */
  lastsMs?: number;
  windowMs?: number;
  timing?: Partial<DropDocument["timing"]>;
  skus?: { stock?: number; perShopper?: number; priceMinor?: number }[];
  /** Other fields of the document. */
  more?: Partial<Record<keyof DropDocument, unknown>>;
};
export type Drop = { id: string; skus: string[]; document: unknown; opensAtMs: number; closesAtMs: number };

/** More people are let in than there are units free: they have the waiting list to come for. */
export const LETS_ALL_IN = { more: { waitingList: { isOpen: true } } } satisfies DropPlan;

/** A document of its own name, with one SKU of one unit unless said otherwise; not published. */
export function draftDrop({
  opensInMs = 350,
  lobbyOpensInMs = -1_000,
  lastsMs = HOUR_MS,
  ...plan
}: DropPlan = {}): Drop {
  const id = fresh("drop");
  const nowMs = Date.now();
  const opensAtMs = nowMs + opensInMs;
  const closesAtMs = opensAtMs + lastsMs;
  const at = (ms: number) => new Date(ms).toISOString();
  const skus = (plan.skus ?? [{}]).map((sku) => ({
    id: fresh("sku"),
    name: "One size",
    stock: 1,
    priceMinor: 12_900,
    perShopper: 1,
    ...sku,
  }));
  const document = {
    id,
    name: `A drop called ${id}`,
    currency: "EUR",
    lobbyOpensAt: at(Math.min(nowMs + lobbyOpensInMs, opensAtMs)),
    opensAt: at(opensAtMs),
    closesAt: at(closesAtMs),
    line: { windowMs: plan.windowMs ?? 1_000, admitPerSecond: 1_000 },
    timing: { reservationTtlMs: 60_000, commandResendMs: 1_000, ...plan.timing },
    skus,
    ...plan.more,
  };
  return { id, skus: skus.map((sku) => sku.id), document, opensAtMs, closesAtMs };
}

export async function publishDrop(world: World, plan: DropPlan = {}): Promise<Drop & { sku: string }> {
  const drop = draftDrop(plan);
  const reply = await askConsole(world, `/drops/${drop.id}/publish`, {
    method: "POST",
    body: { document: drop.document },
  });
  told(reply, 200, z.object({ version: z.string() }));
  return { ...drop, sku: drop.skus[0] ?? "" };
}

/** The console's API, as the operator. */
export function askConsole({ platform, secrets }: World, path: string, asked: Asked = {}): Promise<Reply> {
  return ask(`${platform.urls.console}/v1${path}`, { token: secrets.operatorToken, ...asked });
}

/** What a SKU's own object holds. */
export async function stockOf(
  world: World,
  dropId: string,
  skuId: string,
): Promise<StockAudit & { level: SkuLevel }> {
  const reply = await askConsole(world, `/drops/${dropId}/audit/stock/${skuId}`);
  const audit = told(reply, 200, z.looseObject({ level: SkuLevel }));
  return audit as unknown as StockAudit & { level: SkuLevel };
}

/** `available/reserved/sold` of a SKU, by its object. */
export async function unitsOf(world: World, dropId: string, skuId: string): Promise<string> {
  const { available, reserved, sold } = (await stockOf(world, dropId, skuId)).level;
  return `${available}/${reserved}/${sold}`;
}

/** An order as its coordinator has it. */
export async function auditedOrder(world: World, orderId: string): Promise<AuditedOrder> {
  const shard = Number.parseInt(orderId.slice(4, 6), 16);
  const reply = await askConsole(world, `/audit/orders/${shard}`);
  const { orders } = reply.json as OrdersAudit;
  const order = orders.find((one) => one.orderId === orderId);
  if (order === undefined) throw new Error(`the shard has no ${orderId}`);
  return order;
}

/** The rows of one drop in D1. */
export async function rowsOf(world: World, dropId: string): Promise<OrderRow[]> {
  const reply = await askConsole(world, `/orders?drop=${dropId}`);
  return (reply.json as { rows: OrderRow[] }).rows;
}

/** What the gateway's books say about one order. */
export async function moneyOf({ sandbox, secrets }: World, orderId: string) {
  const operations: LedgerPage["operations"] = [];
  const payments: LedgerPage["payments"] = [];
  for (let after: number | null = 0; after !== null; ) {
    const reply: Reply = await ask(`${sandbox.url}/control/ledger?after=${after}`, {
      token: secrets.sandboxApiKey,
    });
    const page = reply.json as LedgerPage;
    operations.push(...page.operations.filter(({ order }) => order === orderId));
    payments.push(...page.payments.filter(({ order }) => order === orderId));
    after = page.next;
  }
  const count = (operation: string, outcome = "succeeded") =>
    operations.filter((row) => row.operation === operation && row.outcome === outcome).length;
  const sum = (field: "capturedMinor" | "voidedMinor" | "refundedMinor") =>
    payments.reduce((total, payment) => total + payment[field], 0);
  return {
    authorizations: count("authorize"),
    captures: count("capture"),
    doubleCaptures: count("capture", "refused_double_capture"),
    capturedMinor: sum("capturedMinor"),
    voidedMinor: sum("voidedMinor"),
    refundedMinor: sum("refundedMinor"),
  };
}

export const misbehave = ({ sandbox }: World, faults: Partial<Faults>): void => sandbox.setFaults(faults);

function portsOf(urls: Platform["urls"] | null) {
  const port = (door: keyof Platform["urls"]) => (urls === null ? 0 : Number(new URL(urls[door]).port));
  return { edge: port("edge"), payments: port("payments"), console: port("console") };
}

/** The gateway must know where webhooks go and payments where the gateway is: so one of the two ports is chosen before. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
