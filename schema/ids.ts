import * as z from "zod";
import { LIMITS } from "./limits.ts";

const slug = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "lower-case letters, digits and single hyphens");

/** Chosen by the brand; part of object names and URLs, so a slug. */
export const DropId = slug(LIMITS.slugMaxChars).brand<"DropId">();
export type DropId = z.infer<typeof DropId>;

/** Chosen by the brand, unique within one drop. */
export const SkuId = slug(LIMITS.slugMaxChars).brand<"SkuId">();
export type SkuId = z.infer<typeof SkuId>;

const hex = (prefix: string, digits: number) =>
  z.string().regex(new RegExp(`^${prefix}[0-9a-f]{${digits}}$`));

/** One shopper as far as a session can tell: `shp_` and 128 random bits. */
export const ShopperId = hex("shp_", 32).brand<"ShopperId">();
export type ShopperId = z.infer<typeof ShopperId>;

/** `H(drop | shopper)`, 16 bytes in hex: the same shopper has the same ticket id in one drop, always. */
export const TicketId = hex("", 32).brand<"TicketId">();
export type TicketId = z.infer<typeof TicketId>;

/** `rsv_` and 128 bits derived from (drop, shopper, idempotency key): a repeat names the same row. */
export const ReservationId = hex("rsv_", 32).brand<"ReservationId">();
export type ReservationId = z.infer<typeof ReservationId>;

/** `ord_`, two hex digits that name the coordinator's shard (`shardOfDrop`), and 128 bits derived like a reservation's. */
export const OrderId = hex("ord_", 34)
  .refine((id) => Number.parseInt(id.slice(4, 6), 16) < LIMITS.orderShardCount, "no shard has this order")
  .brand<"OrderId">();
export type OrderId = z.infer<typeof OrderId>;

/** SHA-256 of a request body in its canonical form: tells a repeat from another request under the same key. */
export const Fingerprint = hex("", 64).brand<"Fingerprint">();
export type Fingerprint = z.infer<typeof Fingerprint>;

/**
 * Which coordinator holds this order: written into the id, so that it can never disagree with the row. An id that names a
 * shard beyond the fixed count was never given out, and `OrderId` refuses it.
 */
export function shardOfOrder(orderId: OrderId): number {
  return Number.parseInt(orderId.slice(4, 6), 16);
}

/**
 * Which coordinator keeps the orders of a drop and watches over the idempotency keys of its reservations: all of one drop
 * meet in one object, so that they travel in large batches; drops spread over the shards. FNV-1a (Fowler, Noll, Vo)
 * over the id's characters, which are ASCII. The count of shards is fixed; were it ever to change, keys used before the
 * change would be watched over by nobody.
 */
export function shardOfDrop(dropId: DropId): number {
  return spread(dropId, LIMITS.orderShardCount);
}

/**
 * Which of a drop's LimitGuard objects counts this identity. All claims of one identity must meet in one object, so the
 * count of shards is fixed. `identity` is ASCII.
 */
export function limitShardOf(dropId: DropId, identity: string): number {
  return spread(`${dropId}\n${identity}`, LIMITS.limitShardCount);
}

/** Which object bounds what is asked of this mail, session or code, apart from any drop. `identity` is ASCII. */
export function identityShardOf(identity: string): number {
  return spread(identity, LIMITS.identityShardCount);
}

/** A number below `count` by the top bits of FNV-1a (32 bits): its low bits depend on the low bits of the characters alone. */
function spread(ascii: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < ascii.length; index += 1) {
    hash = Math.imul(hash ^ ascii.charCodeAt(index), 0x01000193);
  }
  return Math.floor(((hash >>> 0) / 2 ** 32) * count);
}

/** Names of objects. A rehearsal puts its own prefix in front, so that it can never touch a real drop. */
export const objectNames = {
  sku: (dropId: DropId, skuId: SkuId) => `${dropId}/sku/${skuId}`,
  drop: (dropId: DropId) => `${dropId}/drop`,
  orders: (shard: number) => `orders/${shard}`,
  limits: (dropId: DropId, shard: number) => `${dropId}/limit/${shard}`,
  /** Of no drop: a drop's objects have a word in the second place, never a number. */
  identities: (shard: number) => `identity/${shard}`,
};
