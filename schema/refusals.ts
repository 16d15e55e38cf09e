import * as z from "zod";

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
  drop_not_open: { status: 409, title: "The line of this drop is not open yet." },
  drop_closed: { status: 409, title: "This drop is over." },
  drop_already_live: { status: 409, title: "This drop has started; its document can no longer be replaced." },
  ticket_invalid: { status: 403, title: "The ticket is not valid for this drop and session." },
  not_admitted_yet: { status: 409, title: "It is not your turn yet." },
  pass_invalid: { status: 403, title: "The pass is not valid for this drop and session, or has expired." },
  // Stock
  sku_not_found: { status: 404, title: "There is no such SKU in this drop." },
  sold_out: { status: 409, title: "Sold out." },
  all_reserved: { status: 409, title: "Every unit is reserved at the moment; some may come back." },
  shopper_limit_reached: { status: 409, title: "You have reached the limit per shopper for this SKU." },
  stock_below_taken: { status: 409, title: "The stock cannot go below what is reserved and sold." },
  // Orders
  reservation_not_found: { status: 404, title: "There is no such reservation." },
  reservation_lapsed: {
    status: 409,
    title: "The reservation's time ran out and its unit was offered on. Nothing was charged.",
  },
  reservation_taken: { status: 409, title: "Another order holds this reservation." },
  order_not_found: { status: 404, title: "There is no such order." },
  message_not_found: { status: 404, title: "There is no such parked message." },
  document_invalid: { status: 422, title: "The drop document has errors." },
  document_not_found: { status: 404, title: "KV has no document for this drop." },
  signature_invalid: { status: 401, title: "The signature of this webhook is not valid." },
  // The house
  internal: {
    status: 500,
    title: "Something went wrong on our side. Nothing was half done; try again with the same key.",
  },
  unavailable: { status: 503, title: "Too busy right now. Try again with the same key." },
} as const satisfies Record<string, { status: number; title: string }>;

export type RefusalCode = keyof typeof REFUSALS;
export const REFUSAL_CODES = Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]];

/** RFC 9457 problem details, with a stable `code`. `retryAfterMs` is repeated in the Retry-After header. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: z.enum(REFUSAL_CODES),
  requestId: z.string(),
  retryAfterMs: z.int().optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof Problem>;
