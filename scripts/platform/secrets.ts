import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The first key signs, all of them verify; `secret` is base64url of 32 bytes. */
export type Keyset = [KeyEntry, ...KeyEntry[]];

export interface KeyEntry {
  kid: string;
  secret: string;
}

export interface Secrets {
  sessionKeys: Keyset;
  ticketKeys: Keyset;
  sandboxApiKey: string;
  /** `whsec_` and standard base64 of 32 bytes, as Standard Webhooks has it. */
  sandboxWebhookSecret: string;
  operatorToken: string;
}

/** Draws a fresh set of secrets; nothing is written. */
export function createSecrets(): Secrets {
  return {
    sessionKeys: [createKey()],
    ticketKeys: [createKey()],
    sandboxApiKey: `sk_sandbox_${randomBytes(24).toString("base64url")}`,
    sandboxWebhookSecret: `whsec_${randomBytes(32).toString("base64")}`,
    operatorToken: `op_${randomBytes(32).toString("base64url")}`,
  };
}

/** Reads `<dir>/secrets.json`, and creates it (mode 0600) on first use. Of two that create it at once, one wins for both. */
export async function localSecrets(dir: string): Promise<Secrets> {
  const file = join(dir, "secrets.json");
  await mkdir(dir, { recursive: true });
  try {
    await writeFile(file, `${JSON.stringify(createSecrets(), null, 2)}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return JSON.parse(await readFile(file, "utf8")) as Secrets;
}

/** What each secret is called inside a Worker (see `[secrets]` in the wrangler.toml files). */
export function secretBindings(secrets: Secrets): Record<string, string> {
  return {
    SESSION_KEYS: JSON.stringify(secrets.sessionKeys),
    TICKET_KEYS: JSON.stringify(secrets.ticketKeys),
    SANDBOX_API_KEY: secrets.sandboxApiKey,
    SANDBOX_WEBHOOK_SECRET: secrets.sandboxWebhookSecret,
    OPERATOR_TOKEN: secrets.operatorToken,
  };
}

function createKey(): KeyEntry {
  return { kid: randomBytes(6).toString("base64url"), secret: randomBytes(32).toString("base64url") };
}
