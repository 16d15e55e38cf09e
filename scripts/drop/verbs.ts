import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { PublishedDrop } from "../../schema/drop-document.ts";
import { dropJsonSchema } from "../../schema/drop-json-schema.ts";
import { DropId } from "../../schema/ids.ts";
import type { LineAct, Snapshot } from "../../schema/line.ts";
import { REFUSALS } from "../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../schema/result.ts";
import { versionOf } from "../../workers/console/document-version.ts";
import { checkDocument } from "../../workers/console/verbs/check-document.ts";
import type { StoredDocument } from "../../workers/console/verbs/put-document.ts";
import type { ShownDocument } from "../../workers/console/verbs/show-document.ts";
import type { Access } from "../console/access.ts";
import { askConsole, type Failure } from "../console/ask.ts";
import { readJsonFile } from "./read-file.ts";

/** A drop is shown without its line when that takes longer. */
const LINE_TIMEOUT_MS = 5_000;

/** What a file's document would be published as. Asks nobody: the same check that the console makes. */
export async function checkFile(path: string, nowMs: number): Promise<Result<StoredDocument, Failure>> {
  const given = await readJsonFile(path);
  const checked = checkDocument(idOf(given), given, nowMs);
  if (checked.ok)
    return { ok: true, value: { version: versionOf(checked.value.document), ...checked.value } };
  const { code, errors = [] } = checked.refusal;
  return refuse({ code, title: REFUSALS[code].title, errors });
}

export async function putFile(access: Access, path: string): Promise<Result<StoredDocument, Failure>> {
  const given = await readJsonFile(path);
  const checked = await checkFile(path, Date.now());
  if (!checked.ok) return checked;
  return askConsole(access, {
    method: "PUT",
    path: `/v1/drops/${checked.value.document.id}/document`,
    body: given,
  });
}

export async function publish(
  access: Access,
  dropId: string,
  file: string | undefined,
): Promise<Result<PublishedDrop, Failure>> {
  const body = file === undefined ? undefined : { document: await readJsonFile(file) };
  return askConsole(access, { method: "POST", path: `/v1/drops/${dropId}/publish`, body });
}

/** `line`: as it is now; null while nothing is published, or where the storefront is not known or does not tell. */
export type Shown = ShownDocument & { line: Snapshot | null };

export async function show(access: Access, dropId: string): Promise<Result<Shown, Failure>> {
  const shown = await askConsole<ShownDocument>(access, {
    method: "GET",
    path: `/v1/drops/${dropId}/document`,
  });
  if (!shown.ok) return shown;
  // A storefront that is asked too early keeps for a moment that there is no such drop.
  const line = shown.value.published === null ? null : await lineOf(access, dropId);
  return ok({ ...shown.value, line });
}

async function lineOf({ edge }: Access, dropId: string): Promise<Snapshot | null> {
  if (edge === null) return null;
  try {
    const init = { signal: AbortSignal.timeout(LINE_TIMEOUT_MS), redirect: "error" } as const;
    const answer = await fetch(`${edge}/v1/drops/${dropId}/snapshot`, init);
    return answer.ok ? ((await answer.json()) as Snapshot) : null;
  } catch {
    return null;
  }
}

/** Does something to a line by hand, and tells how it stands then. Each call is another act: a second one is no repeat. */
export function command(access: Access, dropId: string, act: LineAct): Promise<Result<Snapshot, Failure>> {
  const key = randomUUID();
  return askConsole(access, { method: "POST", path: `/v1/drops/${dropId}/line`, body: act, key });
}

/** The JSON Schema's text, as it is published under `public/schema/`. */
export async function writeSchema(out: string | undefined): Promise<string> {
  const text = `${JSON.stringify(dropJsonSchema(), null, 2)}\n`;
  if (out !== undefined) await writeFile(out, text);
  return text;
}

/** The id that the document gives itself; a wrong one is told by the check of the document. */
function idOf(given: unknown): DropId {
  const id = typeof given === "object" && given !== null && "id" in given ? given.id : undefined;
  const parsed = DropId.safeParse(id);
  return parsed.success ? parsed.data : ("" as DropId);
}
