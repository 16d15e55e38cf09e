import type {
  Beacon,
  ClosedCohort,
  CohortPage,
  Commitment,
  LedgerPage,
  RecordHead,
  SignedRoot,
  StepPage,
} from "../../../../schema/line.ts";
import type { LedgerKind } from "../../../../schema/statuses.ts";
import { BOUNDS, FORMAT } from "./bounds.ts";

/**
 * The shapes of the record's parts, written without a library since this runs in browsers. A shape takes what JSON gave and
 * answers with exactly the fields that it knows; @throws Malformed with the field's name.
 */
export type Shape<Value> = (value: unknown, name: string) => Value;

export class Malformed extends Error {}

const refuse = (name: string, wanted: string): never => {
  throw new Malformed(`${name} is not ${wanted}`);
};

function int(min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER): Shape<number> {
  return (value, name) =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max
      ? value
      : refuse(name, `a whole number from ${min} to ${max}`);
}
const fraction: Shape<number> = (value, name) =>
  typeof value === "number" && value >= 0 && value <= 1 ? value : refuse(name, "a number from 0 to 1");
const flag: Shape<boolean> = (value, name) =>
  typeof value === "boolean" ? value : refuse(name, "true or false");
function text(maxChars: number): Shape<string> {
  return (value, name) =>
    typeof value === "string" && value.length <= maxChars
      ? value
      : refuse(name, `a text of at most ${maxChars} characters`);
}
export function hex(bytes: number): Shape<string> {
  return (value, name) =>
    typeof value === "string" && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value)
      ? value
      : refuse(name, `${bytes} bytes in lower-case hex`);
}
function oneOf<Value extends string>(values: readonly Value[]): Shape<Value> {
  return (value, name) =>
    values.find((candidate) => candidate === value) ?? refuse(name, `one of ${values.join(", ")}`);
}
function nullable<Value>(shape: Shape<Value>): Shape<Value | null> {
  return (value, name) => (value === null ? null : shape(value, name));
}
function list<Value>(shape: Shape<Value>, max: number): Shape<Value[]> {
  return (value, name) =>
    Array.isArray(value) && value.length <= max
      ? value.map((entry, at) => shape(entry, `${name}[${at}]`))
      : refuse(name, `a list of at most ${max}`);
}
type Fields<Value> = { [Name in keyof Value]: Shape<Value[Name]> };
function object<Value>(fields: Fields<Value>): Shape<Value> {
  return (value, name) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(name, "an object");
    const found: Partial<Value> = {};
    for (const field of Object.keys(fields) as (keyof Value & string)[]) {
      const given = Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined;
      found[field] = fields[field](given, `${name}.${field}`);
    }
    return found as Value;
  };
}

const atMs = int(0);
const slug = text(64);
const cohort = int(0, FORMAT.linksMax - 1);
const through = int(-1, FORMAT.linksMax - 1);
const chunksMax = Math.ceil(BOUNDS.joinedMax / FORMAT.ticketsPerChunk);

export const beacon: Shape<Beacon> = object({
  scheme: oneOf(["bls-unchained-g1-rfc9380"]),
  chainHash: hex(32),
  publicKey: hex(96),
  genesisAtMs: int(0),
  periodMs: int(1),
});

export const commitment = object({
  dropId: slug,
  anchor: hex(32),
  links: int(1, FORMAT.linksMax),
  publicKey: hex(32),
  beacon: nullable(beacon),
  committedAtMs: atMs,
  signature: hex(64),
}) as Shape<Commitment>;

const rootFields = {
  cohort,
  count: int(1, BOUNDS.joinedMax),
  root: hex(32),
  closedAtMs: atMs,
  beaconRound: nullable(int(1)),
  signature: hex(64),
};

export const signedRoot: Shape<SignedRoot> = object({ ...rootFields, chunks: list(hex(32), chunksMax) });

const closedCohort: Shape<ClosedCohort> = object({
  ...rootFields,
  before: int(0),
  link: hex(32),
  beaconSignature: nullable(hex(48)),
  seed: hex(32),
  revealedAtMs: atMs,
});

export const cohortPage: Shape<CohortPage> = object({
  page: int(0),
  isComplete: flag,
  cohorts: list(closedCohort, FORMAT.cohortsPerPage),
});

export const stepPage: Shape<StepPage> = object({
  page: int(0),
  isComplete: flag,
  steps: list(object({ step: int(1), atMs, cohort, rank: fraction, admitted: int(0) }), FORMAT.stepsPerPage),
});

export const recordHead = object({
  dropId: slug,
  version: text(128),
  atMs,
  commitment,
  notes: list(
    object({
      atMs,
      what: oneOf(["published", "paused", "resumed", "opened", "ended", "paced"]),
      detail: text(200),
    }),
    BOUNDS.notesMax,
  ),
  rootedThrough: through,
  revealedThrough: through,
  steps: int(0),
  joined: int(0),
  heldApart: nullable(int(0)),
  ledgers: list(object({ skuId: slug, rows: int(0), hash: hex(32) }), BOUNDS.skusMax),
}) as Shape<RecordHead>;

export const LEDGER_MOVES: Record<
  LedgerKind,
  readonly [stock: number, available: number, reserved: number, sold: number]
> = {
  configure: [1, 1, 0, 0],
  adjust: [1, 1, 0, 0],
  count: [1, 1, 0, 0],
  reserve: [0, -1, 1, 0],
  offer: [0, -1, 1, 0],
  lapse: [0, 1, -1, 0],
  release: [0, 1, -1, 0],
  give_back: [0, 1, -1, 0],
  commit: [0, 0, -1, 1],
  late: [0, -1, 0, 1],
  reverse: [0, 1, 0, -1],
  return: [0, 1, 0, -1],
  write_off: [-1, 0, 0, -1],
};

const units = int(0, BOUNDS.quantityMax);
export const ledgerPage = object({
  skuId: slug,
  page: int(0),
  isComplete: flag,
  rows: list(
    object({
      seq: int(1),
      atMs,
      kind: oneOf(Object.keys(LEDGER_MOVES) as LedgerKind[]),
      ticketId: nullable(hex(16)),
      quantity: int(-BOUNDS.quantityMax, BOUNDS.quantityMax),
      stock: units,
      available: units,
      reserved: units,
      sold: units,
    }),
    FORMAT.ledgerRowsPerPage,
  ),
}) as Shape<LedgerPage>;

/** Of the snapshot: what says when a window ends. */
export type Schedule = { opensAtMs: number; windowMs: number };
export const schedule: Shape<Schedule> = object({ opensAtMs: atMs, windowMs: int(1) });
