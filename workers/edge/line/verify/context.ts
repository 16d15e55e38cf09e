import type { Beacon, RecordHead } from "../../../../schema/line.ts";
import type { CheckName, Report } from "./findings.ts";
import type { RecordReader } from "./read-record.ts";

/** light: all but other windows' logs and the ledgers. */
export type Mode = "light" | "full";
export type Progress = { check: CheckName; done: number; total: number };

/**
 * Whether these are the beacon's signatures of these rounds, one answer each. Comes in from outside, since BLS needs a
 * library: `check-rounds.ts` is ours.
 */
export type CheckRounds = (
  beacon: Beacon,
  rounds: readonly { round: number; signature: Uint8Array }[],
) => Promise<readonly boolean[]>;

/** What every check works with. */
export type Context = {
  dropId: string;
  mode: Mode;
  reader: RecordReader;
  report: Report;
  head: RecordHead;
  checkRounds: CheckRounds;
  /** Why the run must end, or null. */
  isOver: () => string | null;
  progress: (progress: Progress) => void;
};
