import * as z from "zod";
import type { SkuId } from "./ids.ts";

/**
 * Every refusal that leaves the house: its stable code, HTTP status, and a title that a person can act on.
 * Codes are never renamed; a client may switch on them.
 */
export const REFUSALS = {
  // The request itself
  invalid_request: { status: 400, title: "The request does not have the expected form." },
  invalid_json: { status: 400, title: "The body is not valid JSON." },
  idempotency_key_missing: { status: 400, title: "This request needs an Idempotency-Key header." },
  idempotency_key_invalid: {
    status: 400,
    title: "The Idempotency-Key is empty, too long or has characters that are not visible ASCII.",
  },
  session_missing: { status: 401, title: "This request needs a session: POST /v1/sessions gives one." },
  session_invalid: { status: 401, title: "The session is not valid or has expired." },
  identity_required: { status: 403, title: "This drop asks who you are before it gives a pass." },
  mail_code_invalid: { status: 403, title: "This is not the code of that mail, or its time is over." },
  mail_code_spent: { status: 403, title: "Too many tries with this code. Ask for a new one." },
  customer_token_invalid: { status: 403, title: "The shop's customer token is not valid here." },
  operator_token_invalid: { status: 401, title: "The operator token is missing or wrong." },
  cross_site: { status: 403, title: "The request came from another site." },
  not_found: { status: 404, title: "There is nothing here." },
  method_not_allowed: { status: 405, title: "This resource does not answer that method." },
  body_too_large: { status: 413, title: "The body is too large." },
  unsupported_media_type: { status: 415, title: "Send application/json." },
  request_in_progress: {
    status: 409,
    title: "The first request with this Idempotency-Key is still running.",
  },
  idempotency_key_reused: { status: 422, title: "This Idempotency-Key was used before with another body." },
  rate_limited: { status: 429, title: "Too many requests. Try again a little later." },
  // The line
  drop_not_found: { status: 404, title: "There is no such drop." },
  record_not_found: { status: 404, title: "The public record has no such part, or not yet." },
  drop_not_open: { status: 409, title: "The line of this drop is not open yet." },
  drop_closed: { status: 409, title: "This drop is over." },
  drop_already_live: { status: 409, title: "This drop has started; its document can no longer be replaced." },
  challenge_required: {
    status: 403,
    title: "This drop asks for a solved challenge before you may join.",
  },
  drop_paused: { status: 409, title: "This drop is paused. Your place is kept; it goes on from here." },
  standing_by: {
    status: 409,
    title: "The time to claim your turn is over. You stand by until everybody else was served.",
  },
  ticket_invalid: { status: 403, title: "The ticket is not valid for this drop and session." },
  not_admitted_yet: { status: 409, title: "It is not your turn yet." },
  pass_invalid: { status: 403, title: "The pass is not valid for this drop and session, or has expired." },
  // Stock
  sku_not_found: { status: 404, title: "There is no such SKU in this drop." },
  sold_out: {
    status: 409,
    title: "Every unit is sold. One comes back only if a payment fails or a unit is returned.",
  },
  all_reserved: { status: 409, title: "Every unit is reserved at the moment; some may come back." },
  shopper_limit_reached: { status: 409, title: "You have reached the limit per shopper." },
  stock_below_taken: { status: 409, title: "The stock cannot go below what is reserved and sold." },
  return_exceeds_sold: {
    status: 409,
    title: "This order has not bought so many units of this SKU, or has returned them before.",
  },
  waiting_list_closed: { status: 409, title: "This drop has no waiting list." },
  waiting_list_full: { status: 409, title: "The waiting list of this SKU is full." },
  already_waiting: {
    status: 409,
    title: "You wait for another quantity of this SKU. Leave the list first to wait for this one.",
  },
  waiting_entry_not_found: { status: 404, title: "There is no such entry on the waiting list." },
  // Orders
  reservation_not_found: { status: 404, title: "There is no such reservation." },
  reservation_lapsed: {
    status: 409,
    title: "The reservation's time ran out and its unit was offered on. Nothing was charged.",
  },
  reservation_taken: { status: 409, title: "Another order holds this reservation." },
  reservation_given_back: { status: 409, title: "This reservation was given back. Nothing was charged." },
  basket_total_too_large: { status: 422, title: "Together these lines cost more than one order can." },
  order_not_found: { status: 404, title: "There is no such order." },
  terms_not_accepted: { status: 409, title: "An order needs consent to the terms as they stand." },
  shipping_address_missing: { status: 422, title: "This drop ships: an order needs an address." },
  not_shipped_there: { status: 409, title: "This drop does not ship to that country." },
  shipping_quote_missing: { status: 422, title: "An order needs the shop's quote for its shipping." },
  shipping_quote_invalid: {
    status: 422,
    title: "The quote is not the shop's, not for this basket and address, or its time is over.",
  },
  order_canceled: { status: 409, title: "This order is canceled already." },
  order_shipped: { status: 409, title: "This order has been shipped and can no longer be canceled." },
  cancel_window_over: { status: 409, title: "The time in which this order could be canceled is over." },
  order_not_confirmed: { status: 409, title: "This order is not paid for, or was canceled." },
  refund_in_progress: { status: 409, title: "Another refund of this order has not ended yet." },
  refund_exceeds_captured: { status: 409, title: "More would go back than was paid." },
  shipment_exceeds_order: { status: 409, title: "The order has not so many units that are not shipped yet." },
  too_many_commands: { status: 409, title: "As much was asked of this order as can be." },
  order_link_invalid: { status: 403, title: "This link does not open the order, or has expired." },
  endpoint_not_found: { status: 404, title: "There is no such webhook endpoint." },
  delivery_not_found: { status: 404, title: "There is no such delivery." },
  too_many_endpoints: { status: 409, title: "There are as many webhook endpoints as there can be." },
  message_not_found: { status: 404, title: "There is no such parked message." },
  document_invalid: { status: 422, title: "The drop document has errors." },
  document_not_found: { status: 404, title: "KV has no document for this drop." },
  product_not_found: { status: 404, title: "There is no such product." },
  catalog_file_refused: { status: 422, title: "The file cannot be read as a product file." },
  product_refused: { status: 422, title: "The product has errors." },
  signature_invalid: { status: 401, title: "The signature of this webhook is not valid." },
  // The house
  internal: {
    status: 500,
    title: "Something went wrong on our side. Nothing was half done; try again with the same key.",
  },
  misconfigured: {
    status: 500,
    title: "A secret of this Worker is missing or malformed. Nothing can be done until it is set.",
  },
  unavailable: { status: 503, title: "Too busy right now. Try again with the same key." },
} as const satisfies Record<string, { status: number; title: string }>;

export type RefusalCode = keyof typeof REFUSALS;
export const REFUSAL_CODES = Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]];

/** A refusal as it is returned, within the house and over RPC: one of the codes that its caller has to reckon with. */
export type Refusal<Code extends RefusalCode = RefusalCode> = {
  code: Code;
  detail?: string;
  retryAfterMs?: number;
  /** Which line of a basket was refused. */
  skuId?: SkuId;
};

/** RFC 9457 problem details, with a stable `code`. `retryAfterMs` is repeated in the Retry-After header. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: z.enum(REFUSAL_CODES),
  /** Which line of a basket was refused. */
  skuId: z.string().optional(),
  requestId: z.string(),
  retryAfterMs: z.int().optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof Problem>;
