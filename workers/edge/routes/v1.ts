import { Hono } from "hono";
import {
  DropAnswer,
  DropsAnswer,
  JoinRequest,
  OrderAnswer,
  PassAnswer,
  PassRequest,
  PlaceRequest,
  ReservationAnswer,
  ReserveRequest,
  SessionAnswer,
  SnapshotAnswer,
  TicketAnswer,
} from "../../../schema/http.ts";
import { EXAMPLES } from "../openapi/examples.ts";
import { del, get, post } from "../openapi/operation.ts";
import { TUNING } from "../tuning.ts";
import { giveBack } from "../verbs/give-back.ts";
import { issuePass } from "../verbs/issue-pass.ts";
import { joinLine } from "../verbs/join-line.ts";
import { listDrops } from "../verbs/list-drops.ts";
import { openSession } from "../verbs/open-session.ts";
import { placeOrder } from "../verbs/place-order.ts";
import { readSnapshot } from "../verbs/read-snapshot.ts";
import { reserveUnits } from "../verbs/reserve-units.ts";
import { showDrop } from "../verbs/show-drop.ts";
import { showOrder } from "../verbs/show-order.ts";
import { answerRefusal } from "./answer.tsx";
import { CATALOG_OPERATIONS } from "./catalog.ts";
import type { EdgeContext } from "./context.ts";
import { IDENTITY_OPERATIONS } from "./identity.ts";
import { ORDER_CANCEL_OPERATIONS } from "./order-cancel.ts";
import { ORDER_EVENT_OPERATIONS } from "./order-events.ts";
import { RECORD_OPERATIONS } from "./record.ts";
import { serve } from "./serve.ts";
import { WAITING_OPERATIONS } from "./waiting-list.ts";

