import { timingSafeEqual } from "node:crypto";
import type { Keyset } from "./keyset.ts";

const ALGORITHM = "HS256";
const TEXT = new TextEncoder();
const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]{43})$/;

/**
 * Compact JWS (RFC 7515) with HS256, one `typ`, and the keys of one set: of such tokens we are the only issuer. So a header
 * has exactly one spelling for each key, and any other is refused unread: another algorithm, another type, `crit`, a key of
 * one's own. Synchronous by node:crypto: the general library goes by WebCrypto, whose way out of the isolate and back took
 * a fifth of a join (ADR 19). Not checked here: what the payload says.
 */
export function hs256(keys: Keyset, typ: string) {
  const headerOf = (kid: string) => encoded(JSON.stringify({ alg: ALGORITHM, kid, typ }));
  const kidOf = new Map(keys.kids.map((kid) => [headerOf(kid), kid]));
  const header = headerOf(keys.signingKid);

  return {
    /** @throws when the payload is not ASCII. */
    sign(payload: object): string {
      const text = `${header}.${encoded(JSON.stringify(payload))}`;
      const mac = keys.mac(keys.signingKid, text);
      if (mac === undefined) throw new Error("the signing key is not in its own keyset");
      return `${text}.${mac.toString("base64url")}`;
    },

    /** The payload of a token whose signature holds; undefined: it is none of ours, or no JSON. */
    read(token: string): unknown {
      const [, head = "", payload = "", signature = ""] = COMPACT.exec(token) ?? [];
      const kid = kidOf.get(head);
      const mac = kid === undefined ? undefined : keys.mac(kid, `${head}.${payload}`);
      if (mac === undefined || !isSame(mac.toString("base64url"), signature)) return undefined;
      try {
        return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
      } catch {
        return undefined;
      }
    },
  };
}

/** By btoa and not by a Buffer, which costs several times as much in workerd. */
function encoded(ascii: string): string {
  return btoa(ascii).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** In constant time, for texts of one length. */
function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(TEXT.encode(one), TEXT.encode(other));
}
