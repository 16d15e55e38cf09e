import type { Json } from "./document.ts";
import type { Plan } from "./plan.ts";

/** What no client that means well sends, by where in a request it stands. */

export const NASTY = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "💥".repeat(40),
  "\ud800",
  "é",
  "../..",
  "%2e%2e",
  "' OR 1=1 --",
  "<script>",
  "__proto__",
  "null",
  "1e309",
  "x".repeat(2_049),
  "x".repeat(20_000),
  "\u202e",
  "ﬀ",
];
export const ODD: Json[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  1e21,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  [],
  {},
  [[]],
  { a: 1 },
  "1",
  ...NASTY,
];

export const HOSTILE: [string, string][] = [
  ["Accept", "text/html"],
  ["Accept", "image/*;q=0, */*;q=0"],
  ["Accept-Encoding", "br;q=1.0, *;q=0"],
  ["Content-Encoding", "gzip"],
  ["If-None-Match", "*"],
  ["If-None-Match", `"${"e".repeat(1_000)}"`],
  ["Range", "bytes=0-1"],
  ["X-HTTP-Method-Override", "DELETE"],
  ["X-Forwarded-For", "127.0.0.1, ::1"],
  ["Origin", "null"],
  ["Origin", "https://evil.example"],
  ["Sec-Fetch-Site", "cross-site"],
  ["X-Request-Id", "y".repeat(4_000)],
  ["X-Strange", "\u00ff\u0080"],
  ["Cookie", "dropline_session=x; dropline_session=y; =; a"],
  ["Authorization", "Bearer"],
  ["Authorization", "Basic YTpi"],
];

export const TEXTS: Plan["text"][] = [
  "truncated",
  "duplicate key",
  "trailing comma",
  "not JSON",
  "empty",
  "two values",
  "deep",
];
export const KEYS = ["", '""', "a b", '"open', "é", "x".repeat(129), "x".repeat(5_000), null];
export const MEDIA = [
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/jsonp",
  "application/json; charset=utf-16",
  "",
  null,
  "application/problem+json",
];
