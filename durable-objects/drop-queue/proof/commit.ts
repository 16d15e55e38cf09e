import type { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Beacon, Commitment, SignedRoot } from "../../../schema/line.ts";
import { commitmentBytes, rootBytes } from "../../../schema/line-proof.ts";
import { roundAfter } from "../beacon/rounds.ts";
import type { LineSecrets } from "../store.ts";
import { TICKET_ID_BYTES } from "../ticket-index.ts";
import { chunkHashOf, rootOf, toHex } from "./digest.ts";
import { chainFrom, LINK_BYTES } from "./hash-chain.ts";
import { LINE_KEY_BYTES, publicKeyOf, signWith } from "./line-key.ts";

/** To be kept at once and drawn never again: everything that the line promises hangs on them. */
export function drawSecrets(randomBytes: (count: number) => Uint8Array, links: number): LineSecrets {
  return { chain: chainFrom(randomBytes(LINK_BYTES), links), lineKey: randomBytes(LINE_KEY_BYTES) };
}

/** What the line is bound to, before anybody joins. */
export function commit(
  { chain, lineKey }: LineSecrets,
  { dropId, beacon, committedAtMs }: { dropId: DropId; beacon: Beacon | null; committedAtMs: number },
): Commitment {
  const unsigned = {
    dropId,
    anchor: toHex(chain.anchor),
    links: chain.links,
    publicKey: toHex(publicKeyOf(lineKey)),
    beacon,
    committedAtMs,
  };
  return { ...unsigned, signature: toHex(signWith(lineKey, commitmentBytes(unsigned))) };
}

/** The root of a cohort that nobody can join any more. The beacon's round is named before it exists. */
export function signRoot(
  { lineKey }: Pick<LineSecrets, "lineKey">,
  commitment: Commitment,
  { cohort, chunks, closedAtMs }: { cohort: number; chunks: Iterable<Uint8Array>; closedAtMs: number },
): SignedRoot {
  const hashes: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    hashes.push(chunkHashOf(chunk));
    bytes += chunk.byteLength;
  }
  const { beacon } = commitment;
  const unsigned = {
    cohort,
    count: bytes / TICKET_ID_BYTES,
    root: toHex(rootOf(hashes)),
    closedAtMs,
    beaconRound: beacon === null ? null : roundAfter(beacon, closedAtMs + LIMITS.beaconMarginMs),
  };
  const signature = toHex(signWith(lineKey, rootBytes(commitment, unsigned)));
  return {
    cohort,
    count: unsigned.count,
    chunks: hashes.map(toHex),
    root: unsigned.root,
    closedAtMs,
    beaconRound: unsigned.beaconRound,
    signature,
  };
}
