import type { Commitment, RecordHead, SignedRoot } from "../../../../schema/line.ts";

/** `seenAtMs`: when this browser was first shown it, by the clock of its device. */
export type KeptRoot = SignedRoot & { seenAtMs: number };

/** What this browser has seen of a line's proof, for the proof page: two different roots of one cohort are proof of fraud. */
export type KeptProof = { commitment: Commitment | null; roots: readonly unknown[] };

type KeptPlace = Pick<Storage, "getItem" | "setItem">;
type Deps = {
  dropId: string;
  cohort: number;
  read(path: string): Promise<unknown>;
  storage: KeptPlace;
  /** The device's own clock: the server's would be the word of the one who is checked. */
  nowMs(): number;
};

/** Two prove a fraud; a server that shows another one each time does not fill the browser's storage. */
const ROOTS_MAX = 8;

export const keptProofKey = (dropId: string) => `dropline/kept/${dropId}`;

/**
 * Keeps the commitment and the signed root of the ticket's cohort, once each, and with the root when it was first seen: a
 * repeat, a reload or another tab never moves that. A root that differs from the kept one is kept beside it: answers whether
 * there are two. May be called again and again: asks for each part until it has come. A browser that keeps nothing has
 * nothing kept, and waits all the same. Rejects when a part could not be had.
 */
export function rootKeeper({ dropId, cohort, read, storage, nowMs }: Deps) {
  let root: KeptRoot | null = null;
  let commitment: Commitment | null = null;
  let underWay: Promise<{ areTwo: boolean }> | null = null;

  async function keep(): Promise<{ areTwo: boolean }> {
    root ??= await seenRoot();
    if (root === null) return { areTwo: false };
    const areTwo = keepBeside(storage, dropId, root);
    commitment ??= readKept(storage, dropId).commitment ?? ((await read("record")) as RecordHead).commitment;
    const kept = readKept(storage, dropId);
    if (kept.commitment === null) write(storage, dropId, { ...kept, commitment });
    return { areTwo };
  }

  async function seenRoot(): Promise<KeptRoot | null> {
    const answer = (await read(`record/roots/${cohort}`)) as SignedRoot | null;
    return answer === null ? null : { ...answer, seenAtMs: nowMs() };
  }

  return (): Promise<{ areTwo: boolean }> => {
    underWay ??= keep().finally(() => {
      underWay = null;
    });
    return underWay;
  };
}

/** With nothing between read and write, so that two tabs do not overwrite each other's. Answers whether there are two. */
function keepBeside(storage: KeptPlace, dropId: string, root: KeptRoot): boolean {
  const { commitment, roots } = readKept(storage, dropId);
  const others = roots.filter((one) => cohortOf(one) === root.cohort && textOf(one) !== textOf(root));
  const isKnown = roots.some((one) => textOf(one) === textOf(root));
  if (!isKnown && roots.length < ROOTS_MAX) write(storage, dropId, { commitment, roots: [...roots, root] });
  return others.length > 0;
}

const cohortOf = (root: unknown) => (root as Partial<SignedRoot> | null)?.cohort;

/** What was shown, whenever that was. */
function textOf(root: unknown): string {
  return JSON.stringify({ ...(root as Partial<KeptRoot> | null), seenAtMs: undefined });
}

function write(storage: KeptPlace, dropId: string, proof: KeptProof): void {
  try {
    storage.setItem(keptProofKey(dropId), JSON.stringify(proof));
  } catch {
    // Full, or refused.
  }
}

function readKept(storage: Pick<KeptPlace, "getItem">, dropId: string): KeptProof {
  try {
    const kept = JSON.parse(storage.getItem(keptProofKey(dropId)) ?? "{}") as Partial<KeptProof>;
    return { commitment: kept.commitment ?? null, roots: Array.isArray(kept.roots) ? kept.roots : [] };
  } catch {
    return { commitment: null, roots: [] };
  }
}
