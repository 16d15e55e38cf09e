import type { Commitment, SignedRoot } from "../../../../schema/line.ts";
import { commitmentBytes } from "../../../../schema/line-proof.ts";
import { BOUNDS } from "./bounds.ts";
import { hexOf, isSignedBy } from "./bytes.ts";
import type { Cohorts } from "./check-cohorts.ts";
import type { Context } from "./context.ts";
import { commitment as commitmentShape, Malformed, type Shape, signedRoot } from "./shapes.ts";
import { isRootSigned, isSameRoot } from "./signed-roots.ts";
import { firstOf, sightOf, type Witnessed } from "./witness.ts";

/**
 * What somebody was shown earlier and kept: it comes from a browser's storage or a file, so its shape is checked here. A root
 * may have `seenAtMs` beside it: when it was first shown, by the clock of the device that keeps it.
 */
export type Kept = { commitment: unknown; roots: readonly unknown[] };

/** The record as it is now, and what time it is for whoever asks. */
type Known = { cohorts: Cohorts; roots: ReadonlyMap<number, SignedRoot>; nowMs: number };

/**
 * Holds what was shown earlier against what is shown now: a commitment or a root that changed is proof of fraud, if the line
 * signed the earlier one. What it never signed says nothing, and is told as a gap. Answers which windows' roots were kept with
 * the time at which they were seen, and are the record's: what that is worth the whole record decides.
 */
export async function checkKept(context: Context, kept: Kept, known: Known): Promise<Witnessed[]> {
  const { report, head } = context;
  const earlier = shapeOf(commitmentShape, kept.commitment);
  if (earlier !== null) await checkCommitment(context, earlier);
  if (kept.roots.length > BOUNDS.keptRootsMax) report.gap("kept", "Too many roots were kept to look at all");
  const signed = new Map<number, SignedRoot>();
  const witnessed = new Map<number, Witnessed>();
  for (const given of kept.roots.slice(0, BOUNDS.keptRootsMax)) {
    const root = shapeOf(signedRoot, given);
    const isOurs = root !== null && (await isSignedBySome([head.commitment, earlier], root));
    if (!isOurs) {
      report.gap("kept", "A root that was kept is not signed by this line's key");
      continue;
    }
    report.looked("kept");
    checkRoot(context, root, known, signed.get(root.cohort));
    signed.set(root.cohort, root);

    const sight = sightOf(given, root, { beacon: head.commitment.beacon, nowMs: known.nowMs });
    if (sight === null || !known.cohorts.byNumber.has(root.cohort)) continue;
    const { cohort } = root;
    witnessed.set(cohort, firstOf(witnessed.get(cohort), { cohort, ...sight }));
  }
  return [...witnessed.values()];
}

/** The last window whose root was kept, by what it says of itself; -1: none. A head that is some seconds old may lack it. */
export function keptThrough(kept: Kept | null): number {
  const cohorts = kept?.roots.map((root) => (root as Partial<SignedRoot> | null)?.cohort) ?? [];
  return cohorts.reduce<number>((last, cohort) => (Number(cohort) > last ? Number(cohort) : last), -1);
}

/** `before`: another one that was kept of the same window. */
function checkRoot(
  { report, head }: Context,
  root: SignedRoot,
  { cohorts, roots }: Known,
  before: SignedRoot | undefined,
): void {
  const { cohort } = root;
  const now = cohorts.byNumber.get(cohort) ?? roots.get(cohort);
  const other = now ?? before;
  if (other !== undefined && !isSameRoot(head.commitment, root, other))
    report.found(
      "kept",
      "two_roots",
      `Window ${cohort} was shown with root ${root.root}, and ${now === undefined ? "once" : "is now"} with ${other.root}.`,
      { cohort },
    );
  const isDue = cohort <= head.revealedThrough && cohorts.isWhole;
  if (now === undefined && isDue)
    report.found(
      "kept",
      "cohort_withdrawn",
      `Window ${cohort} was shown with a root, and has nobody in it now.`,
      { cohort },
    );
  if (cohort > head.rootedThrough)
    report.found("kept", "cohort_withdrawn", `Window ${cohort} was shown as closed, and is not now.`, {
      cohort,
    });
}

async function checkCommitment({ report, head, dropId }: Context, earlier: Commitment): Promise<void> {
  if (earlier.dropId !== dropId) return report.gap("kept", "The commitment that was kept is of another drop");
  if (!(await isSignedBy(earlier.publicKey, commitmentBytes(earlier), earlier.signature)))
    return report.gap("kept", "The commitment that was kept is not signed");
  report.looked("kept");
  if (hexOf(commitmentBytes(earlier)) !== hexOf(commitmentBytes(head.commitment)))
    report.found(
      "kept",
      "commitment_changed",
      `The line was bound to anchor ${earlier.anchor}, and is now to ${head.commitment.anchor}.`,
    );
}

async function isSignedBySome(lines: readonly (Commitment | null)[], root: SignedRoot): Promise<boolean> {
  for (const line of lines) if (line !== null && (await isRootSigned(line, root)) === true) return true;
  return false;
}

function shapeOf<Value>(shape: Shape<Value>, given: unknown): Value | null {
  if (given === null || given === undefined) return null;
  try {
    return shape(given, "kept");
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}
