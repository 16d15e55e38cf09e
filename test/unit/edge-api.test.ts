import { describe, expect, test } from "vitest";
import {
  DropAnswer,
  DropsAnswer,
  OrderAnswer,
  PassAnswer,
  ReservationAnswer,
  SessionAnswer,
  TicketAnswer,
} from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { RecordHead, Snapshot } from "../../schema/line.ts";
import { unquote } from "../../workers/idempotency-key.ts";
import { DROP_PATH, expectProblem } from "./edge-answers.ts";
import { type Answer, admitted, fakeEdge } from "./edge-fakes.ts";
import { OPENS_AT } from "./edge-samples.ts";

describe("a purchase through the API", () => {
  test("goes from session to order, each answer in its declared shape and kept as long as it may be", async () => {
    const edge = fakeEdge();
    const seen: [string, Answer][] = [];
    const note = (what: string, answer: Answer) => {
      seen.push([what, answer]);
      return answer.body;
    };
    const session = SessionAnswer.parse(note("session", await edge.send("/v1/sessions", { method: "POST" })));
    expect(session.expiresAtMs).toBe(OPENS_AT + LIMITS.sessionTtlMs);
    const caller = await admitted(edge);
    TicketAnswer.parse(note("ticket", await caller.post(`${DROP_PATH}/tickets`, {})));
    PassAnswer.parse(note("pass", await caller.post(`${DROP_PATH}/passes`, { ticket: caller.ticket })));
    const wanted = { pass: caller.pass, lines: [{ skuId: "runner-43", quantity: 2 }] };
    const held = ReservationAnswer.parse(
      note("reservation", await caller.post(`${DROP_PATH}/reservations`, wanted)),
    );
    expect(held).toMatchObject({ subtotalMinor: 25_800, currency: "EUR", expiresAtMs: OPENS_AT + 300_000 });
    const order = {
      reservationId: held.reservationId,
      contact: { email: "a@example.com" },
      payment: { kind: "redirect" },
    };
    const placed = await caller.post(`${DROP_PATH}/orders`, order);
    const { orderId } = OrderAnswer.parse(note("order", placed));
    expect(placed.headers.get("Location")).toBe(`/v1/orders/${orderId}`);
    OrderAnswer.parse(note("order again", await caller.get(`/v1/orders/${orderId}`)));
    expect(edge.state.orders.get(orderId)?.item).toMatchObject({
      gateway: "sandbox",
      paymentWindowMs: 600_000,
      unknownHoldMs: 900_000,
      commandResendMs: 60_000,
      returnUrl: `https://shop.example/orders/${orderId}`,
    });
    DropsAnswer.parse(note("drops", await edge.send("/v1/drops")));
    DropAnswer.parse(note("drop", await edge.send(DROP_PATH)));
    Snapshot.parse(note("snapshot", await edge.send(`${DROP_PATH}/snapshot`)));
    RecordHead.parse(note("record", await edge.send(`${DROP_PATH}/record`)));

    const personal = [201, "no-store"];
    expect(
      Object.fromEntries(
        seen.map(([what, { status, headers }]) => [what, [status, headers.get("Cache-Control")]]),
      ),
    ).toEqual({
      session: personal,
      ticket: personal,
      pass: personal,
      reservation: personal,
      order: [202, "no-store"],
      "order again": [200, "no-store"],
      drops: [200, "public, max-age=5"],
      drop: [200, "public, max-age=2"],
      snapshot: [200, "public, max-age=1"],
      record: [200, "public, max-age=2"],
    });
    for (const [what, { headers }] of seen) {
      expect(headers.get("X-Request-Id")).toMatch(/.{8}/);
      expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
      if (what !== "snapshot") expect(headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    }
    expect(placed.headers.get("Vary")).toBe("Authorization, Cookie, Origin");
  });
});

describe("a repeat", () => {
  test("of a reservation reaches its object and gets the first answer, also with a renewed pass", async () => {
    const edge = fakeEdge();
    const caller = await admitted(edge);
    const first = await caller.post(`${DROP_PATH}/reservations`, {
      pass: caller.pass,
      lines: [{ skuId: "runner-42" }],
    });
    edge.clock.set(OPENS_AT + 5_000);
    const { pass } = (await caller.post(`${DROP_PATH}/passes`, { ticket: caller.ticket })).body;
    expect(pass).not.toBe(caller.pass);
    const repeat = await caller.post(`${DROP_PATH}/reservations`, {
      lines: [{ quantity: 1, skuId: "runner-42" }],
      pass,
    });
    expect(repeat.body).toEqual(first.body);
    expect(edge.state.calls.reserve).toBe(2);
    const other = await caller.post(`${DROP_PATH}/reservations`, {
      pass,
      lines: [{ skuId: "runner-42", quantity: 2 }],
    });
    expectProblem(other, "idempotency_key_reused");
  });

  test("of a basket is the same basket, whichever line it names first, and no other once it was given back", async () => {
    const edge = fakeEdge();
    const caller = await admitted(edge);
    const lines = [{ skuId: "runner-43", quantity: 2 }, { skuId: "runner-42" }];
    const reserve = (of: object[]) =>
      caller.post(`${DROP_PATH}/reservations`, { pass: caller.pass, lines: of });
    const first = await reserve(lines);
    expect(first).toMatchObject({
      status: 201,
      body: { lines: [{ skuId: "runner-42" }, { skuId: "runner-43" }] },
    });
    expect((await reserve(lines.toReversed())).body).toEqual(first.body);
    expectProblem(await reserve(lines.slice(1)), "idempotency_key_reused");
    const path = `${DROP_PATH}/reservations/${first.body.reservationId}`;
    const giveBack = (session = caller.session) =>
      edge.send(path, { method: "DELETE", headers: { Authorization: `Bearer ${session}` } });
    expectProblem(await giveBack((await edge.open()).session), "reservation_not_found");
    expect([(await giveBack()).status, (await giveBack()).status]).toEqual([204, 204]);
    expectProblem(await reserve(lines), "reservation_given_back");
  });

  test("of a basket with as many lines as one may have is taken, with one more it is not", async () => {
    const edge = fakeEdge();
    const caller = await admitted(edge);
    const ask = (count: number) =>
      caller.post(
        `${DROP_PATH}/reservations`,
        { pass: caller.pass, lines: Array.from({ length: count }, (_, nth) => ({ skuId: `sku-${nth}` })) },
        { "Idempotency-Key": `lines-${count}` },
      );
    // Well formed; only that the drop has no such SKUs.
    expectProblem(await ask(LIMITS.basketLinesMax), "sku_not_found");
    expectProblem(await ask(LIMITS.basketLinesMax + 1), "invalid_request");
    expectProblem(await ask(0), "invalid_request");
    const twice = { pass: caller.pass, lines: [{ skuId: "runner-42" }, { skuId: "runner-42", quantity: 2 }] };
    expectProblem(await caller.post(`${DROP_PATH}/reservations`, twice), "invalid_request");
  });

  test("still reaches its object after everything is sold", async () => {
    const edge = fakeEdge();
    const caller = await admitted(edge);
    const first = await caller.post(`${DROP_PATH}/reservations`, {
      pass: caller.pass,
      lines: [{ skuId: "runner-42" }],
    });
    edge.state.snapshot$ = { ...edge.state.snapshot$, phase: "sold_out", soldOutAtMs: OPENS_AT + 1_000 };
    edge.clock.set(OPENS_AT + 10_000);
    const { pass } = (await caller.post(`${DROP_PATH}/passes`, { ticket: caller.ticket })).body;
    const repeat = await caller.post(`${DROP_PATH}/reservations`, { pass, lines: [{ skuId: "runner-42" }] });
    expect(repeat.body).toEqual(first.body);
  });
});

describe("the Idempotency-Key", () => {
  test.each([
    ["bare", "abc"],
    ["quoted, as in the draft", '"abc"'],
  ])("may come %s", async (_form, key) => {
    const edge = fakeEdge();
    const caller = await admitted(edge);
    const wanted = { pass: caller.pass, lines: [{ skuId: "runner-42" }] };
    await caller.post(`${DROP_PATH}/reservations`, wanted, { "Idempotency-Key": "abc" });
    expect((await caller.post(`${DROP_PATH}/reservations`, wanted, { "Idempotency-Key": key })).status).toBe(
      201,
    );
    expect(edge.state.reservations.size).toBe(1);
  });

  test("is unquoted as a string of RFC 8941", () => {
    expect(unquote('"a\\"b\\\\c"')).toBe('a"b\\c');
    expect(unquote('a"b')).toBe('a"b');
    for (const broken of ['"', '"abc', '"a"b"', '"a\\b"']) expect(unquote(broken)).toBeUndefined();
  });

  test.each(["tickets", "reservations", "orders"])("is needed on %s, and has a form", async (path) => {
    const edge = fakeEdge();
    const caller = await edge.open();
    const headers = { Authorization: `Bearer ${caller.session}`, "Content-Type": "application/json" };
    const missing = await edge.send(`${DROP_PATH}/${path}`, { method: "POST", headers, body: "{}" });
    expectProblem(missing, "idempotency_key_missing");
    for (const key of ['""', "a b", '"open', "x".repeat(LIMITS.idempotencyKeyMaxChars + 1), "é"]) {
      const answer = await caller.post(`${DROP_PATH}/${path}`, {}, { "Idempotency-Key": key });
      expectProblem(answer, "idempotency_key_invalid");
    }
  });

  test("may be as long as the limit", async () => {
    const caller = await fakeEdge().open();
    const key = "x".repeat(LIMITS.idempotencyKeyMaxChars);
    expect((await caller.post(`${DROP_PATH}/tickets`, {}, { "Idempotency-Key": key })).status).toBe(201);
  });
});
