import * as z from "zod";
import {
  OrderAnswer,
  PassAnswer,
  ReservationAnswer,
  SessionAnswer,
  SnapshotAnswer,
  TicketAnswer,
  WaitingEntryAnswer,
} from "../../schema/http.ts";
import { CohortPage, RecordHead, StepPage } from "../../schema/line.ts";
import type { RefusalCode } from "../../schema/refusals.ts";

/** One public route as the contract declares it: anything else that it answers is unexpected. */
export type Endpoint<Value> = {
  name: string;
  status: number;
  shape: z.ZodType<Value>;
  refusals: readonly RefusalCode[];
};

const declare = <Value>(
  name: string,
  status: number,
  shape: z.ZodType<Value>,
  refusals: readonly RefusalCode[] = [],
): Endpoint<Value> => ({ name, status, shape, refusals });

export const ENDPOINTS = {
  session: declare("session", 201, SessionAnswer),
  claim: declare("claim", 200, SessionAnswer),
  snapshot: declare("snapshot", 200, SnapshotAnswer),
  record: declare("record", 200, RecordHead),
  /** A page may be a moment behind the head that names it. */
  cohorts: declare("cohorts", 200, CohortPage, ["record_not_found"]),
  steps: declare("steps", 200, StepPage, ["record_not_found"]),
  ticket: declare("ticket", 201, TicketAnswer, ["drop_not_open", "drop_closed"]),
  pass: declare("pass", 201, PassAnswer, [
    "not_admitted_yet",
    "sold_out",
    "drop_closed",
    "identity_required",
  ]),
  reserve: declare("reserve", 201, ReservationAnswer, [
    "sold_out",
    "all_reserved",
    "shopper_limit_reached",
    "reservation_lapsed",
    "reservation_given_back",
    "idempotency_key_reused",
    "drop_closed",
  ]),
  /** An order of which its shopper did not hear may have it. */
  giveBack: declare("giveBack", 204, z.undefined(), ["reservation_taken"]),
  place: declare("place", 202, OrderAnswer, [
    "reservation_lapsed",
    "reservation_taken",
    "idempotency_key_reused",
    "shopper_limit_reached",
    "terms_not_accepted",
    "not_shipped_there",
  ]),
  order: declare("order", 200, OrderAnswer),
  cancel: declare("cancel", 200, OrderAnswer, [
    "order_canceled",
    "order_shipped",
    "cancel_window_over",
    "request_in_progress",
  ]),
  wait: declare("wait", 201, WaitingEntryAnswer, [
    "shopper_limit_reached",
    "already_waiting",
    "idempotency_key_reused",
    "drop_closed",
  ]),
  waiting: declare("waiting", 200, WaitingEntryAnswer),
  leave: declare("leave", 200, WaitingEntryAnswer),
};
export type EndpointName = keyof typeof ENDPOINTS;
