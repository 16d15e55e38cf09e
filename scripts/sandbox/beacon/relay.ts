import { createHash } from "node:crypto";
import { roundDueAtMs } from "../../../durable-objects/drop-queue/beacon/rounds.ts";
import { BeaconFaults } from "./faults.ts";
import { LOCAL_BEACON } from "./local-beacon.ts";
import { signRound } from "./sign-round.ts";

/** `hang`: the connection stays open, and nothing comes. */
export type RelayAnswer = { status: number; body: unknown } | "hang";

/** Signatures kept, and rounds whose bad answers are counted. */
const KEPT_ROUNDS_MAX = 1_000;
const MUCH = "0".repeat(64 * 1024);

/** The local beacon as drand's relays answer, and its misbehavior. Rounds that are not due are not told. */
export function createRelay(nowMs: () => number) {
  const signatures = new Map<number, string>();
  const badAnswers = new Map<number, number>();
  let faults = BeaconFaults.parse({});
  let asked = 0;

  /** `path`: what follows the relay's address, e.g. `/<chain hash>/public/7`. */
  function answer(path: string): RelayAnswer {
    const [, chain, area, which, ...rest] = path.split("/");
    if (chain !== LOCAL_BEACON.chainHash || rest.length > 0) return missing();
    if (area === "info" && which === undefined) return { status: 200, body: INFO };
    if (area !== "public" || which === undefined || !/^[1-9][0-9]{0,14}$/.test(which)) return missing();
    asked += 1;
    return tell(Number(which));
  }

  function tell(round: number): RelayAnswer {
    const isBad = faults.kind !== "none" && round % faults.everyNth === 0;
    const lateMs = isBad && faults.kind === "late" ? faults.lateMs : 0;
    if (nowMs() < roundDueAtMs(LOCAL_BEACON, round) + lateMs) return missing();
    if (isBad && countBad(round) <= faults.times) return misbehave(round);
    return { status: 200, body: truth(round) };
  }

  function misbehave(round: number): RelayAnswer {
    switch (faults.kind) {
      case "none":
      case "late":
        return { status: 200, body: truth(round) };
      case "hang":
        return "hang";
      case "error":
        return { status: 500, body: { error: "internal" } };
      case "wrong_signature":
        return { status: 200, body: { ...truth(round), signature: signature(round + 1) } };
      case "other_round":
        return { status: 200, body: truth(Math.max(1, round - 1)) };
      case "malformed":
        return { status: 200, body: { round, signature: "nothing" } };
      case "too_large":
        return { status: 200, body: { ...truth(round), padding: MUCH } };
    }
  }

  function truth(round: number) {
    const signed = signature(round);
    return { round, randomness: createHash("sha256").update(signed, "hex").digest("hex"), signature: signed };
  }

  function signature(round: number): string {
    const kept = signatures.get(round);
    if (kept !== undefined) return kept;
    const made = signRound(round);
    if (signatures.size >= KEPT_ROUNDS_MAX) signatures.clear();
    signatures.set(round, made);
    return made;
  }

  function countBad(round: number): number {
    const count = (badAnswers.get(round) ?? 0) + 1;
    if (badAnswers.size >= KEPT_ROUNDS_MAX) badAnswers.clear();
    badAnswers.set(round, count);
    return count;
  }

  return {
    answer,
    faults: () => faults,
    setFaults(next: BeaconFaults): void {
      faults = next;
      badAnswers.clear();
    },
    /** Rounds asked for so far. */
    asked: () => asked,
  };
}

export type Relay = ReturnType<typeof createRelay>;

const missing = (): RelayAnswer => ({ status: 404, body: { error: "not found" } });

const INFO = {
  public_key: LOCAL_BEACON.publicKey,
  period: LOCAL_BEACON.periodMs / 1_000,
  genesis_time: LOCAL_BEACON.genesisAtMs / 1_000,
  hash: LOCAL_BEACON.chainHash,
  schemeID: LOCAL_BEACON.scheme,
  metadata: { beaconID: "dropline-local" },
};
