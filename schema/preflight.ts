import * as z from "zod";
import { DropDocument } from "./drop-document.ts";
import { DropId, type SkuId } from "./ids.ts";
import type { Beacon, SkuLevel } from "./line.ts";
import type { LocationHint } from "./places.ts";
import type { GatewayName } from "./statuses.ts";

/** What a preflight touches of one drop, and where its objects are to be made should they not exist yet. */
export type PreflightTarget = {
  dropId: DropId;
  skuIds: SkuId[];
  near: LocationHint | null;
  /** Its line takes a beacon's rounds. */
  takesBeacon: boolean;
};

/** Two readings of clocks: `clockMs` of the one that was asked, between `askedAtMs` and `heardAtMs` of who asked. */
export type ClockReading = { askedAtMs: number; heardAtMs: number; clockMs: number };

/** `reading`: the quickest of some calls to the object that is awake. `reason`: why it did not answer. */
export type ObjectProbe = { object: string } & (
  | { isAwake: true; wakeMs: number; reading: ClockReading; level?: SkuLevel | null }
  | { isAwake: false; reason: string }
);

/** What one relay made of a question for a round that was due; `fault`: null when it gave a value that verifies. */
export type RelayProbe = { host: string; fault: string | null };

/** Of the beacon that the published drop is bound to, or that this draft would be. `reason`: why nobody could be asked. */
export type BeaconProbe =
  | { isAsked: true; beacon: Beacon; round: number; dueAtMs: number; relays: RelayProbe[] }
  | { isAsked: false; reason: string };

/** `database` and `queue` are null when they work, else why not; `beacon` is null where the line takes none. */
export type StateReadiness = {
  objects: ObjectProbe[];
  database: string | null;
  queue: string | null;
  beacon: BeaconProbe | null;
};

/** `reading`: by the Date header of its answer, which has whole seconds; null when it sent none. */
export type GatewayProbe = { gateway: GatewayName; refusal: string | null; reading: ClockReading | null };

/** What the payments Worker lets the console ask: how its gateways are, and nothing of its secrets. */
export interface PaymentsForConsole {
  /** `misconfigured`: which secret is missing or malformed, and how to set it. */
  probeGateways(): Promise<{ misconfigured: string | null; gateways: GatewayProbe[] }>;
}

/** A MAC over a fixed label by the key that the console signs links with: shows that both have it, and nothing of it. */
export type LinkProof = { kid: string; mac: string };

/** What the brand's endpoint for quotes made of one question; `status`: of an answer that was none, null where none came. */
export type QuoteProbe =
  | { outcome: "verified" }
  | { outcome: "not_verified" }
  | { outcome: "none"; status: number | null; reason: string };

/** `test`: with Cloudflare's key for tests, which takes anything. `none`: without site key or secret. */
export type ChallengeReadiness = "none" | "test" | "real";

/** `quote`: null where the document has no quotes. `misconfigured`: the edge answers nobody, and why. */
export type CheckoutReadiness =
  | { misconfigured: string }
  | {
      misconfigured: null;
      hasCustomerKeys: boolean;
      hasMailUrl: boolean;
      challenge: ChallengeReadiness;
      knowsLinkKey: boolean;
      quote: QuoteProbe | null;
    };

/** What the edge lets the console ask: whether its shoppers get as far as an order. It tells which secrets it has, and none. */
export interface EdgeForConsole {
  /** Asks the brand's endpoint for one quote, where the document names one. Stores nothing. */
  probeCheckout(document: DropDocument, linkProof: LinkProof): Promise<CheckoutReadiness>;
}

/** blocks: the drop must not start like this. warning: somebody should look. */
export const FINDING_LEVELS = ["ok", "warning", "blocks"] as const;

export const Finding = z.object({
  level: z.enum(FINDING_LEVELS),
  /** What was looked at. */
  check: z.enum([
    "document",
    "objects",
    "stock",
    "clocks",
    "database",
    "queue",
    "gateway",
    "keys",
    "identity",
    "beacon",
    "challenge",
    "mails",
    "quotes",
    "storefront",
    "crowd",
  ]),
  message: z.string(),
});
export type Finding = z.infer<typeof Finding>;

/** POST /v1/drops/:drop/preflight of the console -> 200. */
export const PreflightAnswer = z.object({
  dropId: DropId,
  isReady: z.boolean(),
  /** The published version, or null. */
  version: z.string().nullable(),
  /** The console's clock. */
  atMs: z.int(),
  findings: z.array(Finding),
  /** What was looked at: the published document, or the draft where nothing is published. */
  document: DropDocument,
});
export type PreflightAnswer = z.infer<typeof PreflightAnswer>;

/** Ready means that nothing blocks. */
export const isReady = (findings: readonly Finding[]): boolean =>
  findings.every(({ level }) => level !== "blocks");

/**
 * How far the other clock is off, at least: the reading was taken at some moment between asking and hearing, and says its
 * time to within `resolutionMs`. 0 when it may be right. Positive: it is ahead.
 */
export function skewMs({ askedAtMs, heardAtMs, clockMs }: ClockReading, resolutionMs = 0): number {
  if (clockMs > heardAtMs) return clockMs - heardAtMs;
  if (clockMs + resolutionMs < askedAtMs) return clockMs + resolutionMs - askedAtMs;
  return 0;
}
