import { BOUNDS } from "./bounds.ts";

/** What is checked, in order, in words for people. */
export const CHECKS = {
  commitment: "The line is bound to a hash chain, a signing key and a beacon since before anybody joined",
  cohorts: "Windows closed in order, none before its end, and their people are counted right",
  chain: "Every revealed link leads back to the anchor, and every seed follows from its link",
  beacon: "Every seed takes the beacon's round that was fixed when its window closed",
  roots: "Every closed window has one root, signed by the line's key",
  log: "The ticket logs are the ones that were signed, and nobody has two places",
  steps: "Admission only went forward, in order, over revealed windows",
  ledgers: "The stock ledgers are whole, and their sums are right",
  units: "Every unit was taken by a ticket of the log whose turn had come",
  kept: "Nothing that was shown earlier has changed since",
  ticket: "Your own ticket is in the log, where it says",
} as const;
export type CheckName = keyof typeof CHECKS;

/** What can be wrong. `missing`, `malformed` and `too_large` are said of any part of the record. */
export const FINDING_CODES = [
  "missing",
  "malformed",
  "too_large",
  "wrong_drop",
  "commitment_unsigned",
  "commitment_late",
  "beacon_not_trusted",
  "cohort_order",
  "closed_early",
  "before_wrong",
  "joined_wrong",
  "links_exceeded",
  "chain_broken",
  "seed_wrong",
  "beacon_round_wrong",
  "beacon_unsigned",
  "revealed_early",
  "root_unsigned",
  "root_wrong",
  "two_roots",
  "chunk_wrong",
  "id_repeated",
  "step_order",
  "step_unrevealed",
  "admitted_wrong",
  "ledger_changed",
  "ledger_order",
  "ledger_sums",
  "unit_without_place",
  "unit_past_the_line",
  "unit_changed_hands",
  "commitment_changed",
  "cohort_withdrawn",
  "ticket_missing",
  "ticket_elsewhere",
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

/** Where in the record it is. */
export type Where = { cohort?: number; skuId?: string; ticketId?: string };
export type Finding = { check: CheckName; code: FindingCode; words: string } & Where;

/** incomplete: nothing found, but something could not be read or checked. skipped: not of this mode, or nothing to check. */
export type CheckStatus = "holds" | "broken" | "incomplete" | "skipped";
export type CheckReport = {
  check: CheckName;
  status: CheckStatus;
  /** Things that were looked at, and how many of them were wrong. */
  looked: number;
  found: number;
  /** What could not be looked at, and why. */
  gaps: string[];
};

const GAPS_MAX = 5;

/** Gathers what the checks say. A check that looked at nothing is skipped, one that gave up somewhere is incomplete. */
export class Report {
  readonly #checks = new Map<CheckName, CheckReport>();
  readonly #settled = new Set<CheckName>();
  readonly findings: Finding[] = [];

  constructor() {
    for (const check of Object.keys(CHECKS) as CheckName[])
      this.#checks.set(check, { check, status: "skipped", looked: 0, found: 0, gaps: [] });
  }

  looked(check: CheckName, count = 1): void {
    this.#of(check).looked += count;
  }

  found(check: CheckName, code: FindingCode, words: string, where: Where = {}): void {
    const report = this.#of(check);
    report.found += 1;
    if (report.found <= BOUNDS.findingsMax) this.findings.push({ check, code, words, ...where });
  }

  gap(check: CheckName, why: string): void {
    const { gaps } = this.#of(check);
    if (gaps.length < GAPS_MAX) gaps.push(why);
  }

  reports(): CheckReport[] {
    return [...this.#checks.keys()].map((check) => this.#reportOf(check));
  }

  /** A check that will not change any more. Null: that was said before. */
  settle(check: CheckName): CheckReport | null {
    if (this.#settled.has(check)) return null;
    this.#settled.add(check);
    return this.#reportOf(check);
  }

  #reportOf(check: CheckName): CheckReport {
    const report = this.#of(check);
    return { ...report, status: statusOf(report) };
  }

  #of(check: CheckName): CheckReport {
    return this.#checks.get(check) as CheckReport;
  }
}

function statusOf({ looked, found, gaps }: CheckReport): CheckStatus {
  if (found > 0) return "broken";
  if (gaps.length > 0) return "incomplete";
  return looked > 0 ? "holds" : "skipped";
}
