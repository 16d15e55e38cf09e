import * as z from "zod";
import { OrderId, ReservationId, ShopperId, SkuId, TicketId } from "./ids.ts";
import { LIMITS } from "./limits.ts";
import { SkuLevel, Snapshot } from "./line.ts";
import { AmountMinor, Currency } from "./money.ts";
import { CancelReason, DropPhase, MoneyState, OrderStatus } from "./statuses.ts";

/** Request and answer shapes of the edge's `/v1`. Times are milliseconds since 1970 by the server's clock. */

/** IETF draft-ietf-httpapi-idempotency-key-header: visible ASCII; the quoted form of the draft is accepted and unquoted. */
export const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]+$/)
  .min(1)
  .max(LIMITS.idempotencyKeyMaxChars);
export type IdempotencyKey = z.infer<typeof IdempotencyKey>;

export const Email = z.email().max(LIMITS.emailMaxChars);

/** POST /v1/sessions -> 201. The token goes into `Authorization: Bearer`; pages keep it in a cookie. */
export const SessionAnswer = z.object({ shopperId: ShopperId, session: z.string(), expiresAtMs: z.int() });
export type SessionAnswer = z.infer<typeof SessionAnswer>;

/** GET /v1/drops -> 200 */
export const DropSummary = z.object({
  id: z.string(),
  name: z.string(),
  opensAt: z.string(),
  closesAt: z.string(),
});
export const DropsAnswer = z.object({ drops: z.array(DropSummary) });
export type DropsAnswer = z.infer<typeof DropsAnswer>;

/** GET /v1/drops/:drop -> 200 */
export const DropAnswer = z.object({
  id: z.string(),
  version: z.string(),
  name: z.string(),
  description: z.string(),
  currency: Currency,
  phase: DropPhase,
  lobbyOpensAt: z.string(),
  opensAt: z.string(),
  closesAt: z.string(),
  skus: z.array(
    z.object({ id: SkuId, name: z.string(), priceMinor: AmountMinor, perShopper: z.int(), level: SkuLevel }),
  ),
});
export type DropAnswer = z.infer<typeof DropAnswer>;

/** GET /v1/drops/:drop/snapshot -> 200 */
export const SnapshotAnswer = Snapshot;

/** POST /v1/drops/:drop/tickets -> 201. Body: `{}`. A repeat in the same cohort is the same place. */
export const JoinRequest = z.strictObject({});
export const TicketAnswer = z.object({
  ticket: z.string(),
  ticketId: TicketId,
  cohort: z.int(),
  cohortClosesAtMs: z.int(),
});
export type TicketAnswer = z.infer<typeof TicketAnswer>;

/** POST /v1/drops/:drop/passes -> 201, or 409 `not_admitted_yet` with Retry-After. Stores nothing, so it needs no key. */
export const PassRequest = z.strictObject({ ticket: z.string().min(1).max(LIMITS.urlMaxChars) });
export type PassRequest = z.infer<typeof PassRequest>;
export const PassAnswer = z.object({
  pass: z.string(),
  cohort: z.int(),
  rank: z.number(),
  issuedAtMs: z.int(),
  expiresAtMs: z.int(),
});
export type PassAnswer = z.infer<typeof PassAnswer>;

/** POST /v1/drops/:drop/reservations -> 201 */
export const ReserveRequest = z.strictObject({
  pass: z.string().min(1).max(LIMITS.urlMaxChars),
  skuId: SkuId,
  quantity: z.int().min(1).max(LIMITS.unitsPerReservationMax).default(1),
});
export type ReserveRequest = z.infer<typeof ReserveRequest>;
export const ReservationAnswer = z.object({
  reservationId: ReservationId,
  skuId: SkuId,
  quantity: z.int(),
  unitPriceMinor: AmountMinor,
  totalMinor: AmountMinor,
  currency: Currency,
  expiresAtMs: z.int(),
});
export type ReservationAnswer = z.infer<typeof ReservationAnswer>;

export const PaymentMethod = z.discriminatedUnion("kind", [
  /** A token that the gateway's own fields gave the shopper's browser. No card number reaches us. */
  z.strictObject({ kind: z.literal("token"), token: z.string().min(1).max(LIMITS.paymentTokenMaxChars) }),
  /** The shopper pays at the gateway's own page and comes back to the order's page. */
  z.strictObject({ kind: z.literal("redirect") }),
]);
export type PaymentMethod = z.infer<typeof PaymentMethod>;

/** POST /v1/drops/:drop/orders -> 202 with the order as it stands. */
export const PlaceRequest = z.strictObject({
  reservationId: ReservationId,
  skuId: SkuId,
  contact: z.strictObject({ email: Email }),
  payment: PaymentMethod,
});
export type PlaceRequest = z.infer<typeof PlaceRequest>;

/** GET /v1/orders/:order -> 200, and the body of the 202. Asked again after `pollAfterMs` when that is not null. */
export const OrderAnswer = z.object({
  orderId: OrderId,
  dropId: z.string(),
  status: OrderStatus,
  cancelReason: CancelReason.nullable(),
  money: MoneyState,
  skuId: SkuId,
  quantity: z.int(),
  totalMinor: AmountMinor,
  currency: Currency,
  /** Where to pay, while the order waits for its shopper to do so. */
  paymentUrl: z.string().nullable(),
  placedAtMs: z.int(),
  updatedAtMs: z.int(),
  pollAfterMs: z.int().nullable(),
});
export type OrderAnswer = z.infer<typeof OrderAnswer>;
