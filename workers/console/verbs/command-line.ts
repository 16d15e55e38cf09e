import type { DropId } from "../../../schema/ids.ts";
import type { LineAct, Snapshot } from "../../../schema/line.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Deps } from "../deps.ts";
import type { ConsoleRefusal } from "../refusal.ts";
import { listDrop } from "./list-drop.ts";

const ACTIONS = {
  pause: "pause_line",
  resume: "resume_line",
  open: "open_line",
  end: "end_line",
  say: "say_to_line",
  pace: "pace_line",
} as const;

/**
 * Does something to a line by hand, once for each key: the same key with another act is refused. A repeat gets the line as
 * it is now. The list of drops, where times were moved, and the operator log follow before the answer: when one of those
 * fails the caller sees an error, and a repeat with the same key changes nothing of the line and completes it.
 */
export async function commandLine(
  deps: Pick<Deps, "state" | "documents" | "records" | "nowMs">,
  { dropId, key, act }: { dropId: DropId; key: string; act: LineAct },
): Promise<Result<Snapshot, ConsoleRefusal>> {
  const commandId = `console:${key}`;
  const answer = await deps.state.commandLine(dropId, { commandId, act });
  if (!answer.ok) return refuse(answer.refusal);
  if (act.kind === "open" || act.kind === "end") {
    const published = await deps.state.published(dropId, null);
    if (!published.ok) throw new Error("the line that just answered has no document");
    await listDrop(deps, published.value, answer.value);
  }
  await deps.records.appendOperatorLog({
    atMs: deps.nowMs(),
    actor: "operator",
    action: ACTIONS[act.kind],
    subject: dropId,
    detail: JSON.stringify({ commandId, act }),
  });
  return ok(answer.value);
}
