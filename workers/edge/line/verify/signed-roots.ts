import type { Commitment, SignedRoot } from "../../../../schema/line.ts";
import { rootBytes } from "../../../../schema/line-proof.ts";
import { hexOf, isSignedBy } from "./bytes.ts";

type Signed = Omit<SignedRoot, "chunks">;

/** Null: this browser cannot tell. */
export function isRootSigned(commitment: Commitment, root: Signed): Promise<boolean | null> {
  return isSignedBy(commitment.publicKey, rootBytes(commitment, root), root.signature);
}

/** Whether both say the same: their signed bytes are. */
export function isSameRoot(commitment: Commitment, one: Signed, other: Signed): boolean {
  return hexOf(rootBytes(commitment, one)) === hexOf(rootBytes(commitment, other));
}
