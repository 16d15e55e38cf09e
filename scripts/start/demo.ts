import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DropDocument } from "../../schema/drop-document.ts";
import type { Snapshot } from "../../schema/line.ts";
import { Currency } from "../../schema/money.ts";
import { importFile } from "../catalog/console.ts";
import { ROOT } from "../platform/bundle.ts";

type Demo = { dropId: string; name: string; opensAtMs: number; isNew: boolean };

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Each restart after a demo drop is over publishes the next; nobody restarts a laptop this often. */
const DROPS_MAX = 1_000;

/** The demo drop that is announced or running, or a new one: what was sold in an earlier run stays sold. */
export async function publishDemo(input: {
  edgeUrl: string;
  consoleUrl: string;
  operatorToken: string;
  opensInMs: number;
}): Promise<Demo> {
  const template = JSON.parse(
    await readFile(join(ROOT, "examples", "demo-drop.json"), "utf8"),
  ) as DropDocument;
  for (let run = 1; run <= DROPS_MAX; run += 1) {
    const dropId = run === 1 ? template.id : `${template.id}-${run}`;
    const { name } = template;
    const answer = await fetch(`${input.edgeUrl}/v1/drops/${dropId}/snapshot`);
    if (answer.ok) {
      const { phase, opensAtMs } = (await answer.json()) as Snapshot;
      if (phase === "sold_out" || phase === "closed") continue;
      return { dropId, name, opensAtMs, isNew: false };
    }
    if (answer.status !== 404)
      throw new Error(`the storefront answered ${answer.status}: ${await answer.text()}`);
    await importDemoCatalog(input);
    const nowMs = Date.now();
    const opensAtMs = nowMs + input.opensInMs;
    const at = (ms: number) => new Date(ms).toISOString();
    const times = { lobbyOpensAt: at(nowMs), opensAt: at(opensAtMs), closesAt: at(opensAtMs + DAY_MS) };
    await publish(input, { ...template, id: dropId, ...times });
    return { dropId, name, opensAtMs, isNew: true };
  }
  throw new Error("Every demo drop is sold out. npm start -- --fresh begins again.");
}

/** The products that the demo drop names. A repeat changes nothing. */
async function importDemoCatalog(input: { consoleUrl: string; operatorToken: string }): Promise<void> {
  const bytes = new Uint8Array(await readFile(join(ROOT, "examples", "demo-catalog.csv")));
  const to = { console: input.consoleUrl, token: input.operatorToken };
  const { refused } = await importFile(to, { bytes, currency: Currency.parse("EUR") });
  if (refused.length > 0) throw new Error(`the demo's catalog was refused: ${refused[0]?.message}`);
}

async function publish(
  input: { consoleUrl: string; operatorToken: string },
  document: object & { id: string },
) {
  const answer = await fetch(`${input.consoleUrl}/v1/drops/${document.id}/publish`, {
    method: "POST",
    headers: { Authorization: `Bearer ${input.operatorToken}`, "Content-Type": "application/json" },
    body: JSON.stringify({ document }),
  });
  if (!answer.ok) throw new Error(`publishing ${document.id}: ${answer.status} ${await answer.text()}`);
}
