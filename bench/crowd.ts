import { randomBytes } from "node:crypto";
import type { PassAnswer, SessionAnswer, TicketAnswer } from "../schema/http.ts";
import { ShopperId } from "../schema/ids.ts";
import { type Secrets, secretBindings } from "../scripts/platform/secrets.ts";
import { systemClock } from "../workers/combine.ts";
import { parseKeyset } from "../workers/edge/keyset.ts";
import { createTokens } from "../workers/edge/tokens.ts";

const JSON_TYPE = { "Content-Type": "application/json" };
const DROP_MINUTES_MS = 10 * 60_000;
const PASS_TRIES_MAX = 60;
const PASS_WAIT_MS = 250;

export type Shopper = { session: string; pass: string };

export const DROP_ID = "bench";
export const SKU_ID = "bench-sku";
/** The most that a drop document allows, so that each shopper can reserve many times. */
export const PER_SHOPPER = 10;

/** Publishes a drop with more units than any run can sell. */
export async function publishBenchDrop(
  consoleUrl: string,
  operatorToken: string,
  opensAtMs: number,
): Promise<void> {
  const iso = (atMs: number) => new Date(atMs).toISOString();
  const document = {
    id: DROP_ID,
    name: "Bench",
    currency: "EUR",
    lobbyOpensAt: iso(opensAtMs - DROP_MINUTES_MS),
    opensAt: iso(opensAtMs),
    closesAt: iso(opensAtMs + DROP_MINUTES_MS),
    line: { admitPerSecond: 10_000 },
    skus: [{ id: SKU_ID, name: "Bench", stock: 1_000_000, priceMinor: 100, perShopper: PER_SHOPPER }],
  };
  const answer = await fetch(`${consoleUrl}/v1/drops/${DROP_ID}/publish`, {
    method: "POST",
    headers: { ...JSON_TYPE, Authorization: `Bearer ${operatorToken}` },
    body: JSON.stringify({ document }),
  });
  if (!answer.ok) throw new Error(`publish: ${answer.status} ${await answer.text()}`);
}

/** Sessions as the edge signs them, without asking it: a join that is measured is its shopper's first. */
export async function signSessions(secrets: Secrets, count: number): Promise<string[]> {
  const keys = parseKeyset("SESSION_KEYS", secretBindings(secrets).SESSION_KEYS ?? "");
  const { session } = createTokens(keys, keys, systemClock);
  return inGroups(count, async () => {
    const sub = ShopperId.parse(`shp_${randomBytes(16).toString("hex")}`);
    return (await session.sign({ sub }, DROP_MINUTES_MS)).token;
  });
}

export async function openSessions(url: string, count: number): Promise<string[]> {
  return inGroups(count, async () => (await post<SessionAnswer>(`${url}/v1/sessions`, {}, {})).session);
}

/** Joins with each session and waits, bounded, until each has a pass. */
export async function admit(url: string, sessions: string[]): Promise<Shopper[]> {
  const tickets = await inGroups(sessions.length, async (index) => {
    const headers = { Authorization: `Bearer ${sessions[index]}`, "Idempotency-Key": `join-${index}` };
    return (await post<TicketAnswer>(`${url}/v1/drops/${DROP_ID}/tickets`, headers, {})).ticket;
  });
  return inGroups(sessions.length, async (index) => {
    const session = sessions[index] ?? "";
    for (let tries = 1; tries <= PASS_TRIES_MAX; tries += 1) {
      const answer = await fetch(`${url}/v1/drops/${DROP_ID}/passes`, {
        method: "POST",
        headers: { ...JSON_TYPE, Authorization: `Bearer ${session}` },
        body: JSON.stringify({ ticket: tickets[index] }),
      });
      if (answer.status === 201) return { session, pass: ((await answer.json()) as PassAnswer).pass };
      await answer.body?.cancel();
      await new Promise((done) => setTimeout(done, PASS_WAIT_MS));
    }
    throw new Error("the line did not move");
  });
}

async function post<Answer>(url: string, headers: Record<string, string>, body: unknown): Promise<Answer> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Answer;
}

async function inGroups<Value>(count: number, make: (index: number) => Promise<Value>): Promise<Value[]> {
  const values: Value[] = [];
  const size = 50;
  for (let start = 0; start < count; start += size) {
    const group = Array.from({ length: Math.min(size, count - start) }, (_, offset) => make(start + offset));
    values.push(...(await Promise.all(group)));
  }
  return values;
}
