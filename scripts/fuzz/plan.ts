import type { Json } from "./document.ts";

/** A value that is filled in when the request is sent: one that an earlier answer gave, or `otherwise` while there is none. */
export type Use = { $use: string; whose: "own" | "other"; pick: number; otherwise: Json };

export type Session = "own" | "cookie" | "none" | "garbage" | "another token";

/** A request before it meets the state. Everything is in it, so that it can be printed, sent again and made smaller. */
export type Plan = {
  operation: string;
  method: string;
  path: string;
  params: Record<string, Json>;
  query: [string, Json][];
  session: Session;
  /** null: no such header. "own": a fresh one. "used": one that this shopper used before. */
  key: string | null;
  mediaType: string | null;
  headers: [string, string][];
  body: Json;
  /** Done to the text of the body. */
  text:
    | "as is"
    | "truncated"
    | "duplicate key"
    | "trailing comma"
    | "not JSON"
    | "empty"
    | "two values"
    | "deep";
};

export const isUse = (value: Json): value is Use =>
  typeof value === "object" && value !== null && "$use" in value;
