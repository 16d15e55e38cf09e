import { DropDocument } from "../../schema/drop-document.ts";
import type { Beacon } from "../../schema/line.ts";
import type { ClockReading, Finding, RelayProbe } from "../../schema/preflight.ts";
import type { Measured } from "../../workers/console/preflight/decide.ts";
import { QUICKNET } from "../../workers/edge/line/verify/beacons.ts";
import { draft } from "./console-fakes.ts";

export const VERSION = "a".repeat(64);
export const NOW = Date.parse("2027-02-28T10:00:00Z");
export const reading = (changes: Partial<ClockReading> = {}): ClockReading => ({
  askedAtMs: NOW,
  heardAtMs: NOW + 10,
  clockMs: NOW + 5,
  ...changes,
});
export const level = { skuId: "runner-42", stock: 10, available: 10, reserved: 0, sold: 0 } as never;
export const awake = (object: string, changes: object = {}) =>
  ({ object, isAwake: true, wakeMs: 30, reading: reading(), ...changes }) as const;

export const WELL = {
  misconfigured: null,
  hasCustomerKeys: true,
  hasMailUrl: true,
  challenge: "real",
  knowsLinkKey: true,
  quote: null,
} as const;
export const asking = (identity: string, checkout: object): Partial<Measured> => ({
  document: DropDocument.parse(draft({ limits: { identity } })),
  checkout: { ...WELL, ...checkout },
});

export const challenging = (checkout: object, mode: "test" | "live" = "test"): Partial<Measured> => ({
  document: { ...DropDocument.parse(draft({ line: { challenge: "turnstile" } })), mode },
  checkout: { ...WELL, ...checkout },
});

export const heard = (host: string, fault: string | null = null): RelayProbe => ({ host, fault });
export const underBeacon = (
  relays: RelayProbe[],
  { beacon = QUICKNET, mode = "test" }: { beacon?: Beacon; mode?: "test" | "live" } = {},
): Partial<Measured> => ({
  document: { ...DropDocument.parse(draft({ line: { beacon: "drand" } })), mode },
  ...state({ beacon: { isAsked: true, beacon, round: 7, dueAtMs: NOW - 3_000, relays } }),
});

export function measured(changes: Partial<Measured> = {}): Measured {
  return {
    document: DropDocument.parse(draft()),
    publishedVersion: VERSION,
    draftVersion: VERSION,
    warnings: [],
    state: {
      objects: [awake("line"), awake("orders"), awake("stock of runner-42", { level })],
      database: null,
      queue: null,
      beacon: null,
    },
    payments: { misconfigured: null, gateways: [{ gateway: "sandbox", refusal: null, reading: reading() }] },
    checkout: WELL,
    mails: { areSent: true, storefrontUrl: "https://drops.shop.com", isLocal: false },
    nowMs: NOW,
    ...changes,
  };
}
export const state = (changes: Partial<Measured["state"]>) => ({
  state: { ...measured().state, ...changes },
});
export const gateway = (changes: object) => ({
  payments: {
    misconfigured: null,
    gateways: [{ gateway: "sandbox" as const, refusal: null, reading: reading(), ...changes }],
  },
});
export const bad = (findings: Finding[]) =>
  findings
    .filter(({ level }) => level !== "ok")
    .map(({ level, check, message }) => `${level} ${check}: ${message}`);
