import type { CheckRounds } from "../../workers/edge/line/verify/context.ts";
import { verifyLine } from "../../workers/edge/line/verify/verify-line.ts";
import {
  BEACON,
  beaconSignature,
  type ClosedCohort,
  type Head,
  honestWorld,
  type Parts,
  serve,
  sha256,
  ticket,
  type World,
} from "./line-record-forge.ts";

/**
 * What somebody with every key might try so that a check passes over it: the smaller ways around what
 * `verify-line-fraud-*.test.ts` forge, on a line small enough that each check is quick.
 */

export type Options = Partial<Omit<Parameters<typeof verifyLine>[0], "source">>;

export const honest: World = smaller(honestWorld());

function smaller(world: World): World {
  const lobby = Array.from({ length: 5 }, (_, n) => ticket(n));
  return { ...world, logs: new Map([...world.logs, [0, lobby]]), steps: [], ledgers: new Map() };
}

export const like = (changes: Partial<World> = {}): World => ({
  ...honest,
  logs: new Map(honest.logs),
  ...changes,
});
export const head = (parts: Parts) => parts.get("record") as Head;
export const windows = (parts: Parts) => parts.get("record/cohorts/0") as { cohorts: ClosedCohort[] };
export const seedOfLink = (link: string, signature: Buffer) =>
  sha256("dropline/seed/1\n", Buffer.from(link, "hex"), sha256(signature));

/** BLS by comparison with the one signature that there is: every other test checks it for real. */
const checkRounds: CheckRounds = async (_, rounds) =>
  rounds.map(({ round, signature }) => Buffer.from(signature).toString("hex") === beaconSignature(round));

export async function found(parts: Parts, options: Options = {}) {
  const verdict = await verifyLine({
    dropId: "spring",
    source: serve(parts),
    mode: "full",
    checkRounds,
    trustedBeacons: [BEACON],
    pause: async () => {},
    ...options,
  });
  return {
    status: verdict.status,
    codes: [...new Set(verdict.findings.map(({ check, code }) => `${check}/${code}`))].toSorted(),
  };
}
