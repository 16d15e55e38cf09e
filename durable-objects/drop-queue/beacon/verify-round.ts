import { createHash } from "node:crypto";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { hexToBytes } from "@noble/curves/utils.js";
import type { Beacon } from "../../../schema/line.ts";

/** RFC 9380's suite as drand's scheme `bls-unchained-g1-rfc9380` signs with it: signatures on G1, keys on G2. */
const DOMAIN = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
const bls = bls12_381.shortSignatures;

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest());

/** What a beacon signs at a round: the hash of its number in 8 bytes, big-endian. */
export function roundMessage(round: number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(round));
  return bls.hash(sha256(bytes), DOMAIN);
}

/**
 * Whether these 48 bytes, in hex, are the one signature that this beacon's key makes of this round. Both points are checked to
 * lie in their groups. Takes some 30 ms of processor time; never throws.
 */
export function isSignatureOf(
  { publicKey }: Pick<Beacon, "publicKey">,
  round: number,
  signature: string,
): boolean {
  try {
    return bls.verify(hexToBytes(signature), roundMessage(round), hexToBytes(publicKey));
  } catch {
    // Not hex, of another length, not a point of the curve, or not one of its group.
    return false;
  }
}

/** A round's random value: 32 bytes that nobody could know before the signature was out. */
export const randomnessOf = (signature: string): Uint8Array => sha256(hexToBytes(signature));
