import type { Commitment, PublicLedgerRow, SignedRoot } from "./line.ts";

/**
 * The exact bytes that a line hashes and signs, as `docs/fair-line.md` states them: for the object that makes the proof and
 * for our verifier. Text is ASCII, one value a line, lines joined by "\n" without one at the end; numbers are decimal.
 */

const text = new TextEncoder();
const lines = (...values: (string | number)[]) => text.encode(values.join("\n"));

/** In front of each kind of hashed bytes, with the "\n" at its end: no two kinds can be taken for each other. */
export const PREFIXES = {
  chunk: text.encode("dropline/chunk/1\n"),
  root: text.encode("dropline/root/1\n"),
  seed: text.encode("dropline/seed/1\n"),
  ledger: text.encode("dropline/ledger/1\n"),
} as const;

/** What the line's key signs before anybody joins. */
export function commitmentBytes({
  dropId,
  anchor,
  links,
  publicKey,
  beacon,
  committedAtMs,
}: Omit<Commitment, "signature">) {
  return lines(
    "dropline/commitment/1",
    dropId,
    anchor,
    links,
    publicKey,
    beacon === null ? "none" : beacon.chainHash,
    committedAtMs,
  );
}

/** What the line's key signs when a cohort closes, before its seed exists. `anchor` binds it to this line. */
export function rootBytes(
  { dropId, anchor }: Pick<Commitment, "dropId" | "anchor">,
  { cohort, count, root, closedAtMs, beaconRound }: Omit<SignedRoot, "signature" | "chunks">,
) {
  return lines(
    "dropline/signed-root/1",
    dropId,
    anchor,
    cohort,
    count,
    root,
    closedAtMs,
    beaconRound ?? "none",
  );
}

/** What a ledger's chain takes of one row, after the hash before it (32 zero bytes at first). */
export function ledgerRowBytes(row: PublicLedgerRow) {
  const { seq, atMs, kind, ticketId, quantity, stock, available, reserved, sold } = row;
  return lines(seq, atMs, kind, ticketId ?? "none", quantity, stock, available, reserved, sold);
}
