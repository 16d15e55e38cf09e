import { bls12_381 } from "@noble/curves/bls12-381.js";
import { fromHex, joined, sha256 } from "./bytes.ts";
import type { CheckRounds } from "./context.ts";

/** RFC 9380's suite for signatures on G1, as drand's scheme names it. */
const SUITE = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/**
 * Checks beacon rounds with @noble/curves: the message of round r is SHA-256 of r as eight bytes, big-endian. Some 20 ms a
 * round on a desktop. A signature or key that is no point of its curve has signed nothing.
 */
export const checkRounds: CheckRounds = async (beacon, rounds) => {
  const { shortSignatures } = bls12_381;
  const publicKey = fromHex(beacon.publicKey);
  const answers: boolean[] = [];
  for (const { round, signature } of rounds) {
    const message = shortSignatures.hash(await messageOf(round), SUITE);
    try {
      answers.push(shortSignatures.verify(joined(signature), message, publicKey));
    } catch {
      answers.push(false);
    }
  }
  return answers;
};

function messageOf(round: number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(round));
  return sha256(bytes);
}
