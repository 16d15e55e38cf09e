import { describe, expect, test } from "vitest";
import { beaconSignature, closesAtMs, honestWorld, publish, sha256 } from "./line-record-forge.ts";
import { cohortIn, type Fraud, found, head, honest, like } from "./verify-line-world.ts";

const withoutBeacon = honestWorld(false);

/** Another seed than follows from what was committed to before anybody joined. */
const FRAUDS: Fraud[] = [
  [
    "a seed is tried that gives a friend a better place",
    () => {
      const parts = publish(honest);
      cohortIn(parts, 3).seed = sha256("a better one").toString("hex");
      return parts;
    },
    // The ticket that was served has another rank by that seed.
    ["chain/seed_wrong", "units/unit_past_the_line"],
  ],
  [
    "a link is skipped: a window uses the one after its own",
    () => publish(like({ linkOf: (cohort) => honest.chain[cohort === 1 ? 3 : cohort + 1] as Buffer })),
    ["chain/chain_broken"],
  ],
  [
    "a link is of another chain",
    () =>
      publish(
        like({ linkOf: (cohort) => (cohort === 1 ? sha256("mine") : (honest.chain[cohort + 1] as Buffer)) }),
      ),
    ["chain/chain_broken"],
  ],
  [
    "a window uses more links than were committed to",
    () => {
      const world = like({ chain: honest.chain.slice(0, 3) });
      return publish(world);
    },
    ["chain/links_exceeded"],
  ],
  [
    "a round is chosen: the one after the fixed one",
    () => publish(like({ roundOf: (closedAtMs) => honest.roundOf(closedAtMs) + 1 })),
    // Who was served while the round was the right one has another rank now.
    ["beacon/beacon_round_wrong", "units/unit_past_the_line"],
  ],
  [
    "a beacon's signature is made up",
    () => {
      const parts = publish(honest);
      const window = cohortIn(parts, 1);
      const made = beaconSignature((window.beaconRound ?? 0) + 1);
      window.beaconSignature = made;
      window.seed = sha256(
        "dropline/seed/1\n",
        Buffer.from(window.link, "hex"),
        sha256(Buffer.from(made, "hex")),
      ).toString("hex");
      return parts;
    },
    ["beacon/beacon_unsigned"],
  ],
  [
    "the beacon is left out of one window",
    () => {
      const parts = publish(honest);
      const window = cohortIn(parts, 1);
      window.beaconSignature = null;
      window.seed = sha256("dropline/seed/1\n", Buffer.from(window.link, "hex")).toString("hex");
      return parts;
    },
    ["beacon/beacon_unsigned"],
  ],
  [
    "a seed is said to have come out before its round could",
    () => {
      const parts = publish(honest);
      for (const cohort of [0, 1, 3]) cohortIn(parts, cohort).revealedAtMs = closesAtMs(cohort);
      return parts;
    },
    ["beacon/revealed_early"],
  ],
  [
    "a commitment is signed by nobody",
    () => {
      const parts = publish(honest);
      head(parts).commitment.committedAtMs -= 1;
      return parts;
    },
    ["commitment/commitment_unsigned"],
  ],
  ["the record is another drop's", () => publish(like({ dropId: "summer" })), ["commitment/wrong_drop"]],
  [
    "the chain was drawn when the line was already open",
    () => publish(like({ committedAtMs: closesAtMs(0) + 3 * 60_000 })),
    ["cohorts/commitment_late", "commitment/commitment_late"],
  ],
  [
    "a line without a beacon names a round",
    () => {
      const parts = publish(withoutBeacon);
      cohortIn(parts, 1).beaconRound = 5;
      return parts;
    },
    ["beacon/beacon_round_wrong", "roots/root_unsigned", "roots/two_roots"],
  ],
  ["nobody ever published the drop", () => publish(like({ notes: [] })), ["commitment/commitment_late"]],
];

describe("a fraud with the draw is caught, and by the right finding:", () => {
  test.each(FRAUDS)("%s", async (_, forge, expected) => {
    expect(await found(forge())).toEqual({ status: "broken", findings: expected });
  });
});
