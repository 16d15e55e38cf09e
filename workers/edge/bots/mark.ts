import { randomBytes, timingSafeEqual } from "node:crypto";
import type { DropId, TicketId } from "../../../schema/ids.ts";
import type { Keyset } from "../keyset.ts";

/** So many of the mark are drawn anew for each ticket; as many again are a MAC over them, or drawn too. 64 bits each. */
const HALF_BYTES = 8;

type Place = { dropId: DropId; ticketId: TicketId };

/**
 * What a ticket says of how its holder was judged, to us and to nobody else. Of somebody held apart: random bytes, and a MAC
 * over them and the place, cut short; of everybody else random bytes alone, which costs nothing to make. Each ticket's mark
 * is another, also for the same place, so that no two of them tell anything. Made and read with the keys of tickets; the
 * text begins unlike any JWT's, so that the one cannot be played off against the other.
 */
export function markOf(keys: Keyset, { isHeldApart, ...place }: Place & { isHeldApart: boolean }): string {
  if (!isHeldApart) return randomBytes(2 * HALF_BYTES).toString("hex");
  const nonce = randomBytes(HALF_BYTES).toString("hex");
  const mac = macOf(keys, keys.signingKid, place, nonce);
  if (mac === undefined) throw new Error("the signing key is not in its own keyset");
  return nonce + mac.toString("hex");
}

/**
 * Of a ticket whose signature was checked. One that is not held apart is taken for it once in 2^64. A mark of a key that is
 * gone tells nothing any more, but then the ticket's signature does not hold either.
 */
export function isMarkedApart(keys: Keyset, mark: string, place: Place): boolean {
  const nonce = mark.slice(0, 2 * HALF_BYTES);
  const told = Buffer.from(mark.slice(2 * HALF_BYTES), "hex");
  if (mark.length !== 4 * HALF_BYTES || told.byteLength !== HALF_BYTES) return false;
  return keys.kids.some((kid) => {
    const mac = macOf(keys, kid, place, nonce);
    return mac !== undefined && timingSafeEqual(mac, told);
  });
}

function macOf(keys: Keyset, kid: string, { dropId, ticketId }: Place, nonce: string): Buffer | undefined {
  return keys.mac(kid, ["dropline/mark/1", dropId, ticketId, nonce].join("\n"))?.subarray(0, HALF_BYTES);
}
