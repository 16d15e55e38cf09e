import type { Progress } from "../../line/verify/context.ts";
import type { CheckReport } from "../../line/verify/findings.ts";
import type { Asked, Verdict } from "../../line/verify/verify-line.ts";

/** What the proof page and the worker that does the check tell each other. */

/** Null: stop. Answered with a verdict all the same. */
export type Order = Required<Pick<Asked, "dropId" | "mode" | "own" | "kept">> | null;

export type News =
  | { kind: "progress"; progress: Progress }
  | { kind: "settled"; report: CheckReport }
  | { kind: "verdict"; verdict: Verdict };
