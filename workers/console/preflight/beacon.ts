import type { DropDocument } from "../../../schema/drop-document.ts";
import type { BeaconProbe, Finding } from "../../../schema/preflight.ts";
import { isSameBeacon, QUICKNET } from "../../edge/line/verify/beacons.ts";

const check = "beacon";

/** Whether admission would go on: without a round that verifies the line waits, and there is nothing to fall back to. */
export function beaconFindings({ mode }: DropDocument, probe: BeaconProbe | null): Finding[] {
  if (probe === null) return [];
  if (!probe.isAsked) return [{ level: "blocks", check, message: `cannot be asked: ${probe.reason}` }];
  return [
    ...(isSameBeacon(probe.beacon, QUICKNET) ? [] : [otherBeaconFinding(mode)]),
    ...relayFindings(probe),
  ];
}

function otherBeaconFinding(mode: DropDocument["mode"]): Finding {
  const isLive = mode === "live";
  return {
    level: isLive ? "blocks" : "ok",
    check,
    message: `is not drand's quicknet but the one of the variable BEACON: a stranger's verifier does not trust it${isLive ? "" : ", which is right for a trial"}`,
  };
}

function relayFindings({ round, dueAtMs, relays }: Extract<BeaconProbe, { isAsked: true }>): Finding[] {
  const named = `round ${round}, due at ${new Date(dueAtMs).toISOString()}`;
  const good = relays.filter(({ fault }) => fault === null).map(({ host }) => host);
  const faults = relays.flatMap(({ host, fault }) => (fault === null ? [] : [`${host} ${said(fault)}`]));
  if (good.length === 0)
    return [
      {
        level: "blocks",
        check,
        message: `gives no value, so nobody would be admitted: of ${named}, ${faults.join("; ")}`,
      },
    ];
  const verified: Finding = { level: "ok", check, message: `${named}, verifies, from ${good.join(", ")}` };
  return [
    verified,
    ...faults.map((fault): Finding => ({ level: "warning", check, message: `of ${named}, ${fault}` })),
  ];
}

const SAID: Record<string, string> = {
  not_yet: "does not have it yet: it is late, or the clock of the state is ahead",
  unreachable: "cannot be reached",
  timed_out: "does not answer in time",
  refused: "answers with an error",
  too_large: "answers with more than a round",
  malformed: "answers with something that is no round",
  other_round: "answers with another round",
  wrong_signature: "answers with a signature that does not verify",
};

const said = (fault: string) => SAID[fault] ?? `fails: ${fault}`;
