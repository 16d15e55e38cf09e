import { createHmac } from "node:crypto";
import type { ClosedCohort, WatermarkStep } from "../../../schema/line.ts";
import type { Evidence } from "./evidence.ts";
import { type Violation, violation } from "./violation.ts";

/**
 * A place inside a cohort, from the public record alone: the first 53 bits of HMAC-SHA256(seed, ticket id), as a fraction
 * in [0, 1). Written here a second time on purpose: an audit that shares the code that it checks checks nothing.
 */
export function rankOf(seedHex: string, ticketIdHex: string): number {
  const digest = createHmac("sha256", Buffer.from(seedHex, "hex"))
    .update(Buffer.from(ticketIdHex, "hex"))
    .digest();
  return Number(digest.readBigUInt64BE(0) >> 11n) / 2 ** 53;
}

/** Reading the clock and reading the watermark are two instants inside one request. */
const SAME_REQUEST_MS = 100;

type Claim = { what: string; ticketId: string; cohort: number; atMs: number };

/** No pass and no reservation came before the public watermark had passed its place. */
export function auditLine({
  skus,
  record,
  answers,
  proof,
}: Pick<Evidence, "skus" | "record" | "answers" | "proof">): Violation[] {
  const found = [...auditProof(proof), ...auditPublicLedgers(proof, skus), ...auditSteps(record.steps)];
  const cohorts = new Map(record.cohorts.map((cohort) => [cohort.cohort, cohort]));
  const cohortOf = new Map(answers.tickets.map((ticket) => [ticket.ticketId, ticket.cohort]));
  const tooEarly = (claim: Claim) => checkClaim(claim, cohorts.get(claim.cohort), record.steps);

  for (const pass of answers.passes) {
    const what = `the pass of ticket ${pass.ticketId}`;
    const cohort = cohorts.get(pass.cohort);
    if (cohort !== undefined && pass.rank !== rankOf(cohort.seed, pass.ticketId)) {
      const rank = rankOf(cohort.seed, pass.ticketId);
      found.push(violation("orderInversions", `${what} claims rank ${pass.rank}, the record says ${rank}`));
    }
    if (cohortOf.get(pass.ticketId) !== pass.cohort) {
      found.push(
        violation(
          "orderInversions",
          `${what} is for cohort ${pass.cohort}, the ticket for ${cohortOf.get(pass.ticketId)}`,
        ),
      );
    }
    found.push(...tooEarly({ what, ticketId: pass.ticketId, cohort: pass.cohort, atMs: pass.issuedAtMs }));
  }
  for (const reservation of skus.flatMap((sku) => sku.reservations)) {
    const what = `reservation ${reservation.reservationId}`;
    const cohort = cohortOf.get(reservation.ticketId);
    if (cohort === undefined)
      found.push(violation("orderInversions", `${what} names a ticket that nobody was given`));
    else
      found.push(
        ...tooEarly({ what, ticketId: reservation.ticketId, cohort, atMs: reservation.createdAtMs }),
      );
  }
  return found;
}

function checkClaim(claim: Claim, cohort: ClosedCohort | undefined, steps: WatermarkStep[]): Violation[] {
  const { what, ticketId, atMs } = claim;
  if (cohort === undefined)
    return [violation("orderInversions", `${what}: cohort ${claim.cohort} is not in the record`)];
  if (atMs + SAME_REQUEST_MS < cohort.closedAtMs)
    return [violation("orderInversions", `${what} came before its cohort closed`)];
  const rank = rankOf(cohort.seed, ticketId);
  const isPassedBy = (step: WatermarkStep) =>
    step.cohort > claim.cohort || (step.cohort === claim.cohort && rank < step.rank);
  const step = steps.find(isPassedBy);
  if (step === undefined)
    return [
      violation(
        "orderInversions",
        `${what}: the watermark never passed rank ${rank} of cohort ${claim.cohort}`,
      ),
    ];
  const earlyMs = step.atMs - atMs;
  return earlyMs > SAME_REQUEST_MS
    ? [violation("orderInversions", `${what} came ${earlyMs} ms before its turn (step ${step.step})`)]
    : [];
}

/** What an outsider finds who verifies the public record counts like what we find; what could not be verified is told. */
function auditProof({ verdict }: Evidence["proof"]): Violation[] {
  const found = verdict.findings.map(({ check, words }) =>
    violation(check === "ledgers" ? "integrity" : "orderInversions", `the public record: ${words}`),
  );
  const gaps = verdict.checks.flatMap(({ gaps }) => gaps);
  return [...found, ...gaps.map((gap) => violation("integrity", `the public record: ${gap}`))];
}

/** A record without a SKU's ledger holds, and proves nothing of its units: the verifier cannot know that there is one. */
function auditPublicLedgers({ verdict }: Evidence["proof"], skus: Evidence["skus"]): Violation[] {
  const published = new Set(verdict.summary.ledgers.map(({ skuId, rows }) => (rows > 0 ? skuId : null)));
  return skus.flatMap(({ skuId, ledger }) => {
    if (ledger.length === 0 || published.has(skuId)) return [];
    return [violation("integrity", `the public record: there is no ledger of ${skuId}`)];
  });
}

/** The watermark never goes back, in place or in time. */
function auditSteps(steps: WatermarkStep[]): Violation[] {
  const found: Violation[] = [];
  steps.forEach((step, index) => {
    const before = steps[index - 1];
    if (before === undefined) return;
    const isBack = step.cohort < before.cohort || (step.cohort === before.cohort && step.rank < before.rank);
    if (isBack || step.atMs < before.atMs || step.admitted < before.admitted) {
      found.push(violation("orderInversions", `step ${step.step} goes back behind step ${before.step}`));
    }
  });
  return found;
}

/** Every ticket that was given stands in the public log of its cohort, and cohorts count at least those. */
export function auditTickets({
  record,
  answers,
  proof,
}: Pick<Evidence, "record" | "answers" | "proof">): Violation[] {
  const found = answers.tickets.flatMap(({ ticketId, cohort }): Violation[] => {
    const logged = proof.log.get(ticketId);
    if (logged === cohort) return [];
    const where = logged === undefined ? "in no log" : `in the log of cohort ${logged}`;
    return [violation("acknowledgedLost", `ticket ${ticketId} of cohort ${cohort} is ${where}`)];
  });
  const cohorts = new Map(record.cohorts.map((cohort) => [cohort.cohort, cohort]));
  for (const [cohort, tickets] of Map.groupBy(answers.tickets, (ticket) => ticket.cohort)) {
    const given = new Set(tickets.map((ticket) => ticket.ticketId)).size;
    const counted = cohorts.get(cohort)?.count ?? 0;
    if (counted >= given) continue;
    found.push(
      violation(
        "acknowledgedLost",
        `cohort ${cohort}: ${given} tickets were given, the record counts ${counted}`,
      ),
    );
  }
  return found;
}
