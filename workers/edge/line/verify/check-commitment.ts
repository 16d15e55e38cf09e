import type { Beacon, RecordHead } from "../../../../schema/line.ts";
import { commitmentBytes } from "../../../../schema/line-proof.ts";
import { isSameBeacon } from "./beacons.ts";
import { isSignedBy } from "./bytes.ts";
import type { Report } from "./findings.ts";

/** The commitment is of this drop, signed by the key that it names, older than any window's end, and its beacon is trusted. */
export async function checkCommitment(
  report: Report,
  dropId: string,
  { head, trustedBeacons }: { head: RecordHead; trustedBeacons: readonly Beacon[] },
): Promise<void> {
  const { commitment, notes } = head;
  const found = report.found.bind(report, "commitment");
  report.looked("commitment");
  if (commitment.dropId !== dropId || head.dropId !== dropId)
    found("wrong_drop", `The record is of ${head.dropId}, its commitment of ${commitment.dropId}.`);

  const isSigned = await isSignedBy(commitment.publicKey, commitmentBytes(commitment), commitment.signature);
  if (isSigned === null) report.gap("commitment", "Ed25519 signatures cannot be checked here");
  if (isSigned === false) found("commitment_unsigned", "The commitment's signature is not of its own key.");

  const { beacon } = commitment;
  if (beacon !== null && !trustedBeacons.some((trusted) => isSameBeacon(trusted, beacon))) {
    const words = `Seeds take beacon ${beacon.chainHash}, which nobody here trusts: whoever runs it may know its values beforehand.`;
    found("beacon_not_trusted", words);
  }

  // Until the lobby opens a later publication may choose otherwise about the beacon: then the commitment is signed anew.
  const publishedAtMs = notes.flatMap(({ what, atMs }) => (what === "published" ? [atMs] : []));
  if (publishedAtMs.length === 0) found("commitment_late", "No publication is noted.");
  else if (commitment.committedAtMs > Math.max(...publishedAtMs))
    found("commitment_late", "The commitment is younger than the drop's last publication.");
}
