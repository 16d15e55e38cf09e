import type { Commitment, RecordHead, SignedRoot } from "../../../../schema/line.ts";

/** What this browser has seen of a line's proof, for the proof page: two different roots of one cohort are proof of fraud. */
export type KeptProof = { commitment: Commitment | null; roots: SignedRoot[] };

type Deps = {
  dropId: string;
  cohort: number;
  read(path: string): Promise<unknown>;
  storage: Pick<Storage, "getItem" | "setItem">;
};

export const keptProofKey = (dropId: string) => `dropline/kept/${dropId}`;

/**
 * Keeps the commitment and the signed root of the ticket's cohort, once each. A root that differs from the kept one is kept
 * beside it: answers whether there are two. A browser that keeps nothing has nothing kept, and waits all the same.
 */
export async function keepRoot({ dropId, cohort, read, storage }: Deps): Promise<{ areTwo: boolean }> {
  const root = (await read(`record/roots/${cohort}`)) as SignedRoot | null;
  if (root === null) return { areTwo: false };
  const kept = readKept(storage, dropId);
  const commitment = kept.commitment ?? ((await read("record")) as RecordHead).commitment;
  const same = kept.roots.some((one) => JSON.stringify(one) === JSON.stringify(root));
  const roots = same ? kept.roots : [...kept.roots, root];
  storage.setItem(keptProofKey(dropId), JSON.stringify({ commitment, roots } satisfies KeptProof));
  return { areTwo: roots.filter((one) => one.cohort === cohort).length > 1 };
}

function readKept(storage: Pick<Storage, "getItem">, dropId: string): KeptProof {
  try {
    const kept = JSON.parse(storage.getItem(keptProofKey(dropId)) ?? "{}") as Partial<KeptProof>;
    return { commitment: kept.commitment ?? null, roots: Array.isArray(kept.roots) ? kept.roots : [] };
  } catch {
    return { commitment: null, roots: [] };
  }
}
