import { timingSafeEqual } from "node:crypto";
import type { DropId, TicketId } from "../../../schema/ids.ts";
import type { Keyset } from "../keyset.ts";

/** 128 bits: nobody finds another ticket's mark, nor which of two judgments one stands for. */
const MARK_HEX_CHARS = 32;

type Marked = { dropId: DropId; ticketId: TicketId; isHeldApart: boolean };

/**
 * What a ticket says of how its holder was judged, to us and to nobody else: a MAC over place and judgment, so that it
 * differs from ticket to ticket whatever it says. Made and read with the keys of tickets; the text begins unlike any JWT's,
 * so that the one cannot be played off against the other.
 */
export function markOf(keys: Keyset, marked: Marked, kid = keys.signingKid): string | undefined {
  const mac = keys.mac(kid, textOf(marked));
  return mac && `${kid}.${mac.toString("hex").slice(0, MARK_HEX_CHARS)}`;
}

/** Of a ticket whose signature was checked. A mark that is neither is of a key that is gone, as its signature would be. */
export function isMarkedApart(keys: Keyset, mark: string, place: Omit<Marked, "isHeldApart">): boolean {
  const [kid = ""] = mark.split(".", 1);
  const apart = markOf(keys, { ...place, isHeldApart: true }, kid);
  return apart?.length === mark.length && timingSafeEqual(Buffer.from(apart), Buffer.from(mark));
}

function textOf({ dropId, ticketId, isHeldApart }: Marked): string {
  return ["dropline/mark/1", dropId, ticketId, isHeldApart ? "apart" : "along"].join("\n");
}
