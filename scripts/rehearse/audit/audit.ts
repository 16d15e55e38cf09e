import { auditAfterSale } from "./after-sale.ts";
import { auditAnswers } from "./answers.ts";
import { auditCharges } from "./charges.ts";
import type { Evidence } from "./evidence.ts";
import { auditLimits } from "./limits.ts";
import { auditLine, auditTickets } from "./line.ts";
import { auditMoney } from "./money.ts";
import { auditOrders } from "./orders.ts";
import { auditProjection } from "./projection.ts";
import { auditLedger, auditLives } from "./stock.ts";
import { GUARANTEES, type Guarantee, type Violation, violation } from "./violation.ts";
import { auditWaiting } from "./waiting.ts";

export type Verdict = {
  guarantees: Record<Guarantee, number>;
  /** Breaches of the books' own rules that are none of the named promises. */
  integrityProblems: number;
  violations: Violation[];
};

/** Holds everything against everything else. Pure: the same evidence gets the same verdict. */
export function audit(evidence: Evidence): Verdict {
  const violations = [
    ...evidence.document.skus.flatMap((document): Violation[] => {
      const sku = evidence.skus.find((candidate) => candidate.skuId === document.id);
      if (sku === undefined) return [violation("integrity", `${document.id} was not audited`)];
      return [...auditLedger(sku, document), ...auditLives(sku, evidence.collectedAtMs)];
    }),
    ...auditLimits(evidence),
    ...auditOrders(evidence),
    ...auditCharges(evidence),
    ...auditAfterSale(evidence),
    ...auditMoney(evidence),
    ...auditAnswers(evidence),
    ...auditLine(evidence),
    ...auditWaiting(evidence),
    ...auditTickets(evidence),
    ...auditProjection(evidence),
  ];
  const count = (guarantee: Violation["guarantee"]) =>
    violations.filter((entry) => entry.guarantee === guarantee).length;
  return {
    guarantees: Object.fromEntries(GUARANTEES.map((name) => [name, count(name)])) as Verdict["guarantees"],
    integrityProblems: count("integrity"),
    violations,
  };
}
