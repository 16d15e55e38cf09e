import { ImportReport } from "../../schema/catalog.ts";
import type { Currency } from "../../schema/money.ts";
import { Problem } from "../../schema/refusals.ts";
import type { Access } from "../console/access.ts";

type To = Pick<Access, "console" | "token">;

/** Sends a product file. @throws with the console's own words when it takes nothing of it. */
export async function importFile(
  to: To,
  { bytes, currency }: { bytes: Uint8Array<ArrayBuffer>; currency: Currency },
): Promise<ImportReport> {
  const answer = await ask(to, `/v1/catalog/imports?currency=${currency}`, {
    method: "POST",
    headers: { "Content-Type": "text/csv; charset=utf-8" },
    body: bytes,
  });
  return ImportReport.parse(await answer.json());
}

/** The whole catalog as a product file. */
export async function exportFile(to: To): Promise<Uint8Array> {
  const answer = await ask(to, "/v1/catalog/export");
  return new Uint8Array(await answer.arrayBuffer());
}

async function ask({ console, token }: To, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...init.headers, Authorization: `Bearer ${token}` };
  const answer = await fetch(`${console}${path}`, { ...init, headers, redirect: "error" }).catch(() => {
    throw new Error(`The console at ${console} does not answer.`);
  });
  if (answer.ok) return answer;
  const problem = Problem.safeParse(await answer.json().catch(() => undefined));
  if (!problem.success)
    throw new Error(`What answers at ${console} is no console of Dropline (status ${answer.status}).`);
  throw new Error([problem.data.title, problem.data.detail].filter(Boolean).join(" "));
}
