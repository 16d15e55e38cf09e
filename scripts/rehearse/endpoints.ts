import type * as z from "zod";
import {
  OrderAnswer,
  PassAnswer,
  ReservationAnswer,
  SessionAnswer,
  SnapshotAnswer,
  TicketAnswer,
} from "../../schema/http.ts";
import { LineRecord } from "../../schema/line.ts";
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
  snapshot: declare("snapshot", 200, SnapshotAnswer),
  record: declare("record", 200, LineRecord),
  ticket: declare("ticket", 201, TicketAnswer, ["drop_not_open", "drop_closed"]),
  pass: declare("pass", 201, PassAnswer, ["not_admitted_yet", "sold_out", "drop_closed"]),
  reserve: declare("reserve", 201, ReservationAnswer, [
    "sold_out",
    "all_reserved",
    "shopper_limit_reached",
    "reservation_lapsed",
    "idempotency_key_reused",
    "drop_closed",
  ]),
  place: declare("place", 202, OrderAnswer, [
    "reservation_lapsed",
    "reservation_taken",
    "idempotency_key_reused",
  ]),
  order: declare("order", 200, OrderAnswer),
};
export type EndpointName = keyof typeof ENDPOINTS;
