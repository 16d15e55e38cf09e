import type { FieldError } from "../../schema/read-drop.ts";
import type { RefusalCode } from "../../schema/refusals.ts";

/** Why the console says no; `errors` names each field that is wrong, and why. */
export type ConsoleRefusal = {
  code: RefusalCode;
  detail?: string;
  errors?: FieldError[];
  retryAfterMs?: number;
};
