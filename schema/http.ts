import * as z from "zod";
import { Identity, Mode, ShippingDocument, TermsDocument } from "./drop-document.ts";
import { OrderId, ReservationId, ShopperId, SkuId, TicketId } from "./ids.ts";
import { LIMITS } from "./limits.ts";
import { SkuLevel, Snapshot } from "./line.ts";
import { AmountMinor, Currency } from "./money.ts";
import { CountryCode } from "./places.ts";
import {
  CancelReason,
  DropPhase,
  FulfillmentState,
  MoneyState,
  OrderStatus,
  RefundState,
  WaitingState,
} from "./statuses.ts";

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

/**
 * POST /v1/sessions/mail -> 202: a code was sent, for a drop that asks for a verified mail. Each request is another code
 * with a challenge of its own.
 */
export const MailCodeRequest = z.strictObject({ email: z.string().min(3).max(LIMITS.emailMaxChars) });
export type MailCodeRequest = z.infer<typeof MailCodeRequest>;
export const MailCodeAnswer = z.object({ challenge: z.string(), expiresAtMs: z.int() });
export type MailCodeAnswer = z.infer<typeof MailCodeAnswer>;

/** POST /v1/sessions/mail/verify -> 200 with a renewed `SessionAnswer` of the same shopper. */
export const MailVerifyRequest = z.strictObject({
  challenge: z.string().min(1).max(LIMITS.urlMaxChars),
  code: z.string().regex(/^[0-9]{6}$/, "six digits"),
});
export type MailVerifyRequest = z.infer<typeof MailVerifyRequest>;

/** POST /v1/sessions/claim -> 200 with a renewed `SessionAnswer` of the same shopper. */
export const ClaimRequest = z.strictObject({ token: z.string().min(1).max(LIMITS.customerTokenMaxChars) });
export type ClaimRequest = z.infer<typeof ClaimRequest>;

/** GET /v1/drops -> 200 */
export const DropSummary = z.object({
  id: z.string(),
  name: z.string(),
  opensAt: z.string(),
  closesAt: z.string(),
});
export const DropsAnswer = z.object({ drops: z.array(DropSummary) });
export type DropsAnswer = z.infer<typeof DropsAnswer>;

/** Cloudflare Turnstile's: `siteKey`, `action` and `cdata` as its widget takes them. `isMailEnough`: a session that has shown its mail needs none. */
export const ChallengeTold = z.object({
  kind: z.literal("turnstile"),
  /** null: this deployment has none, so that nobody can solve it. */
  siteKey: z.string().nullable(),
  action: z.string(),
  cdata: z.string(),
  isMailEnough: z.boolean(),
});

/** GET /v1/drops/:drop -> 200 */
export const DropAnswer = z.object({
  id: z.string(),
  version: z.string(),
  name: z.string(),
  description: z.string(),
  /** `test`: nothing that is bought here costs or ships anything. */
  mode: Mode,
  /** What a session has to show before it gets a pass. */
  identity: Identity,
  /** What must be solved before joining, and how a widget is to be set up for it; null: nothing. */
  challenge: ChallengeTold.nullable(),
  currency: Currency,
  phase: DropPhase,
  lobbyOpensAt: z.string(),
  opensAt: z.string(),
  closesAt: z.string(),
  /** Where it ships and what that costs; null: an order needs no address. */
  shipping: ShippingDocument.nullable(),
  /** What an order must consent to, by its version; null: nothing. */
  terms: TermsDocument.nullable(),
  skus: z.array(
    z.object({
      id: SkuId,
      name: z.string(),
      priceMinor: AmountMinor,
      perShopper: z.int(),
      level: SkuLevel,
      /** The catalog's product that this is, by its handle; `options` and picture are the catalog's, and hints like all of it. */
      product: z.string().nullable(),
      options: z.array(z.object({ name: z.string(), value: z.string() })),
      imageUrl: z.string().nullable(),
      imageAlt: z.string(),
    }),
  ),
});
export type DropAnswer = z.infer<typeof DropAnswer>;

/** GET /v1/drops/:drop/snapshot -> 200 */
export const SnapshotAnswer = Snapshot;

/**
 * POST /v1/drops/:drop/tickets -> 201. `challenge`: what the drop's `challenge` gave, where it has one and the session has
 * not shown a mail instead. A repeat is the same place.
 */
