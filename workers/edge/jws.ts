import * as z from "zod";

/** The only thing that is read of a token before its signature is checked. @throws when there is none. */
export function kidOf(token: string): string {
  const [header = ""] = token.split(".", 1);
  return z.object({ kid: z.string() }).parse(JSON.parse(Buffer.from(header, "base64url").toString())).kid;
}
