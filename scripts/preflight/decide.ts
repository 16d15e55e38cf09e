import type { DropDocument } from "../../schema/drop-document.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Finding } from "../../schema/preflight.ts";

const MINUTE_MS = 60_000;

/** What the storefront answered: to a question for the drop, and to the opening of a session. */
export type EdgeSeen =
  | { isReached: false; reason: string }
  | {
      isReached: true;
      drop: { status: number; version: string | null; detail: string | null };
      session: { status: number; detail: string | null };
    };

/** What the storefront's answers say: that it serves what is published, and that its keys sign and verify. */
export function edgeFindings(seen: EdgeSeen, publishedVersion: string | null): Finding[] {
  if (!seen.isReached)
    return [{ level: "blocks", check: "storefront", message: `does not answer: ${seen.reason}` }];
  return [keysFinding(seen.session), storefrontFinding(seen.drop, publishedVersion)];
}

/** All keysets are read before the first answer, so a session that was opened shows that each of them is right. */
function keysFinding({ status, detail }: { status: number; detail: string | null }): Finding {
  if (status === 201)
    return { level: "ok", check: "keys", message: "the storefront signs sessions; its keysets are complete" };
  if (status === 429)
    return {
      level: "warning",
      check: "keys",
      message: "the storefront is too busy to open a session: ask again later",
    };
  return {
    level: "blocks",
    check: "keys",
    message: detail ?? `the storefront opens no session (status ${status})`,
  };
}

function storefrontFinding(
  { status, version, detail }: { status: number; version: string | null; detail: string | null },
  publishedVersion: string | null,
): Finding {
  const check = "storefront";
  if (publishedVersion === null)
    return { level: "ok", check, message: "answers; it has nothing to show before the drop is published" };
  if (status !== 200)
    return { level: "blocks", check, message: detail ?? `does not show the drop (status ${status})` };
  if (version !== publishedVersion)
    return {
      level: "warning",
      check,
      message: `still shows version ${version}: a copy is renewed within a minute`,
    };
  return { level: "ok", check, message: "shows the version that is published" };
}

/** Whether so many people fit into the line, and can be served while the drop is open. */
export function crowdFindings(
  crowd: number,
  { line, opensAt, closesAt, skus, gateway }: DropDocument,
): Finding[] {
  const check = "crowd";
  if (crowd > LIMITS.joinedMax)
    return [
      {
        level: "blocks",
        check,
        message: `a line takes ${LIMITS.joinedMax} people, and ${crowd} are expected`,
      },
    ];
  const neededMs = (crowd / line.admitPerSecond) * 1_000;
  const openMs = Date.parse(closesAt) - Date.parse(opensAt);
  const units = skus.reduce((sum, { stock }) => sum + stock, 0);
  const said = `at ${line.admitPerSecond} people a second, ${crowd} take ${Math.ceil(neededMs / MINUTE_MS)} minutes`;
  const found: Finding[] =
    neededMs > openMs
      ? [
          {
            level: "warning",
            check,
            message: `${said}, and the drop is open for ${Math.floor(openMs / MINUTE_MS)}`,
          },
        ]
      : [
          {
            level: "ok",
            check,
            message: `${said}; there is a unit for one in ${Math.max(1, Math.round(crowd / Math.max(1, units)))}`,
          },
        ];
  if (line.admitPerSecond > LIMITS.ordersPerSecondMax)
    found.push({
      level: "warning",
      check,
      message: `line.admitPerSecond is ${line.admitPerSecond}; beyond ${LIMITS.ordersPerSecondMax} orders a second people wait for their payment instead, at ${gateway}`,
    });
  return found;
}
