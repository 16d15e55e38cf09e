import * as z from "zod";
import { kvKeys, PublishedSummary } from "../../schema/drop-document.ts";
import type { DropsAnswer } from "../../schema/http.ts";
import type { DropId } from "../../schema/ids.ts";
import type { Snapshot } from "../../schema/line.ts";
import type { ChallengeReadiness } from "../../schema/preflight.ts";
import type { Refusal } from "../../schema/refusals.ts";
import type { Result } from "../../schema/result.ts";
import type { EdgeApi } from "../../schema/rpc/entrypoints.ts";
import { type Clock, systemClock } from "../combine.ts";
import { type Mailer, postedMail } from "../mail.ts";
import { Misconfigured, requireSecrets } from "../misconfigured.ts";
import { type Challenges, postedChallenges, type Widget } from "./bots/challenges.ts";
import { isTestSecret } from "./bots/siteverify.ts";
import { type CatalogReads, kvCatalogReads } from "./catalog/catalog-reads.ts";
import { type BrandQuotes, postedQuotes } from "./checkout/brand-quotes.ts";
import { type CustomerKeys, parseCustomerKeys } from "./identity/customer-keys.ts";
import { type Keyset, parseKeyset } from "./keyset.ts";
import { kvRecordStore, type RecordStore } from "./record/record-store.ts";
import { TUNING } from "./tuning.ts";

export type { Clock, Lifetime } from "../combine.ts";

/** Everything outside of the edge. Tests give their own; `depsFrom` is the only place that touches bindings. */
export type Deps = {
  /** A fresh stub: after an object's reset an old one stays broken. */
  state(): EdgeApi;
  /** About a second old at most. A failed call rejects. */
  snapshot(dropId: DropId): Promise<SnapshotResult>;
  publishedDrops(): Promise<DropsAnswer["drops"]>;
  catalog: CatalogReads;
  record: RecordStore;
  /** false: shed. Loose, by location, and open when the binding fails: never for correctness. */
  allowAddress(address: string): Promise<boolean>;
  allowShopper(shopperId: string): Promise<boolean>;
  allowMailFrom(address: string): Promise<boolean>;
  /** null: there is no secret to check them with. */
  challenges: Challenges | null;
  widget: Widget | null;
  mailer: Mailer;
  brandQuotes: BrandQuotes;
  customerKeys: CustomerKeys;
  /** Other origins whose scripts may use the session-bearing routes, by bearer token. */
  apiOrigins: ReadonlySet<string>;
  sessionKeys: Keyset;
  ticketKeys: Keyset;
  /** For the links of mails, which the console signs. */
  linkKeys: Keyset;
  clock: Clock;
  /** In [0, 1), for jitter only. */
  random(): number;
  /** Unpredictable bytes in hex, for shopper ids and the keys of forms. */
  randomHex(bytes: number): string;
  log(entry: LogEntry): void;
};

export type SnapshotResult = Result<Snapshot, Refusal<"drop_not_found">>;

/** Secrets that a deployment may leave out: `[secrets] required` knows only those that it may not. */
type OptionalSecrets = { CUSTOMER_KEYS?: string; TURNSTILE_SECRET?: string };

export type LogEntry = { level: "warn" | "error"; event: string; [field: string]: unknown };

/**
 * Wires the Worker's bindings; `loopback` leads to `Snapshots`, where there is a cache in front of it. @throws when a keyset
 * is malformed; the message never holds a secret.
 */
