import type { Beacon, Commitment, RecordHead, SignedRoot } from "../../../../schema/line.ts";
import { QUICKNET } from "./beacons.ts";
import { BOUNDS } from "./bounds.ts";
import { type Cohorts, checkCohorts } from "./check-cohorts.ts";
import { checkCommitment } from "./check-commitment.ts";
import { checkKept, type Kept, keptThrough } from "./check-kept.ts";
import { checkLedgers, type LedgerSum } from "./check-ledgers.ts";
import { checkLog, type Wanted } from "./check-log.ts";
import { checkSeeds } from "./check-seeds.ts";
import { checkSteps } from "./check-steps.ts";
import { type OwnReport, type OwnTicket, OwnWatch } from "./check-ticket.ts";
import { unitCheck } from "./check-units.ts";
import type { CheckRounds, Context, Mode, Progress } from "./context.ts";
import { type CheckName, type CheckReport, type CheckStatus, type Finding, Report } from "./findings.ts";
import { numbers, RecordReader, type RecordSource } from "./read-record.ts";
import { recordHead } from "./shapes.ts";
import { canVouch, type Witnessed } from "./witness.ts";

export type Asked = {
  dropId: string;
  source: RecordSource;
  mode: Mode;
  checkRounds: CheckRounds;
  /** Beacons whose operators are trusted; else drand's quicknet alone. */
  trustedBeacons?: readonly Beacon[];
  own?: OwnTicket | null;
  /** What was shown earlier, from a browser's storage or a file. */
  kept?: Kept | null;
  /** The clock of whoever asks; else this machine's. */
  nowMs?: () => number;
  pause?: (ms: number) => Promise<void>;
  onProgress?: (progress: Progress) => void;
  /** Called once with each check's report, as soon as it will not change any more. */
  onCheck?: (report: CheckReport) => void;
  /** Each root that was found signed and right, for whoever keeps them. */
  onRoot?: (root: SignedRoot) => void;
  signal?: AbortSignal;
};

/** Figures for people; null where the check did not come so far. */
export type Summary = {
  commitment: Commitment | null;
  version: string | null;
  notes: RecordHead["notes"];
  /** Windows with people in them, people in those, people in the line. */
  windows: number;
  inWindows: number;
  joined: number;
  /** Null: not told before the drop has ended. */
  heldApart: number | null;
  steps: number;
  /** Of a full look. */
  ledgers: LedgerSum[];
};

export type Verdict = {
  /** holds: everything was looked at and is right. incomplete: nothing is wrong, but something could not be looked at. */
  status: Exclude<CheckStatus, "skipped">;
  checks: CheckReport[];
  findings: Finding[];
  summary: Summary;
  own: OwnReport | null;
  /** Windows whose roots were kept with the time at which they were seen; none of a record that is wrong or has no beacon. */
  witnessed: Witnessed[];
};

/**
 * Checks the public record of a line as `docs/fair-line.md` says, trusting nothing that the server answers: from the
 * commitment's signature to each sold unit. Never rejects, and ends within `BOUNDS.runMaxMs` and one request's time, whatever
 * it is answered. Not checked: that the server shows everybody the same record, unless `kept` has what others were shown.
 */
export async function verifyLine(asked: Asked): Promise<Verdict> {
  const { nowMs = Date.now, signal } = asked;
  const untilMs = nowMs() + BOUNDS.runMaxMs;
  const isOver = () => {
    if (signal?.aborted) return "It was stopped";
    return nowMs() >= untilMs ? "It took too long" : null;
  };
  const report = new Report();
  const reader = new RecordReader(asked.source, report, { isOver, pause: asked.pause ?? sleep });
  const summary: Summary = {
    commitment: null,
    version: null,
    notes: [],
    windows: 0,
    inWindows: 0,
    joined: 0,
    heldApart: null,
    steps: 0,
    ledgers: [],
  };
  const path = "record";
  const shownThrough = keptThrough(asked.kept ?? null);
  const head = await reader.need({
    check: "commitment",
    path,
    shape: recordHead,
    maxBytes: BOUNDS.headMaxBytes,
    isGrown: shownThrough < 0 ? undefined : ({ rootedThrough }) => rootedThrough >= shownThrough,
  });
  const { own, witnessed } =
    head === null ? NOTHING : await checkRecord(asked, { head, report, reader, isOver, summary });
  const checks = report.reports();
  settled(asked, report, ...checks.map(({ check }) => check));
  return {
    status: statusOf(checks),
    checks,
    findings: report.findings,
    summary,
    own,
    witnessed: canVouch(checks) ? witnessed : [],
  };
}

