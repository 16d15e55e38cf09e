import { describe, expect, test } from "vitest";
import { audit } from "../../scripts/rehearse/audit/audit.ts";
import { rankOf } from "../../scripts/rehearse/audit/line.ts";
import { rank, soundEvidence, ticketId } from "./rehearse-evidence.ts";
import { at, first, plantedIn, sku } from "./rehearse-planted.ts";

describe("the line", () => {
  plantedIn(soundEvidence, [
    [
      "a pass issued before the watermark came by",
      "orderInversions",
      /the pass of ticket 0{31}1 came 700 ms before its turn \(step 1\)/,
      (evidence) => {
        first(evidence.answers.passes).issuedAtMs = at(800);
      },
    ],
    [
      "a pass beyond everything that was ever admitted",
      "orderInversions",
      /the watermark never passed rank/,
      (evidence) => Object.assign(evidence.record.steps[1] ?? {}, { rank: Math.min(rank(1), rank(2)) }),
    ],
    [
      "a pass with a rank that the seed does not give",
      "orderInversions",
      /claims rank 0\.5, the record says/,
      (evidence) => {
        first(evidence.answers.passes).rank = 0.5;
      },
    ],
    [
      "a pass for another cohort than the ticket's",
      "orderInversions",
      /is for cohort 0, the ticket for 1/,
      (evidence) => {
        first(evidence.answers.tickets).cohort = 1;
      },
    ],
    [
      "a pass for a cohort that the record does not know",
      "orderInversions",
      /cohort 0 is not in the record/,
      (evidence) => {
        evidence.record.cohorts = [];
      },
    ],
    [
      "a pass from before its cohort closed",
      "orderInversions",
      /came before its cohort closed/,
      (evidence) => {
        first(evidence.answers.passes).issuedAtMs = at(-200);
      },
    ],
    [
      "a unit reserved by somebody whose turn had not come",
      "orderInversions",
      /reservation rsv_0{31}1 came 1400 ms before its turn/,
      (evidence) => {
        first(sku(evidence).reservations).createdAtMs = at(100);
      },
    ],
    [
      "a unit reserved with a ticket that nobody was given",
      "orderInversions",
      /names a ticket that nobody was given/,
      (evidence) => {
        evidence.answers.tickets.pop();
      },
    ],
    [
      "a watermark that went back",
      "orderInversions",
      /step 2 goes back behind step 1/,
      (evidence) => {
        evidence.record.steps.push({ step: 2, atMs: at(2_500), cohort: 0, rank: 0.5, admitted: 2 });
      },
    ],
    [
      "a ticket that its cohort does not count",
      "acknowledgedLost",
      /cohort 0: 2 tickets were given, the record counts 1/,
      (evidence) => {
        first(evidence.record.cohorts).count = 1;
      },
    ],
    [
      "a ticket that no public log has",
      "acknowledgedLost",
      /ticket 0{31}1 of cohort 0 is in no log/,
      (evidence) => {
        evidence.proof.log = new Map();
      },
    ],
    [
      "a ticket that stands in another cohort's log",
      "acknowledgedLost",
      /ticket 0{31}2 of cohort 0 is in the log of cohort 3/,
      (evidence) => {
        evidence.proof.log = new Map([...evidence.proof.log, [ticketId(2), 3]]);
      },
    ],
    [
      "a public record that the verifier finds wrong",
      "orderInversions",
      /the public record: It goes back/,
      (evidence) => {
        evidence.proof.verdict.findings.push({ check: "steps", code: "step_order", words: "It goes back." });
      },
    ],
    [
      "a public ledger that the verifier finds wrong",
      "integrity",
      /the public record: Sums differ/,
      (evidence) => {
        evidence.proof.verdict.findings.push({
          check: "ledgers",
          code: "ledger_sums",
          words: "Sums differ.",
        });
      },
    ],
    [
      "a public record without a ledger",
      "integrity",
      /the public record: there is no ledger of runner/,
      (evidence) => {
        evidence.proof.verdict.summary.ledgers = [];
      },
    ],
    [
      "a public ledger without rows",
      "integrity",
      /the public record: there is no ledger of runner/,
      (evidence) => {
        for (const ledger of evidence.proof.verdict.summary.ledgers) ledger.rows = 0;
      },
    ],
    [
      "a public record that could not be read",
      "integrity",
      /the public record: record\/steps\/0 could not be read/,
      (evidence) => {
        const gaps = ["record/steps/0 could not be read"];
        evidence.proof.verdict.checks.push({
          check: "steps",
          status: "incomplete",
          looked: 0,
          found: 0,
          gaps,
        });
      },
    ],
  ]);

  test("accepts a pass and its step inside one request, and repeats that say the same", () => {
    const evidence = soundEvidence();
    first(evidence.answers.passes).issuedAtMs = at(1_450);
    evidence.answers.reservations.push({ ...first(evidence.answers.reservations) });
    evidence.answers.orders.push({ ...first(evidence.answers.orders) });
    expect(audit(evidence).violations).toEqual([]);
  });
});

test("a rank is the first 53 bits of the HMAC, in [0, 1)", () => {
  // openssl: HMAC-SHA256 with 32 zero bytes over 16 zero bytes begins with 853c7403937d8b62.
  expect(rankOf("00".repeat(32), "00".repeat(16))).toBe(Number(0x853c7403937d8b62n >> 11n) / 2 ** 53);
  expect(rankOf("5e".repeat(32), ticketId(1))).toBe(rank(1));
});
