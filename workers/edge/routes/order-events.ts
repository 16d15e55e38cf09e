import * as z from "zod";
import { get } from "../openapi/operation.ts";
import { watchOrder } from "../verbs/watch-order.ts";

/** How an order goes on, told as it happens. */
export const ORDER_EVENT_OPERATIONS = [
  get(
    "/orders/:order/events",
    {
      id: "watchOrder",
      tag: "Orders",
      summary: "Watch an order",
      about:
        "Server-sent events: `order` with the order's answer as `data`, at once and whenever it changes. The stream ends when the order is settled, or after some minutes; take it up again with `Last-Event-ID`.",
      caller: "reader",
      key: false,
      answer: {
        status: 200,
        about: "A stream of events",
        shape: z.string(),
        mediaType: "text/event-stream",
        kept: "nobody",
        endedAbout: "The order is settled and you have its last event: ask no more",
      },
      refusals: ["unavailable"],
    },
    watchOrder,
  ),
] as const;
