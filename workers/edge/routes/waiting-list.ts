import * as z from "zod";
import { WaitingEntryAnswer, WaitRequest } from "../../../schema/http.ts";
import { SkuId } from "../../../schema/ids.ts";
import { EXAMPLES } from "../openapi/examples.ts";
import { del, get, post } from "../openapi/operation.ts";
import { joinWaitingList } from "../verbs/join-waiting-list.ts";
import { leaveWaitingList } from "../verbs/leave-waiting-list.ts";
import { showWaiting } from "../verbs/show-waiting.ts";

const EntryQuery = z.object({ sku: SkuId.describe("The SKU that the entry waits for") });

/** Units that come back are offered to whoever waits for them, first come, first served. */
export const WAITING_OPERATIONS = [
  post(
    "/drops/:drop/waiting-list",
    {
      id: "joinWaitingList",
      tag: "Baskets",
      summary: "Wait for units of a SKU",
      about:
        "When all units are reserved or sold, and the drop has a waiting list. Units that come back are offered to the first who waits, until a deadline, then to the next. One entry a shopper and SKU.",
      caller: "writer",
      key: true,
      body: WaitRequest,
      example: EXAMPLES.waitRequest,
      answer: {
        status: 201,
        about: "The entry as it stands; look again after `pollAfterMs`",
        shape: WaitingEntryAnswer,
        example: EXAMPLES.waiting,
        kept: "nobody",
      },
      refusals: [
        "pass_invalid",
        "sku_not_found",
        "waiting_list_closed",
        "waiting_list_full",
        "already_waiting",
        "shopper_limit_reached",
        "drop_not_open",
        "drop_closed",
        "drop_paused",
        "idempotency_key_reused",
        "unavailable",
      ],
    },
    joinWaitingList,
  ),
  get(
    "/drops/:drop/waiting-list/:entry",
    {
      id: "showWaiting",
      tag: "Baskets",
      summary: "Look at a place on a waiting list",
      about: "Once it is `offered`, order the offer's `reservationId` before `expiresAtMs`, like any basket.",
      caller: "reader",
      key: false,
      query: EntryQuery,
      answer: {
        status: 200,
        about: "The entry as it stands; look again after `pollAfterMs`, while that is not null",
        shape: WaitingEntryAnswer,
        example: EXAMPLES.waiting,
        kept: "nobody",
      },
      refusals: ["unavailable"],
    },
    showWaiting,
  ),
  del(
    "/drops/:drop/waiting-list/:entry",
    {
      id: "leaveWaitingList",
      tag: "Baskets",
      summary: "Leave a waiting list",
      about:
        "An offer goes to the next. What an order has already is left as it is. A repeat changes nothing.",
      caller: "writer",
      key: false,
      query: EntryQuery,
      answer: {
        status: 200,
        about: "The entry as it stands now",
        shape: WaitingEntryAnswer,
        kept: "nobody",
      },
      refusals: ["unavailable"],
    },
    leaveWaitingList,
  ),
] as const;
