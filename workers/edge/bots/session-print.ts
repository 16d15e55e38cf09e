import { createHash } from "node:crypto";

/** What a client says of itself with each request, and which does not change from one of its sessions to the next. */
const HEADERS = [
  "User-Agent",
  "Accept",
  "Accept-Language",
  "Accept-Encoding",
  "Sec-CH-UA",
  "Sec-CH-UA-Mobile",
  "Sec-CH-UA-Platform",
] as const;
/** How its connection was made, as the platform saw it: cannot be set like a header. */
const CONNECTION = ["httpProtocol", "tlsVersion", "tlsCipher", "clientAcceptEncoding"] as const;
/** Of one value; a longer one says no more. */
const VALUE_MAX_CHARS = 300;

/**
 * The same for requests that look alike. Not who somebody is: everybody with the same phone and language has the same, and
 * a client may say what it likes. A digest, so that nothing of it is kept.
 */
export function sessionPrint(
  header: (name: string) => string | undefined,
  connection: Readonly<Record<string, unknown>>,
): string {
  const said = HEADERS.map((name) => header(name));
  const seen = CONNECTION.map((name) => connection[name]);
  const text = [...said, ...seen].map((value) => String(value ?? "").slice(0, VALUE_MAX_CHARS)).join("\n");
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
