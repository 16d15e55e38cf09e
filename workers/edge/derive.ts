import { createHash, createHmac } from "node:crypto";
import { canonicalJson } from "../../schema/canonical-json.ts";
import {
  type DropId,
  type Fingerprint,
  type OrderId,
  type ReservationId,
  type ShopperId,
  shardOfDrop,
  type TicketId,
} from "../../schema/ids.ts";

/**
 * Ids that follow from what they name, so that a repeat names the same row. Synchronous node:crypto: cheaper in workerd
 * than WebCrypto for inputs this short. Parts are joined by newlines, which no part can contain, so no two lists of
 * parts read alike.
 */

type Asked = { dropId: DropId; shopperId: ShopperId; key: string };

/** The same shopper has the same ticket id in one drop, always. */
export function ticketIdOf(dropId: DropId, shopperId: ShopperId): TicketId {
  return hexOf(digest("dropline/ticket/1", dropId, shopperId)) as TicketId;
}

/** Does not depend on the body: the object tells a repeat from another request by the fingerprint. */
export function reservationIdOf({ dropId, shopperId, key }: Asked): ReservationId {
  return `rsv_${hexOf(digest("dropline/reservation/1", dropId, shopperId, key))}` as ReservationId;
}

/** Names its own shard, so that whoever has the id alone finds the order. */
export function orderIdOf({ dropId, shopperId, key }: Asked): OrderId {
  const shard = shardOfDrop(dropId).toString(16).padStart(2, "0");
  return `ord_${shard}${hexOf(digest("dropline/order/1", dropId, shopperId, key))}` as OrderId;
}

/** SHA-256 of a parsed body in canonical form: order of fields and spacing do not make another request. */
export function fingerprintOf(body: unknown): Fingerprint {
  return createHash("sha256").update(canonicalJson(body)).digest("hex") as Fingerprint;
}

/**
 * Rank of a ticket in its cohort, in [0, 1): the first 53 bits of HMAC-SHA256(seed, ticket id) over 2^53. All 53 bits
 * fit a double exactly, so every verifier gets the same number.
 */
export function rankOf(seedHex: string, ticketId: TicketId): number {
  const mac = createHmac("sha256", Buffer.from(seedHex, "hex")).update(Buffer.from(ticketId, "hex")).digest();
  return Number(mac.readBigUInt64BE(0) >> 11n) / 2 ** 53;
}

function digest(...parts: string[]): Buffer {
  return createHash("sha256").update(parts.join("\n")).digest();
}

function hexOf(hash: Buffer): string {
  return hash.toString("hex", 0, 16);
}