type Learned = Pick<Verdict, "own" | "witnessed">;
const NOTHING: Learned = { own: null, witnessed: [] };

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

type Run = Pick<Context, "head" | "report" | "reader" | "isOver"> & { summary: Summary };

async function checkRecord(asked: Asked, { summary, ...run }: Run): Promise<Learned> {
  const { dropId, mode, checkRounds } = asked;
  const { head, report } = run;
  const context: Context = { dropId, mode, checkRounds, progress: asked.onProgress ?? (() => {}), ...run };
  const { commitment, version, notes, joined, heldApart, steps } = head;
  Object.assign(summary, { commitment, version, notes, joined, heldApart, steps });

  const trustedBeacons = asked.trustedBeacons ?? [QUICKNET];
  await checkCommitment(report, dropId, { head, trustedBeacons });
  settled(asked, report, "commitment");
  const cohorts = await checkCohorts(context);
  for (const { count } of cohorts.byNumber.values()) {
    summary.windows += 1;
    summary.inWindows += count;
  }
  await checkSeeds(context, cohorts.byNumber);
  settled(asked, report, "chain", "beacon");

  const own = asked.own ?? null;
  const watch = own === null ? null : await OwnWatch.of(own, cohorts);
  // Roots of windows whose seed is not out, and of one's own: what was kept is held against them too.
  const roots = new Map<number, SignedRoot>();
  const log = await checkLog(context, cohorts, {
    ...windowsToRead(context, cohorts, own),
    own: own?.chunk == null ? null : { cohort: own.cohort, chunk: own.chunk },
    onRoot(root) {
      if (!cohorts.byNumber.has(root.cohort)) roots.set(root.cohort, root);
      watch?.onRoot(root);
      asked.onRoot?.(root);
    },
    onAbsent: (cohort) => watch?.onAbsent(cohort),
    onChunk: async (cohort, chunk, ids) => watch?.onChunk(cohort, chunk, ids),
  });
  settled(asked, report, "cohorts", "roots", "log");
  const history = await checkSteps(context, cohorts);
  settled(asked, report, "steps");
  if (mode === "full") {
    const onTaken = unitCheck(context, { cohorts, log, history });
    summary.ledgers = await checkLedgers(context, onTaken, own?.ticketId ?? null);
  }
  settled(asked, report, "ledgers", "units");
  const nowMs = (asked.nowMs ?? Date.now)();
  const witnessed = asked.kept ? await checkKept(context, asked.kept, { cohorts, roots, nowMs }) : [];
  const units =
    mode === "full" ? Object.fromEntries(summary.ledgers.map((sum) => [sum.skuId, sum.own])) : null;
  return { own: watch?.settle(context, { log, history, units }) ?? null, witnessed };
}

function settled({ onCheck }: Asked, report: Report, ...checks: CheckName[]): void {
  for (const check of checks) {
    const settled = report.settle(check);
    if (settled !== null) onCheck?.(settled);
  }
}

/** All closed windows, or of a light look one's own. Between the last seed and the last root any number may have nobody in it. */
function windowsToRead({ mode, head }: Context, { byNumber }: Cohorts, own: OwnTicket | null) {
  const wanted = (cohort: number): Wanted => {
    const revealed = byNumber.get(cohort) ?? null;
    // The last number that the head names is that of a window with people in it.
    const isOptional = revealed === null && cohort !== head.rootedThrough;
    return { cohort, revealed, isOptional, isOwn: cohort === own?.cohort };
  };
  if (mode === "light") {
    const isClosed = own !== null && own.cohort <= head.rootedThrough;
    return { numbers: isClosed ? [wanted(own.cohort)] : [], total: isClosed ? 1 : 0 };
  }
  const open = head.rootedThrough - head.revealedThrough;
  return { numbers: all(), total: byNumber.size + Math.max(0, open) };

  function* all() {
    for (const cohort of byNumber.keys()) yield wanted(cohort);
    if (own !== null && own.cohort <= head.revealedThrough && !byNumber.has(own.cohort))
      yield wanted(own.cohort);
    for (const cohort of numbers(head.revealedThrough + 1, head.rootedThrough)) yield wanted(cohort);
  }
}

function statusOf(checks: readonly CheckReport[]): Verdict["status"] {
  const is = (status: CheckStatus) => checks.some((check) => check.status === status);
  if (is("broken")) return "broken";
  return is("incomplete") ? "incomplete" : "holds";
}
