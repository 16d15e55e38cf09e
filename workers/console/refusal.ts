import type { RefusalCode } from "../../schema/refusals.ts";

export type FieldError = { path: string; message: string };

/** Why the console says no; `errors` names each field that is wrong, and why. */
export type ConsoleRefusal = {
  code: RefusalCode;
  detail?: string;
  errors?: FieldError[];
  retryAfterMs?: number;
};