export function depsFrom(env: EdgeEnv, loopback?: Pick<Fetcher, "fetch">): Deps {
  requireSecrets("edge", env);
  return {
    state: () => env.STATE,
    snapshot: (dropId) => (loopback ? readByLoopback(loopback, dropId) : env.STATE.snapshot(dropId)),
    publishedDrops: () => listPublished(env.CONFIG),
    catalog: kvCatalogReads(env.CONFIG),
    record: kvRecordStore(env.RECORD),
    allowAddress: (address) => allow(env.LIMIT_BY_ADDRESS, address),
    allowShopper: (shopperId) => allow(env.LIMIT_BY_SHOPPER, shopperId),
    allowMailFrom: (address) => allow(env.LIMIT_MAIL_BY_ADDRESS, address),
    ...challengesFrom(env),
    mailer: postedMail({
      url: env.MAIL_URL,
      apiKey: env.MAIL_API_KEY,
      from: env.MAIL_FROM,
      fetch: (...request) => fetch(...request),
    }),
    brandQuotes: postedQuotes((...request) => fetch(...request)),
    customerKeys: parseCustomerKeys("CUSTOMER_KEYS", (env as OptionalSecrets).CUSTOMER_KEYS),
    apiOrigins: parseOrigins(env.API_ORIGINS),
    sessionKeys: parseKeyset("SESSION_KEYS", env.SESSION_KEYS),
    ticketKeys: parseKeyset("TICKET_KEYS", env.TICKET_KEYS),
    linkKeys: parseKeyset("LINK_KEYS", env.LINK_KEYS),
    clock: systemClock,
    random: () => Math.random(),
    randomHex: (bytes) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex"),
    log: (entry) => console[entry.level](JSON.stringify(entry)),
  };
}

/** @throws Misconfigured at an address that is none. */
function challengesFrom(env: EdgeEnv): Pick<Deps, "challenges" | "widget"> {
  const { TURNSTILE_SECRET: secret = "" } = env as OptionalSecrets;
  const { TURNSTILE_SITE_KEY: siteKey, TURNSTILE_SCRIPT_URL: scriptUrl, TURNSTILE_VERIFY_URL: url } = env;
  for (const [name, value] of Object.entries({
    TURNSTILE_SCRIPT_URL: scriptUrl,
    TURNSTILE_VERIFY_URL: url,
  })) {
    if (!URL.canParse(value)) throw new Misconfigured(`${name}: ${value} is not an address`);
  }
  const send: typeof fetch = (...request) => fetch(...request);
  return {
    challenges:
      secret === "" ? null : postedChallenges({ url, secret, isTest: isTestSecret(secret), fetch: send }),
    widget: siteKey === "" ? null : { siteKey, scriptUrl },
  };
}

/** For the console's question whether shoppers get as far as an order. @throws Misconfigured like the whole Worker. */
export function checkoutFrom(env: EdgeEnv): {
  deps: Deps;
  hasCustomerKeys: boolean;
  hasMailUrl: boolean;
  challenge: ChallengeReadiness;
} {
  const { CUSTOMER_KEYS = "" } = env as OptionalSecrets;
  const deps = depsFrom(env);
  const isSet = deps.challenges !== null && deps.widget !== null;
  return {
    deps,
    hasCustomerKeys: CUSTOMER_KEYS !== "",
    hasMailUrl: env.MAIL_URL !== "",
    challenge: !isSet ? "none" : deps.challenges?.isTest ? "test" : "real",
  };
}

/** Origins as browsers write them, separated by spaces. @throws at one that no browser could send. */
export function parseOrigins(list: string): Set<string> {
  const origins = list.split(/\s+/).filter((origin) => origin !== "");
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new Misconfigured(`API_ORIGINS: ${origin} is not an origin, such as https://shop.example`);
  }
  return new Set(origins);
}

async function allow(limiter: RateLimit, key: string): Promise<boolean> {
  try {
    return (await limiter.limit({ key })).success;
  } catch {
    return true;
  }
}

const Listed = z.object({ name: z.string(), metadata: PublishedSummary });

/** One KV list call; the summaries are in the keys' metadata. A key without a readable one is left out. */
async function listPublished(config: KVNamespace): Promise<DropsAnswer["drops"]> {
  const { keys } = await config.list({ prefix: kvKeys.publishedPrefix, limit: TUNING.dropListMax });
  return keys.flatMap((key) => {
    const listed = Listed.safeParse(key);
    if (!listed.success) return [];
    return [{ id: listed.data.name.slice(kvKeys.publishedPrefix.length), ...listed.data.metadata }];
  });
}

/** @throws when the call failed; nothing is known then. */
async function readByLoopback(loopback: Pick<Fetcher, "fetch">, dropId: DropId): Promise<SnapshotResult> {
  const answer = await loopback.fetch(`https://snapshots.internal/${dropId}`);
  if (!answer.ok) throw new Error(`the loopback answered ${answer.status}`);
  return answer.json();
}
