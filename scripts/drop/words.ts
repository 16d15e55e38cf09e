import type { DropDocument, PublishedDrop } from "../../schema/drop-document.ts";
import type { LineAct, Snapshot } from "../../schema/line.ts";
import { formatMinor } from "../../schema/money.ts";
import type { FieldError } from "../../schema/read-drop.ts";
import type { StoredDocument } from "../../workers/console/verbs/put-document.ts";
import type { Failure } from "../console/ask.ts";
import type { Shown } from "./verbs.ts";

/** Answers as lines that can be read aloud. */

export function saidChecked({ version, document, warnings }: StoredDocument, what: string): string {
  return [
    `${document.id} ${what}.`,
    ...saidDocument(document),
    `  Version ${version}`,
    ...saidWarnings(warnings),
  ].join("\n");
}

export function saidPublished({ version, publishedAtMs, document }: PublishedDrop): string {
  const at = new Date(publishedAtMs).toISOString();
  return [`${document.id} is published since ${at}.`, ...saidDocument(document), `  Version ${version}`].join(
    "\n",
  );
}

export function saidShown(dropId: string, { draft, published, line }: Shown): string {
  const lines = [published === null ? `${dropId} is not published.` : saidPublished(published)];
  if (line !== null) lines.push(saidLine(line));
  if (draft === null) lines.push("There is no draft in KV.");
  else if (draft.version === null) lines.push("The draft in KV has errors:", ...saidErrors(draft.errors));
  else if (draft.version === published?.version) lines.push("The draft in KV is what is published.");
  else
    lines.push(
      `The draft in KV ${published === null ? "can be published" : "differs"}: version ${draft.version}`,
    );
  return [...lines, ...saidWarnings(draft?.warnings ?? [])].join("\n");
}

export function saidActed(act: LineAct, line: Snapshot): string {
  return [`${line.dropId} ${SAID_ACTS[act.kind](line)}`, saidLine(line)].join("\n");
}

/** As the line is now, which need not be as the act left it: somebody else may have acted since. */
const SAID_ACTS: Record<LineAct["kind"], (line: Snapshot) => string> = {
  pause: () => "is paused: nobody is admitted and nothing new is reserved; what is held can be paid for.",
  resume: () => "goes on.",
  open: ({ opensAtMs }) => `is open since ${new Date(opensAtMs).toISOString()}.`,
  end: ({ closesAtMs }) => `is over since ${new Date(closesAtMs).toISOString()}.`,
  say: ({ message }) =>
    message === null ? "says nothing to those who wait." : `says to those who wait: ${message}`,
  pace: ({ admitPerSecond }) => `lets ${admitPerSecond} people arrive a second.`,
};

function saidLine({
  dropId,
  atMs,
  phase,
  isPaused,
  joined,
  admitted,
  skus,
  waitsForBeacon,
}: Snapshot): string {
  const free = skus.reduce((sum, { available }) => sum + available, 0);
  const state = isPaused ? `${phase}, paused` : phase;
  const line = `  ${state}; ${joined} joined, about ${Math.round(admitted)} admitted, ${free} units free`;
  if (waitsForBeacon === null || waitsForBeacon.dueAtMs > atMs) return line;
  const { cohort, round, dueAtMs } = waitsForBeacon;
  const lateSeconds = Math.round((atMs - dueAtMs) / 1_000);
  return `${line}\n  Window ${cohort} and those after it wait for round ${round} of the beacon, due ${lateSeconds} s ago: npm run preflight -- --drop ${dropId} asks its relays`;
}

export function saidFailure({ title, detail, errors = [] }: Failure): string {
  return [title, ...(detail === undefined ? [] : [detail]), ...saidErrors(errors)].join("\n");
}

function saidDocument({ name, mode, currency, opensAt, closesAt, skus, audience }: DropDocument): string[] {
  const units = skus.reduce((sum, { stock }) => sum + stock, 0);
  const prices = skus.map(({ priceMinor }) => priceMinor).sort((one, other) => one - other);
  const [least, most] = [prices[0], prices.at(-1)].map((price) => formatMinor(price as never, currency));
  return [
    `  ${name}, in mode ${mode}: ${mode === "test" ? "no money moves" : "money moves"}`,
    `  From ${opensAt} to ${closesAt}`,
    `  ${skus.length} ${skus.length === 1 ? "SKU" : "SKUs"} with ${units} units, ${least === most ? least : `${least} to ${most}`}`,
    `  Objects near ${audience[0] ?? "whoever publishes first"}`,
  ];
}

const saidErrors = (errors: readonly FieldError[]) =>
  errors.map(({ path, message }) => `  ${path} ${message}`);
const saidWarnings = (warnings: readonly FieldError[]) =>
  warnings.map(({ path, message }) => `  Warning: ${path} ${message}`);
