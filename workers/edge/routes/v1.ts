import { Hono } from "hono";
import * as z from "zod";
import { JoinRequest, PassRequest, PlaceRequest, ReserveRequest } from "../../../schema/http.ts";
import { TUNING } from "../tuning.ts";
import { issuePass } from "../verbs/issue-pass.ts";
import { joinLine } from "../verbs/join-line.ts";
import { listDrops } from "../verbs/list-drops.ts";
import { openSession } from "../verbs/open-session.ts";
import { placeOrder } from "../verbs/place-order.ts";
import { readRecord } from "../verbs/read-record.ts";
import { readSnapshot } from "../verbs/read-snapshot.ts";
import { reserveUnits } from "../verbs/reserve-units.ts";
import { showDrop } from "../verbs/show-drop.ts";
import { showOrder } from "../verbs/show-order.ts";
import { answerRefusal, methodNotAllowed } from "./answer.tsx";
import { readShopper, readWriter } from "./caller.ts";
import { actOf, addressOf, type C, type EdgeContext, NO_STORE, originOf, publicFor } from "./context.ts";
import { parse, readDropId, readIdempotencyKey, readJson } from "./read-request.ts";

const after = z
  .string()
  .regex(/^(-1|\d{1,15})$/, "a number from -1")
  .transform(Number)
  .default(-1);
const RecordQuery = z.object({ afterCohort: after, afterStep: after });

const PERSONAL = { "Cache-Control": NO_STORE, Vary: "Authorization, Cookie" };
const kept = (seconds: number) => ({ "Cache-Control": publicFor(seconds) });

/** The public API. Each route validates, calls one verb, and maps its answer; each says how long that may be kept. */
export function v1Routes() {
  return new Hono<EdgeContext>()
    .post("/sessions", async (c) => {
      const opened = await openSession(actOf(c), { address: addressOf(c) });
      return opened.ok ? c.json(opened.value, 201, PERSONAL) : answerRefusal(c, opened.refusal);
    })
    .all("/sessions", methodNotAllowed("POST"))

    .get("/drops", async (c) => {
      const drops = await listDrops(actOf(c));
      return drops.ok
        ? c.json(drops.value, 200, kept(TUNING.dropListMaxAgeSeconds))
        : answerRefusal(c, drops.refusal);
    })
    .all("/drops", methodNotAllowed("GET", "HEAD"))

    .get("/drops/:drop", async (c) => {
      const dropId = readDropId(c);
      const drop = dropId.ok ? await showDrop(actOf(c), dropId.value) : dropId;
      return drop.ok
        ? c.json(drop.value, 200, kept(TUNING.dropMaxAgeSeconds))
        : answerRefusal(c, drop.refusal);
    })
    .all("/drops/:drop", methodNotAllowed("GET", "HEAD"))

    .get("/drops/:drop/snapshot", async (c) => {
      const dropId = readDropId(c);
      const read = dropId.ok ? await readSnapshot(actOf(c), dropId.value) : dropId;
      return read.ok
        ? c.json(read.value, 200, kept(TUNING.snapshotMaxAgeSeconds))
        : answerRefusal(c, read.refusal);
    })
    .all("/drops/:drop/snapshot", methodNotAllowed("GET", "HEAD"))

    .get("/drops/:drop/record", async (c) => {
      const dropId = readDropId(c);
      if (!dropId.ok) return answerRefusal(c, dropId.refusal);
      const query = parse(RecordQuery, c.req.query());
      if (!query.ok) return answerRefusal(c, query.refusal);
      const read = await readRecord(actOf(c), { dropId: dropId.value, ...query.value });
      return read.ok
        ? c.json(read.value, 200, kept(TUNING.recordMaxAgeSeconds))
        : answerRefusal(c, read.refusal);
    })
    .all("/drops/:drop/record", methodNotAllowed("GET", "HEAD"))

    .post("/drops/:drop/tickets", async (c) => {
      const asked = await readWrite(c, JoinRequest);
      if (!asked.ok) return answerRefusal(c, asked.refusal);
      const joined = await joinLine(actOf(c), asked.value);
      return joined.ok ? c.json(joined.value, 201, PERSONAL) : answerRefusal(c, joined.refusal);
    })
    .all("/drops/:drop/tickets", methodNotAllowed("POST"))

    .post("/drops/:drop/passes", async (c) => {
      const caller = await readCaller(c);
      if (!caller.ok) return answerRefusal(c, caller.refusal);
      const body = await readJson(c, PassRequest);
      if (!body.ok) return answerRefusal(c, body.refusal);
      const issued = await issuePass(actOf(c), { ...caller.value, ticket: body.value.ticket });
      return issued.ok ? c.json(issued.value, 201, PERSONAL) : answerRefusal(c, issued.refusal);
    })
    .all("/drops/:drop/passes", methodNotAllowed("POST"))

    .post("/drops/:drop/reservations", async (c) => {
      const asked = await readWrite(c, ReserveRequest);
      if (!asked.ok) return answerRefusal(c, asked.refusal);
      const reserved = await reserveUnits(actOf(c), asked.value);
      return reserved.ok ? c.json(reserved.value, 201, PERSONAL) : answerRefusal(c, reserved.refusal);
    })
    .all("/drops/:drop/reservations", methodNotAllowed("POST"))

    .post("/drops/:drop/orders", async (c) => {
      const asked = await readWrite(c, PlaceRequest);
      if (!asked.ok) return answerRefusal(c, asked.refusal);
      const placed = await placeOrder(actOf(c), { ...asked.value, origin: originOf(c) });
      if (!placed.ok) return answerRefusal(c, placed.refusal);
      return c.json(placed.value, 202, { ...PERSONAL, Location: `/v1/orders/${placed.value.orderId}` });
    })
    .all("/drops/:drop/orders", methodNotAllowed("POST"))

    .get("/orders/:order", async (c) => {
      const shopper = await readShopper(c);
      if (!shopper.ok) return answerRefusal(c, shopper.refusal);
      const order = await showOrder(actOf(c), { orderId: c.req.param("order"), shopperId: shopper.value });
      return order.ok ? c.json(order.value, 200, PERSONAL) : answerRefusal(c, order.refusal);
    })
    .all("/orders/:order", methodNotAllowed("GET", "HEAD"))

    .all("*", (c) => answerRefusal(c, { code: "not_found" }));
}

/** Cheap checks first: the drop's name, the session, the loose limit. */
async function readCaller(c: C) {
  const dropId = readDropId(c);
  if (!dropId.ok) return dropId;
  const shopper = await readWriter(c);
  if (!shopper.ok) return shopper;
  return { ok: true, value: { dropId: dropId.value, shopperId: shopper.value } } as const;
}

/** A write that needs its Idempotency-Key. */
async function readWrite<Shape extends z.ZodType>(c: C, shape: Shape) {
  const caller = await readCaller(c);
  if (!caller.ok) return caller;
  const key = readIdempotencyKey(c);
  if (!key.ok) return key;
  const body = await readJson(c, shape);
  if (!body.ok) return body;
  return { ok: true, value: { ...caller.value, key: key.value, request: body.value } } as const;
}