export const JoinRequest = z.strictObject({
  challenge: z.string().min(1).max(LIMITS.challengeMaxChars).optional(),
});
export type JoinRequest = z.infer<typeof JoinRequest>;
export const TicketAnswer = z.object({
  ticket: z.string(),
  ticketId: TicketId,
  cohort: z.int(),
  /** Of its cohort's log: the one that has this ticket's id, in the record once the cohort has closed. */
  chunk: z.int(),
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

/** One line of a basket: units of one SKU. */
export const BasketLine = z.strictObject({
  skuId: SkuId,
  quantity: z.int().min(1).max(LIMITS.unitsPerReservationMax).default(1),
});
export type BasketLine = z.infer<typeof BasketLine>;

/** A line at the price that its reservation holds. */
export const PricedLine = z.object({
  skuId: SkuId,
  quantity: z.int(),
  unitPriceMinor: AmountMinor,
  totalMinor: AmountMinor,
});
export type PricedLine = z.infer<typeof PricedLine>;

/** POST /v1/drops/:drop/reservations -> 201: all lines, or none of them. */
export const ReserveRequest = z.strictObject({
  pass: z.string().min(1).max(LIMITS.urlMaxChars),
  lines: z
    .array(BasketLine)
    .min(1)
    .max(LIMITS.basketLinesMax)
    .refine((lines) => new Set(lines.map(({ skuId }) => skuId)).size === lines.length, "one line a SKU"),
});
export type ReserveRequest = z.infer<typeof ReserveRequest>;
export const ReservationAnswer = z.object({
  reservationId: ReservationId,
  /** By SKU, in the order of their ids. */
  lines: z.array(PricedLine),
  subtotalMinor: AmountMinor,
  currency: Currency,
  /** When the first of the lines lapses: an order has to be placed before. */
  expiresAtMs: z.int(),
});
export type ReservationAnswer = z.infer<typeof ReservationAnswer>;

/** DELETE /v1/drops/:drop/reservations/:reservation -> 204. Needs no key: the repeat is 204 too. */

export const PaymentMethod = z.discriminatedUnion("kind", [
  /** A token that the gateway's own fields gave the shopper's browser. No card number reaches us. */
  z.strictObject({ kind: z.literal("token"), token: z.string().min(1).max(LIMITS.paymentTokenMaxChars) }),
  /** The shopper pays at the gateway's own page and comes back to the order's page. */
  z.strictObject({ kind: z.literal("redirect") }),
]);
export type PaymentMethod = z.infer<typeof PaymentMethod>;

/** POST /v1/drops/:drop/waiting-list -> 201. One open entry a shopper and SKU: another key gets the same entry. */
export const WaitRequest = z.strictObject({
  pass: z.string().min(1).max(LIMITS.urlMaxChars),
  skuId: SkuId,
  quantity: z.int().min(1).max(LIMITS.unitsPerReservationMax).default(1),
});
export type WaitRequest = z.infer<typeof WaitRequest>;

/**
 * The 201 of the above, and GET and DELETE /v1/drops/:drop/waiting-list/:reservation?sku= -> 200. An offer is a reservation
 * of one line: order it before it lapses. Asked again after `pollAfterMs` when that is not null.
 */
export const WaitingEntryAnswer = z.object({
  reservationId: ReservationId,
  skuId: SkuId,
  quantity: z.int(),
  state: WaitingState,
  /** People who wait before you; null once the entry waits no longer. */
  ahead: z.int().nullable(),
  offer: z.object({ reservationId: ReservationId, expiresAtMs: z.int() }).nullable(),
  pollAfterMs: z.int().nullable(),
});
export type WaitingEntryAnswer = z.infer<typeof WaitingEntryAnswer>;

const addressPart = z.string().trim().min(1).max(LIMITS.addressPartMaxChars);

/** Where an order goes. What a country does not have, a region or a second line, is left out. */
export const ShippingAddress = z.strictObject({
  name: addressPart,
  line1: addressPart,
  line2: addressPart.optional(),
  city: addressPart,
  postalCode: addressPart,
  region: addressPart.optional(),
  country: CountryCode,
});
export type ShippingAddress = z.infer<typeof ShippingAddress>;

/** POST /v1/drops/:drop/orders -> 202 with the order as it stands. */
export const PlaceRequest = z.strictObject({
  reservationId: ReservationId,
  contact: z.strictObject({ email: Email }),
  /** Where the drop ships. */
  shippingAddress: ShippingAddress.optional(),
  /** Where the drop's shipping is quoted: what the brand's endpoint signed for this basket and address. */
  shippingQuote: z.string().min(1).max(LIMITS.shippingQuoteMaxChars).optional(),
  /** Where the drop has terms: the version that the shopper was shown and agreed to. */
  consents: z.strictObject({ termsVersion: z.string().min(1).max(LIMITS.termsVersionMaxChars) }).optional(),
  payment: PaymentMethod,
});
export type PlaceRequest = z.infer<typeof PlaceRequest>;

/** What an order costs beside its lines. `isIncluded`: named for information, a part of the lines' prices. */
export const OrderCharge = z.object({
  kind: z.enum(["shipping", "tax"]),
  label: z.string().max(LIMITS.nameMaxChars),
  amountMinor: AmountMinor,
  isIncluded: z.boolean(),
});
export type OrderCharge = z.infer<typeof OrderCharge>;

/** A parcel, or what else left the house for this order. */
export const Shipment = z.object({
  carrier: z.string(),
  trackingNumber: z.string(),
  trackingUrl: z.string().nullable(),
  lines: z.array(z.object({ skuId: SkuId, quantity: z.int() })),
  atMs: z.int(),
});
export type Shipment = z.infer<typeof Shipment>;

/** GET /v1/orders/:order -> 200, and the body of the 202. Asked again after `pollAfterMs` when that is not null. */
export const OrderAnswer = z.object({
  orderId: OrderId,
  dropId: z.string(),
  status: OrderStatus,
  cancelReason: CancelReason.nullable(),
  money: MoneyState,
  lines: z.array(PricedLine),
  subtotalMinor: AmountMinor,
  charges: z.array(OrderCharge),
  totalMinor: AmountMinor,
  currency: Currency,
  refund: RefundState,
  /** What has gone back so far. */
  refundedMinor: AmountMinor,
  fulfillment: FulfillmentState,
  shipments: z.array(Shipment),
  shippingAddress: ShippingAddress.nullable(),
  /** What the shopper agreed to, and when. */
  consents: z.object({ termsVersion: z.string(), atMs: z.int() }).nullable(),
  /** Whether the shopper may cancel it now. */
  isCancelable: z.boolean(),
  /** Where to pay, while the order waits for its shopper to do so. */
  paymentUrl: z.string().nullable(),
  placedAtMs: z.int(),
  updatedAtMs: z.int(),
  pollAfterMs: z.int().nullable(),
});
export type OrderAnswer = z.infer<typeof OrderAnswer>;

/** POST /v1/orders/:order/cancel -> 200 with the order as it stands. Body: `{}`. */
export const CancelRequest = z.strictObject({});
export type CancelRequest = z.infer<typeof CancelRequest>;
