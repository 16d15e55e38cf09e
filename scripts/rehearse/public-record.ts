import { checkRounds } from "../../workers/edge/line/verify/check-rounds.ts";
import { fetchedRecord } from "../../workers/edge/line/verify/fetched-record.ts";
import { type Verdict, verifyLine } from "../../workers/edge/line/verify/verify-line.ts";
import { LOCAL_BEACON } from "../sandbox/beacon/local-beacon.ts";

const TICKET_BYTES = 16;

/** The window in whose log each ticket stands, by ticket. */
export type TicketLog = ReadonlyMap<string, number>;

/** Runs the verifier over everything, as an outsider does, and keeps the logs that it was given. */
export async function verifyPublicRecord(
  edgeUrl: string,
  dropId: string,
): Promise<{ verdict: Verdict; log: TicketLog }> {
  const log = new Map<string, number>();
  const fetched = fetchedRecord({ origin: edgeUrl, dropId });
  const verdict = await verifyLine({
    dropId,
    async source(path, maxBytes) {
      const part = await fetched(path, maxBytes);
      const [, cohort] = /^record\/chunks\/(\d+)\//.exec(path) ?? [];
      if (part !== null && cohort !== undefined)
        for (let at = 0; at < part.byteLength; at += TICKET_BYTES)
          log.set(Buffer.from(part.subarray(at, at + TICKET_BYTES)).toString("hex"), Number(cohort));
      return part;
    },
    mode: "full",
    checkRounds,
    trustedBeacons: [LOCAL_BEACON],
  });
  return { verdict, log };
}
