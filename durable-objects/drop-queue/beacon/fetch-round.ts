import { LIMITS } from "../../../schema/limits.ts";
import { type Beacon, BeaconAnswer } from "../../../schema/line.ts";
import { logError } from "../../log.ts";
import { roundDueAtMs } from "./rounds.ts";
import { sparingly } from "./sparingly.ts";
import { isSignatureOf, randomnessOf } from "./verify-round.ts";

/** A verified round. `signature`: 48 bytes in hex; `randomness`: its SHA-256. */
export type BeaconValue = { round: number; signature: string; randomness: Uint8Array };

/**
 * Why one relay's answer was not taken. `other_round` and `wrong_signature` are what a relay that lies or is broken would
 * say: an answer that does not verify is never taken, whoever gives it.
 */
export const ROUND_FAULTS = [
  "unreachable",
  "timed_out",
  "refused",
  "too_large",
  "malformed",
  "other_round",
  "wrong_signature",
] as const;
export type RoundFault = (typeof ROUND_FAULTS)[number];

/** `not_yet`: no relay has it so far, and none said anything wrong. `failed`: at least one fault, and no value. */
export type RoundOutcome =
  | { kind: "value"; value: BeaconValue }
  | { kind: "not_yet"; dueAtMs: number }
  | { kind: "failed"; causes: RoundFault[] };

export type BeaconDeps = {
  /** Base addresses of relays, all asked at once. */
  urls: readonly string[];
  fetch(url: string, init: RequestInit): Promise<Response>;
  nowMs(): number;
  /** Ends one fetch, its body included. */
  timeLimit(): AbortSignal;
  log(event: string, facts: Record<string, string | number>): void;
};

/** The real ones. Kept by whoever asks more than once: they remember what was complained of. */
export function beaconDeps(urls: readonly string[]): BeaconDeps {
  return {
    urls,
    fetch: (url, init) => fetch(url, init),
    nowMs: () => Date.now(),
    timeLimit: () => AbortSignal.timeout(LIMITS.beaconTimeoutMs),
    log: sparingly((event, facts) => logError(event, "a round of the beacon was not taken", facts), Date.now),
  };
}

type Heard =
  | { kind: "value"; value: BeaconValue }
  | { kind: "not_yet"; status: number }
  | { kind: "fault"; fault: RoundFault; status?: number };

/**
 * Asks every relay for one round, and answers with the first value that verifies: it is the same whoever tells it. A round
 * that is not due is not asked for. Bounded in time and size; never throws, and logs each answer that is not taken, and a
 * relay that does not have what all should have by now: it may know nothing of this beacon.
 * There is no other value to fall back to: whoever needs the round asks again later.
 */
export async function fetchRound(deps: BeaconDeps, beacon: Beacon, round: number): Promise<RoundOutcome> {
  const dueAtMs = roundDueAtMs(beacon, round);
  if (deps.nowMs() < dueAtMs) return { kind: "not_yet", dueAtMs };
  const done = new AbortController();
  const signal = AbortSignal.any([done.signal, deps.timeLimit()]);
  const faults: RoundFault[] = [];
  const asked = deps.urls.map(async (url) => {
    const heard = await ask(deps, { beacon, round, url, signal });
    if (heard.kind === "value") return heard;
    if (heard.kind === "fault" && !done.signal.aborted) {
      const { fault, status } = heard;
      faults.push(fault);
      deps.log("beacon_round_not_taken", { url, round, fault, ...(status === undefined ? {} : { status }) });
    }
    const isOverdue = deps.nowMs() - dueAtMs >= LIMITS.beaconProbeAgeMs;
    if (heard.kind === "not_yet" && isOverdue)
      deps.log("beacon_round_overdue", { url, round, status: heard.status });
    throw new Error(heard.kind);
  });
  try {
    return await Promise.any(asked);
  } catch {
    return faults.length === 0 ? { kind: "not_yet", dueAtMs } : { kind: "failed", causes: faults };
  } finally {
    done.abort();
  }
}

async function ask(
  deps: BeaconDeps,
  { beacon, round, url, signal }: { beacon: Beacon; round: number; url: string; signal: AbortSignal },
): Promise<Heard> {
  try {
    const response = await deps.fetch(`${url}/${beacon.chainHash}/public/${round}`, {
      signal,
      redirect: "manual",
      headers: { accept: "application/json" },
    });
    if (!response.ok) {
      await response.body?.cancel();
      const { status } = response;
      return NOT_YET.has(status) ? { kind: "not_yet", status } : { kind: "fault", fault: "refused", status };
    }
    const text = await readBounded(response);
    if (text === null) return { kind: "fault", fault: "too_large" };
    // Another relay was faster: a verification costs too much to be made for nothing.
    signal.throwIfAborted();
    return judge(beacon, round, text);
  } catch {
    return { kind: "fault", fault: signal.aborted ? "timed_out" : "unreachable" };
  }
}

/** 404 and 425: what relays answer about a round that they do not have yet. */
const NOT_YET = new Set([404, 425]);

function judge(beacon: Beacon, round: number, text: string): Heard {
  const told = BeaconAnswer.safeParse(parsed(text));
  if (!told.success) return { kind: "fault", fault: "malformed" };
  const { signature } = told.data;
  if (told.data.round !== round) return { kind: "fault", fault: "other_round" };
  if (!isSignatureOf(beacon, round, signature)) return { kind: "fault", fault: "wrong_signature" };
  return { kind: "value", value: { round, signature, randomness: randomnessOf(signature) } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Null: longer than any true answer. Nothing past the limit is kept. */
async function readBounded(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > LIMITS.beaconAnswerMaxBytes) return null;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
