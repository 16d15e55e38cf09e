import { checkRounds } from "../../workers/edge/line/verify/check-rounds.ts";
import type { CheckRounds } from "../../workers/edge/line/verify/context.ts";
import { verifyLine } from "../../workers/edge/line/verify/verify-line.ts";
import {
  BEACON,
  type ClosedCohort,
  type Head,
  honestWorld,
  ledgerHash,
  type Parts,
  publish,
  type Row,
  type Step,
  serve,
  type signedRootOf,
  type World,
} from "./line-record-forge.ts";

export type Options = Partial<Omit<Parameters<typeof verifyLine>[0], "dropId">>;

const answers = new Map<string, boolean>();
/** The real check, but once for each signature: the honest rounds come in every test, and a pairing takes long. */
export const checkRoundsOnce: CheckRounds = async (beacon, rounds) => {
  const told: boolean[] = [];
  for (const one of rounds) {
    const asked = `${beacon.publicKey} ${one.round} ${Buffer.from(one.signature).toString("hex")}`;
    const answer = answers.get(asked) ?? (await checkRounds(beacon, [one]))[0] === true;
    answers.set(asked, answer);
    told.push(answer);
  }
  return told;
};

export const verify = (parts: Parts, options: Options = {}) =>
  verifyLine({
    dropId: "spring",
    source: serve(parts),
    mode: "full",
    checkRounds: checkRoundsOnce,
    trustedBeacons: [BEACON],
    pause: async () => {},
    ...options,
  });

/** What a brand that holds every key might do, and the findings that give it away, with no others. */
export type Fraud = [what: string, forge: () => Parts, findings: string[]];

export async function found(parts: Parts) {
  const { status, findings } = await verify(parts);
  return { status, findings: [...new Set(findings.map(({ check, code }) => `${check}/${code}`))].toSorted() };
}

export const head = (parts: Parts) => parts.get("record") as Head;
export const cohortIn = (parts: Parts, cohort: number) => {
  const page = parts.get("record/cohorts/0") as { cohorts: ClosedCohort[] };
  return page.cohorts.find((entry) => entry.cohort === cohort) as ClosedCohort;
};
export const chunkIn = (parts: Parts, cohort: number, k = 0) =>
  parts.get(`record/chunks/${cohort}/${k}`) as Buffer;
export const stepsIn = (parts: Parts) => (parts.get("record/steps/0") as { steps: Step[] }).steps;
export const rowsIn = (parts: Parts) => (parts.get("record/ledgers/runner/0") as { rows: Row[] }).rows;
export const rootIn = (parts: Parts, cohort: number) =>
  parts.get(`record/roots/${cohort}`) as ReturnType<typeof signedRootOf>;

export const honest = honestWorld();
/** The honest line, with what a test changes. */
export const like = (changes: Partial<World> = {}): World => ({
  ...honest,
  logs: new Map([...honest.logs].map(([cohort, ids]) => [cohort, [...ids]])),
  ledgers: new Map([...honest.ledgers].map(([sku, moves]) => [sku, [...moves]])),
  steps: honest.steps.map((step) => ({ ...step })),
  notes: [...honest.notes],
  ...changes,
});
export const withMoves = (
  change: (moves: World["ledgers"] extends Map<string, infer Moves> ? Moves : never) => void,
) => {
  const world = like();
  change(world.ledgers.get("runner") ?? []);
  return publish(world);
};
/** Whoever rewrites a ledger hashes it again. */
export const rehash = (parts: Parts) => {
  const ledger = head(parts).ledgers.find(({ skuId }) => skuId === "runner");
  if (ledger) Object.assign(ledger, { rows: rowsIn(parts).length, hash: ledgerHash(rowsIn(parts)) });
};
