import type { Beacon, ClosedCohort } from "../../../../schema/line.ts";
import { PREFIXES } from "../../../../schema/line-proof.ts";
import { type Bytes, fromHex, hexOf, sha256 } from "./bytes.ts";
import type { Context } from "./context.ts";

/** Rounds that are handed to the library in one go: some hundred milliseconds of a browser's time. */
const ROUNDS_AT_ONCE = 32;
/** Hashes between two looks at the clock. */
const HASHES_AT_ONCE = 1_024;

type ClosedCohorts = ReadonlyMap<number, ClosedCohort>;

/** Every link hashes back to the anchor in exactly as many steps as its window's number asks, and every seed follows from its link. */
export async function checkSeeds(context: Context, cohorts: ClosedCohorts): Promise<void> {
  await checkChain(context, cohorts);
  for (const cohort of cohorts.values()) await checkSeed(context, cohort);
  await checkSignatures(context, cohorts);
}

async function checkChain(context: Context, cohorts: ClosedCohorts): Promise<void> {
  const { report, head } = context;
  const { links, anchor } = head.commitment;
  // The last link that led back to the anchor. A wrong one is left out, so that it is told once.
  let good = { number: 0, value: anchor };
  let done = 0;
  for (const { cohort, link } of cohorts.values()) {
    done += 1;
    report.looked("chain");
    const number = cohort + 1;
    if (number > links) {
      report.found("chain", "links_exceeded", `Window ${cohort} uses link ${number} of ${links}.`, {
        cohort,
      });
      continue;
    }
    if (number <= good.number) continue;
    const back = await hashedTimes(fromHex(link), number - good.number, context);
    if (back === null) return;
    if (hexOf(back) === good.value) good = { number, value: link };
    else
      report.found(
        "chain",
        "chain_broken",
        `The link of window ${cohort} does not lead back to the anchor.`,
        { cohort },
      );
    context.progress({ check: "chain", done, total: cohorts.size });
  }
}

/** Null: the run is over, and that is reported. */
async function hashedTimes(value: Bytes, times: number, context: Context): Promise<Bytes | null> {
  let hashed = value;
  for (let time = 0; time < times; time += 1) {
    const over = time % HASHES_AT_ONCE === 0 ? context.isOver() : null;
    if (over !== null) {
      context.report.gap("chain", over);
      return null;
    }
    hashed = await sha256(hashed);
  }
  return hashed;
}

async function checkSeed({ report }: Context, cohort: ClosedCohort): Promise<void> {
  const { cohort: number, link, beaconSignature, seed } = cohort;
  const randomness = beaconSignature === null ? new Uint8Array() : await sha256(fromHex(beaconSignature));
  const wanted = hexOf(await sha256(PREFIXES.seed, fromHex(link), randomness));
  if (seed !== wanted)
    report.found("chain", "seed_wrong", `The seed of window ${number} does not follow from its link.`, {
      cohort: number,
    });
}

type Round = { round: number; signature: string };

/** Windows that share a round are asked for once. */
async function checkSignatures(context: Context, cohorts: ClosedCohorts): Promise<void> {
  const { report, head } = context;
  const { beacon } = head.commitment;
  if (beacon === null) return;
  const asked = new Map<string, Round & { cohorts: number[] }>();
  for (const { cohort, beaconRound, beaconSignature } of cohorts.values()) {
    if (beaconRound === null || beaconSignature === null) {
      const words = `Window ${cohort} shows no signature of its round.`;
      report.found("beacon", "beacon_unsigned", words, { cohort });
      continue;
    }
    const key = `${beaconRound} ${beaconSignature}`;
    const known = asked.get(key) ?? { round: beaconRound, signature: beaconSignature, cohorts: [] };
    known.cohorts.push(cohort);
    asked.set(key, known);
  }
  const all = [...asked.values()];
  for (let from = 0; from < all.length; from += ROUNDS_AT_ONCE) {
    const over = context.isOver();
    if (over !== null) return report.gap("beacon", over);
    const some = all.slice(from, from + ROUNDS_AT_ONCE);
    const areSigned = await signed(context, beacon, some);
    some.forEach(({ round, cohorts }, at) => {
      if (areSigned === null || areSigned[at] === true) return;
      for (const cohort of cohorts)
        report.found(
          "beacon",
          "beacon_unsigned",
          `The beacon never signed this for round ${round} (window ${cohort}).`,
          { cohort },
        );
    });
    context.progress({ check: "beacon", done: from + some.length, total: all.length });
  }
}

/** A library that fails says nothing about the signatures: null, and a gap. */
async function signed(
  { checkRounds, report }: Context,
  beacon: Beacon,
  rounds: readonly Round[],
): Promise<readonly boolean[] | null> {
  try {
    return await checkRounds(
      beacon,
      rounds.map(({ round, signature }) => ({ round, signature: fromHex(signature) })),
    );
  } catch (error) {
    report.gap("beacon", `The beacon's signatures cannot be checked here: ${(error as Error).message}`);
    return null;
  }
}
