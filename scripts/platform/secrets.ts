import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TEST_KEYS } from "../sandbox/turnstile/keys.ts";

/** The first key signs, all of them verify; `secret` is base64url of 32 bytes. */
export type Keyset = [KeyEntry, ...KeyEntry[]];

export interface KeyEntry {
  kid: string;
  secret: string;
}

export interface Secrets {
  sessionKeys: Keyset;
  ticketKeys: Keyset;
  /** For the links of mails: the console signs, the edge verifies. */
  linkKeys: Keyset;
  /** What the signing keys of webhook endpoints are derived from. */
  webhookKeys: Keyset;
  sandboxApiKey: string;
  /** `whsec_` and standard base64 of 32 bytes, as Standard Webhooks has it. */
  sandboxWebhookSecret: string;
  operatorToken: string;
  /** A warehouse signs its stock with it; of the same form. */
  stockSyncSecret: string;
  /** A shop's own, for drops that ask for a signed claim: one shared secret. */
  customerKeys: [CustomerKey];
  /** Turnstile's documented key for tests that takes every token; the stand-in of the sandbox knows it too. */
  turnstileSecret: string;
}

export interface CustomerKey {
  kid: string;
  issuer: string;
  alg: "HS256";
  kty: "oct";
  k: string;
}

/** Draws a fresh set of secrets; nothing is written. */
export function createSecrets(): Secrets {
  return {
    sessionKeys: [createKey()],
    ticketKeys: [createKey()],
    linkKeys: [createKey()],
    webhookKeys: [createKey()],
    sandboxApiKey: `sk_sandbox_${randomBytes(24).toString("base64url")}`,
    sandboxWebhookSecret: `whsec_${randomBytes(32).toString("base64")}`,
    operatorToken: `op_${randomBytes(32).toString("base64url")}`,
    stockSyncSecret: `whsec_${randomBytes(32).toString("base64")}`,
    customerKeys: [createCustomerKey()],
    turnstileSecret: TEST_KEYS.passes.secret,
  };
}

/**
 * Reads `<dir>/secrets.json`, and creates it (mode 0600) on first use. Of two that create it at once, one wins for both. A
 * secret that a newer version of Dropline asks for is drawn and added.
 */
export async function localSecrets(dir: string): Promise<Secrets> {
  const file = join(dir, "secrets.json");
  await mkdir(dir, { recursive: true });
  const drawn = createSecrets();
  const write = (secrets: Secrets, flag: "w" | "wx") =>
    writeFile(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag });
  try {
    await write(drawn, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const kept = parseSecrets(await readFile(file, "utf8"), file);
  const all = { ...drawn, ...kept };
  if (Object.keys(all).length > Object.keys(kept).length) await write(all, "w");
  return all;
}

function parseSecrets(text: string, file: string): Partial<Secrets> {
  try {
    return JSON.parse(text) as Partial<Secrets>;
  } catch {
    throw new Error(
      `${file} is no JSON. Delete it, and new secrets are drawn; tokens signed with the old ones end.`,
    );
  }
}

/** What each secret is called inside a Worker (see `[secrets]` in the wrangler.toml files). */
export function secretBindings(secrets: Secrets): Record<string, string> {
  return {
    SESSION_KEYS: JSON.stringify(secrets.sessionKeys),
    TICKET_KEYS: JSON.stringify(secrets.ticketKeys),
    LINK_KEYS: JSON.stringify(secrets.linkKeys),
    WEBHOOK_KEYS: JSON.stringify(secrets.webhookKeys),
    SANDBOX_API_KEY: secrets.sandboxApiKey,
    SANDBOX_WEBHOOK_SECRET: secrets.sandboxWebhookSecret,
    OPERATOR_TOKEN: secrets.operatorToken,
    STOCK_SYNC_SECRET: secrets.stockSyncSecret,
    CUSTOMER_KEYS: JSON.stringify({ keys: secrets.customerKeys }),
    MAIL_API_KEY: secrets.sandboxApiKey,
    TURNSTILE_SECRET: secrets.turnstileSecret,
  };
}

/** What a Worker takes when it is given, and does without when it is not. */
export const OPTIONAL_SECRETS: Record<string, string[]> = {
  "dropline-edge": ["CUSTOMER_KEYS", "TURNSTILE_SECRET"],
  "dropline-console": ["STOCK_SYNC_SECRET"],
};

function createCustomerKey(): CustomerKey {
  const { kid, secret } = createKey();
  return { kid, issuer: "https://shop.example", alg: "HS256", kty: "oct", k: secret };
}

function createKey(): KeyEntry {
  return { kid: randomBytes(6).toString("base64url"), secret: randomBytes(32).toString("base64url") };
}
