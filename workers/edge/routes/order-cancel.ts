import { CancelRequest, OrderAnswer } from "../../../schema/http.ts";
import { EXAMPLES } from "../openapi/examples.ts";
import { post } from "../openapi/operation.ts";
import { cancelOrder } from "../verbs/cancel-order.ts";

export const ORDER_CANCEL_OPERATIONS = [
  post(
    "/orders/:order/cancel",
    {
      id: "cancelOrder",
      tag: "Orders",
      summary: "Cancel an order",
      about:
        "While `isCancelable`: before it is paid for, and for a while after, until it is shipped. What was charged goes back; money that arrives later does too.",
      caller: "writer",
      key: true,
      body: CancelRequest,
      example: {},
      answer: {
        status: 200,
        about: "The order as it stands; its money may still be on its way back",
        shape: OrderAnswer,
        example: EXAMPLES.order,
        kept: "nobody",
      },
      refusals: [
        "order_canceled",
        "order_shipped",
        "cancel_window_over",
        "request_in_progress",
        "too_many_commands",
        "idempotency_key_reused",
        "unavailable",
      ],
    },
    cancelOrder,
  ),
] as const;