/** The public API, each route declared once: its checks, its verb, its answer. In the order of a purchase. */
export const OPERATIONS = [
  post(
    "/sessions",
    {
      id: "openSession",
      tag: "Sessions",
      summary: "Open a session",
      about:
        "A new shopper. Send `session` as `Authorization: Bearer` from here on. A repeat is another shopper.",
      caller: "anybody",
      key: false,
      limitedBy: "address",
      answer: {
        status: 201,
        about: "The session of a new shopper",
        shape: SessionAnswer,
        example: EXAMPLES.session,
        kept: "nobody",
      },
      refusals: [],
    },
    openSession,
  ),
  ...IDENTITY_OPERATIONS,
  ...CATALOG_OPERATIONS,

  get(
    "/drops",
    {
      id: "listDrops",
      tag: "Drops",
      summary: "List the drops",
      caller: "anybody",
      key: false,
      answer: {
        status: 200,
        about: "The published drops, soonest first; up to a minute behind",
        shape: DropsAnswer,
        example: EXAMPLES.drops,
        kept: { seconds: TUNING.dropListMaxAgeSeconds },
      },
      refusals: ["unavailable"],
    },
    (act) => listDrops(act),
  ),
  get(
    "/drops/:drop",
    {
      id: "showDrop",
      tag: "Drops",
      summary: "Show a drop with its SKUs",
      caller: "anybody",
      key: false,
      answer: {
        status: 200,
        about: "What is sold, at which price, and how much of it is left",
        shape: DropAnswer,
        kept: { seconds: TUNING.dropMaxAgeSeconds },
      },
      refusals: ["unavailable"],
    },
    (act, { dropId }) => showDrop(act, dropId),
  ),
  get(
    "/drops/:drop/snapshot",
    {
      id: "readSnapshot",
      tag: "Drops",
      summary: "Read a drop's snapshot",
      about: "The small picture to poll: phase, watermark and units left. At most about a second old.",
      caller: "anybody",
      key: false,
      answer: {
        status: 200,
        about: "The drop as it stands",
        shape: SnapshotAnswer,
        example: EXAMPLES.snapshot,
        kept: { seconds: TUNING.snapshotMaxAgeSeconds },
        isPolled: true,
      },
      refusals: ["unavailable"],
    },
    (act, { dropId }) => readSnapshot(act, dropId),
  ),
  ...RECORD_OPERATIONS,

  post(
    "/drops/:drop/tickets",
    {
      id: "joinLine",
      tag: "Line",
      summary: "Join the line",
      about:
        "From `lobbyOpensAt` to `closesAt`. A shopper has one place in a drop, the first: repeats get it again. A drop that has a `challenge` needs its answer as `challenge`, or a session that has shown its mail where `isMailEnough`.",
      caller: "writer",
      key: true,
      body: JoinRequest,
      example: {},
      answer: {
        status: 201,
        about: "The place in the line; its cohort is ranked when it closes",
        shape: TicketAnswer,
        example: EXAMPLES.ticket,
        kept: "nobody",
      },
      refusals: ["drop_not_open", "drop_closed", "challenge_required", "unavailable"],
    },
    joinLine,
  ),
  post(
    "/drops/:drop/passes",
    {
      id: "issuePass",
      tag: "Line",
      summary: "Ask for a pass",
      about:
        "When it is this ticket's turn; else 409 `not_admitted_yet`, to be asked again after `Retry-After`.",
      caller: "writer",
      key: false,
      body: PassRequest,
      example: EXAMPLES.passRequest,
      answer: {
        status: 201,
        about: "Proof of admission, valid until `expiresAtMs`; stores nothing, so a repeat is a fresh one",
        shape: PassAnswer,
        example: EXAMPLES.pass,
        kept: "nobody",
      },
      refusals: [
        "ticket_invalid",
        "identity_required",
        "not_admitted_yet",
        "standing_by",
        "drop_paused",
        "sold_out",
        "drop_closed",
        "unavailable",
      ],
    },
    (act, { dropId, session, request }) => issuePass(act, { dropId, session, ticket: request.ticket }),
  ),

  post(
    "/drops/:drop/reservations",
    {
      id: "reserveBasket",
      tag: "Baskets",
      summary: "Reserve a basket",
      about:
        "All lines or none, at the prices of this moment, until `expiresAtMs`. A repeat gets the first answer.",
      caller: "writer",
      key: true,
      body: ReserveRequest,
      example: EXAMPLES.reserveRequest,
      answer: {
        status: 201,
        about: "The units are this shopper's until the deadline",
        shape: ReservationAnswer,
        example: EXAMPLES.reservation,
        kept: "nobody",
      },
      refusals: [
        "pass_invalid",
        "sku_not_found",
        "sold_out",
        "all_reserved",
        "shopper_limit_reached",
        "drop_not_open",
        "drop_closed",
        "drop_paused",
        "reservation_lapsed",
        "reservation_given_back",
        "basket_total_too_large",
        "idempotency_key_reused",
        "unavailable",
      ],
    },
    reserveUnits,
  ),
  del(
    "/drops/:drop/reservations/:reservation",
    {
      id: "giveBackBasket",
      tag: "Baskets",
      summary: "Give a basket back",
      about:
        "For a basket that no order has. A repeat changes nothing; the key that made the basket stays used.",
      caller: "writer",
      key: false,
      answer: { status: 204, about: "Its units are available again", shape: null, kept: "nobody" },
      refusals: ["reservation_taken", "unavailable"],
    },
    giveBack,
  ),
  ...WAITING_OPERATIONS,
  post(
    "/drops/:drop/orders",
    {
      id: "placeOrder",
      tag: "Orders",
      summary: "Order a basket",
      about:
        "The units are kept for this order while it is paid for. Nothing is charged yet. A drop that has `shipping` needs a `shippingAddress`, one that has `terms` needs `consents`; a basket whose quote or limit does not fit may be given back. With `redirect`, look at the order until it has a `paymentUrl`.",
      caller: "writer",
      key: true,
      body: PlaceRequest,
      example: EXAMPLES.placeRequest,
      answer: {
        status: 202,
        about: "The order as it stands; look again after `pollAfterMs`",
        shape: OrderAnswer,
        example: EXAMPLES.order,
        kept: "nobody",
        headersAbout: {
          Location: { about: "Where to look at the order", example: `/v1/orders/${EXAMPLES.order.orderId}` },
        },
        headers: ({ orderId }) => ({ Location: `/v1/orders/${orderId}` }),
      },
      refusals: [
        "reservation_not_found",
        "reservation_lapsed",
        "reservation_taken",
        "reservation_given_back",
        "shopper_limit_reached",
        "basket_total_too_large",
        "terms_not_accepted",
        "shipping_address_missing",
        "not_shipped_there",
        "shipping_quote_missing",
        "shipping_quote_invalid",
        "request_in_progress",
        "idempotency_key_reused",
        "unavailable",
      ],
    },
    placeOrder,
  ),
  get(
    "/orders/:order",
    {
      id: "showOrder",
      tag: "Orders",
      summary: "Look at an order",
      caller: "reader",
      key: false,
      answer: {
        status: 200,
        about:
          "The order as it stands; `confirmed` means paid. Look again after `pollAfterMs`, while that is not null",
        shape: OrderAnswer,
        example: EXAMPLES.order,
        kept: "nobody",
      },
      refusals: ["unavailable"],
    },
    showOrder,
  ),
  ...ORDER_CANCEL_OPERATIONS,
  ...ORDER_EVENT_OPERATIONS,
] as const;

export function v1Routes() {
  const app = new Hono<EdgeContext>();
  serve(app, OPERATIONS);
  return app.all("*", (c) => answerRefusal(c, { code: "not_found" }));
}
