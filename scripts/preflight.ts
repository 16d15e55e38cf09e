// `npm run preflight`: is this drop ready to start? Answers before the crowd does.
import { type Finding, isReady, type PreflightAnswer, skewMs } from "../schema/preflight.ts";
import { ok, type Result } from "../schema/result.ts";
import { skewFinding } from "../workers/console/preflight/decide.ts";
import { commandLine } from "./command-line.ts";
import { type Access, findConsole } from "./console/access.ts";
import { askConsole, type Failure } from "./console/ask.ts";
import { saidFailure } from "./drop/words.ts";
import { askEdge } from "./preflight/ask-edge.ts";
import { crowdFindings, edgeFindings } from "./preflight/decide.ts";
import { HELP, type PreflightOptions, parsePreflightOptions } from "./preflight/options.ts";

const BLOCKED = 1;
const MARKS = { ok: "✓", warning: "!", blocks: "✗" } as const;

const EDGE_UNKNOWN: Finding = {
  level: "warning",
  check: "storefront",
  message:
    "was not asked as a shopper would, so neither SESSION_KEYS and TICKET_KEYS nor the version that it shows were looked at: --edge URL says where it is",
};

process.exitCode = await main();

async function main(): Promise<number> {
  const options = commandLine(parsePreflightOptions, HELP);
  try {
    const access = await findConsole({ console: options.console, edge: options.edge });
    return tell(options, await preflight(access, options));
  } catch (error) {
    const title = (error as Error).message;
    if (options.json) console.log(JSON.stringify({ isReady: false, title }, null, 2));
    else console.error(title);
    return BLOCKED;
  }
}

async function preflight(
  access: Access,
  { drop, crowd }: PreflightOptions,
): Promise<Result<PreflightAnswer, Failure>> {
  const answer = await askConsole<PreflightAnswer>(access, {
    method: "POST",
    path: `/v1/drops/${drop}/preflight`,
  });
  if (!answer.ok) return answer;
  const { findings, ...rest } = answer.value;
  const all = [
    ...findings,
    ...(await clockFindings(access)),
    ...(access.edge === null
      ? [EDGE_UNKNOWN]
      : edgeFindings(await askEdge(access.edge, drop, rest.version), rest.version)),
    ...(crowd === null ? [] : crowdFindings(crowd, rest.document)),
  ];
  return ok({ ...rest, isReady: isReady(all), findings: all });
}

/** This machine's clock against the console's, by a question that takes no time of its own. */
async function clockFindings(access: Access): Promise<Finding[]> {
  const askedAtMs = Date.now();
  const clock = await askConsole<{ atMs: number }>(access, { method: "GET", path: "/v1/clock" });
  const heardAtMs = Date.now();
  if (!clock.ok)
    return [{ level: "warning", check: "clocks", message: `the console does not tell its time` }];
  // Said of this machine, so the sign turns.
  return skewFinding("this machine", -skewMs({ askedAtMs, heardAtMs, clockMs: clock.value.atMs }));
}

function tell({ json, drop }: PreflightOptions, answer: Result<PreflightAnswer, Failure>): number {
  if (json)
    console.log(JSON.stringify(answer.ok ? answer.value : { isReady: false, ...answer.refusal }, null, 2));
  else if (answer.ok) {
    for (const { level, check, message } of answer.value.findings)
      console.log(`${MARKS[level]} ${check}: ${message}`);
    console.log(
      answer.value.isReady
        ? `\n${drop} ${saidReady(answer.value.findings)}`
        : `\n${drop} is not ready: ✗ marks what blocks it.`,
    );
  } else console.error(saidFailure(answer.refusal));
  return answer.ok && answer.value.isReady ? 0 : BLOCKED;
}

function saidReady(findings: readonly Finding[]): string {
  const hasWarning = findings.some(({ level }) => level === "warning");
  return hasWarning ? "is ready, as far as was looked at: ! marks what somebody should see to." : "is ready.";
}
