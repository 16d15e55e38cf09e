import type { Result } from "./run.ts";

/** For people: what came, and each breach with the smallest request that shows it. */
export function renderReport(result: Result): string {
  const lines = [
    `${result.requests} requests in ${result.seconds.toFixed(1)} s (seed ${result.seed}); the state was compared around bad requests ${result.comparisons} times`,
    "",
  ];
  for (const [operation, counts] of Object.entries(result.statuses)) {
    const parts = Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1));
    lines.push(`  ${operation}: ${parts.map(([label, count]) => `${label} × ${count}`).join(", ")}`);
  }
  if (result.unreached.length > 0)
    lines.push("", `never answered with success: ${result.unreached.join(", ")}`);
  for (const [why, times] of Object.entries(result.failed))
    lines.push("", `no answer (${times} times): ${why}`);
  for (const { breach, times, request, answer } of result.found) {
    lines.push("", `BREACH (${times} times): ${breach}`, `  ${request}`, `  answered ${answer}`);
  }
  lines.push(
    "",
    result.ok ? "Every answer was as /openapi.json declares it." : "Not every answer was as declared.",
    "",
  );
  return lines.join("\n");
}
