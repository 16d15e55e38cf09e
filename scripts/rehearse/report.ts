import type { Verdict } from "./audit/audit.ts";
import type { Guarantee } from "./audit/violation.ts";
import type { Drained } from "./drain.ts";
import type { Figures } from "./figures.ts";
import type { Options } from "./options.ts";

const VIOLATIONS_MAX = 50;

/** What `--json` writes. `guarantees` counts breaches: all zero is what one hopes for. */
export type Result = {
  ok: boolean;
  guarantees: Record<Guarantee, number>;
  figures: Figures & { integrityProblems: number; drained: boolean };
  /** Why `ok` is false, a line each. */
  failures: string[];
  /** The first fifty, in words. */
  violations: string[];
  seed: number;
  options: Options;
};

type Parts = { verdict: Verdict; figures: Figures; drained: Drained; unexpected: string[]; options: Options };

/** Says what failed. A run in which nothing was sold proves nothing, so that is a failure too. */
export function buildResult({ verdict, figures, drained, unexpected, options }: Parts): Result {
  const failures: string[] = [];
  for (const [name, count] of Object.entries(verdict.guarantees))
    if (count > 0) failures.push(`${name}: ${count}`);
  if (verdict.integrityProblems > 0)
    failures.push(`the books disagree in ${verdict.integrityProblems} places`);
  if (figures.unexpected > 0) failures.push(`${figures.unexpected} unexpected answers`);
  if (!drained.ok)
    failures.push(`not settled after ${Math.round(drained.seconds)} s: ${drained.left.join("; ")}`);
  if (figures.purchases === 0) failures.push("nothing was bought");
  if (figures.kills < options.kills)
    failures.push(`only ${figures.kills} of ${options.kills} kills took place`);
  const words = verdict.violations.map((entry) => `${entry.guarantee}: ${entry.words}`);
  return {
    ok: failures.length === 0,
    guarantees: verdict.guarantees,
    figures: { ...figures, integrityProblems: verdict.integrityProblems, drained: drained.ok },
    failures,
    violations: [...words, ...unexpected.map((entry) => `unexpected: ${entry}`)].slice(0, VIOLATIONS_MAX),
    seed: options.seed,
    options,
  };
}

const PROMISES: Record<Guarantee, string> = {
  oversold: "Never oversold",
  doubleCaptures: "Never charged twice",
  capturedWithoutOrder: "Never charged without an order",
  acknowledgedLost: "Nothing acknowledged is lost",
  limitBroken: "Limits per shopper hold",
  orderInversions: "Nobody before their turn",
};

/** For people, on a terminal. */
export function renderReport({ ok, guarantees, figures, failures, violations, options }: Result): string {
  const lines: string[] = [""];
  const row = (name: string, value: unknown) => lines.push(`  ${name.padEnd(34)}${String(value)}`);
  const pairs = (counts: Record<string, number>) =>
    Object.entries(counts)
      .toSorted(([, one], [, other]) => other - one)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ") || "none";

  lines.push(
    `Rehearsal: ${options.shoppers} shoppers, ${options.stock} units of ${options.skus} SKUs, seed ${options.seed}`,
    "",
  );
  for (const [name, promise] of Object.entries(PROMISES)) {
    const count = guarantees[name as Guarantee];
    row(`${count === 0 ? "✓" : "✗"} ${promise}`, count === 0 ? "0 breaches" : `${count} BREACHES`);
  }
  row(
    `${figures.integrityProblems === 0 ? "✓" : "✗"} All books agree`,
    `${figures.integrityProblems} differences`,
  );
  lines.push("");
  row(
    "Purchases",
    `${figures.purchases} in ${figures.seconds} s (${figures.purchasesPerSecond}/s, ${figures.purchasesInBusiestSecond} in the busiest second)`,
  );
  row("Units sold", `${figures.units.sold} of ${figures.units.stock}`);
  row(
    "Reserve to confirmed",
    `p50 ${figures.reserveToConfirmedP50Ms} ms, p99 ${figures.reserveToConfirmedP99Ms} ms`,
  );
  row(
    "HTTP requests",
    `${figures.httpRequests} (${figures.httpRequestsPerSecond}/s), p50 ${figures.p50Ms} ms, p99 ${figures.p99Ms} ms`,
  );
  for (const [name, { requests, p50Ms, p99Ms }] of Object.entries(figures.endpoints)) {
    row(`  ${name}`, `${requests}, p50 ${p50Ms} ms, p99 ${p99Ms} ms`);
  }
  row("Refusals", pairs(figures.refusals));
  row("Visits", pairs(figures.visits));
  row("Orders", pairs(figures.orders));
  row("Money", pairs(figures.money));
  row("Refunds", pairs(figures.refunds));
  row("Shipments", pairs(figures.fulfillment));
  row("Gateway's faults", pairs(figures.gateway.faults));
  row("Gateway's webhooks", pairs(figures.gateway.webhooks));
  if (figures.kills > 0) row("Kills", `${figures.kills}, back after ${figures.restartSeconds.join(", ")} s`);
  row("Unanswered, retried, given up", `${figures.unreachable}, ${figures.retries}, ${figures.gaveUp}`);
  row("Looked at", pairs(figures.audited));
  row("Settled after the crowd left", figures.drained ? `in ${figures.drainSeconds} s` : "NO");
  if (figures.parkedMessages > 0) row("Parked messages", figures.parkedMessages);
  lines.push("", ok ? "Everything held." : `FAILED: ${failures.join("; ")}`);
  for (const words of violations) lines.push(`  ${words}`);
  return `${lines.join("\n")}\n`;
}
