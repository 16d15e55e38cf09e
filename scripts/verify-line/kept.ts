import { readFile, writeFile } from "node:fs/promises";
import type { Commitment, SignedRoot } from "../../schema/line.ts";
import type { KeptRoot } from "../../workers/edge/islands/waiting/kept-roots.ts";
import type { Kept } from "../../workers/edge/line/verify/check-kept.ts";
import { isInTime, sightOf } from "../../workers/edge/line/verify/witness.ts";

/** What was kept of an earlier look; null: nothing yet. @throws with a sentence for people when it is no such file. */
export async function readKept(file: string): Promise<Kept | null> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const kept = parsed(text);
  if (!Array.isArray(kept?.roots)) throw new Error(`${file} has not kept anything of a line.`);
  return { commitment: kept.commitment ?? null, roots: kept.roots };
}

function parsed(text: string): { commitment?: unknown; roots?: unknown } | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Keeps what was kept before, and what is new, in the form in which the waiting page keeps it: a root that was shown once is
 * never forgotten for another, nor the time at which it was first seen for a later one. Of what is new the time is kept where it
 * proves something: a look at an old record sees every root late.
 */
export async function writeKept(
  file: string,
  before: Kept | null,
  { commitment, roots }: { commitment: Commitment | null; roots: ReadonlyMap<number, KeptRoot> },
): Promise<void> {
  const known = new Set(before?.roots.map((root) => (root as Partial<KeptRoot> | null)?.cohort));
  const fresh = [...roots.values()]
    .filter(({ cohort }) => !known.has(cohort))
    .map((root) => withoutIdleTime(root, commitment));
  const kept = { commitment: before?.commitment ?? commitment, roots: [...(before?.roots ?? []), ...fresh] };
  await writeFile(file, `${JSON.stringify(kept)}\n`);
}

function withoutIdleTime(
  { seenAtMs, ...root }: KeptRoot,
  commitment: Commitment | null,
): SignedRoot | KeptRoot {
  const beacon = commitment?.beacon ?? null;
  const sight = sightOf({ seenAtMs }, root, { beacon, nowMs: seenAtMs });
  const isProof = sight !== null && isInTime(sight);
  return isProof ? { ...root, seenAtMs } : root;
}
