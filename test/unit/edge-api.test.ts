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
import { Problem, REFUSALS, type RefusalCode } from "../../schema/refusals.ts";
import { refuse } from "../../schema/result.ts";
import type { EdgeApi } from "../../schema/rpc.ts";
import { unquote } from "../../workers/idempotency-key.ts";
import { type Answer, admitted, DROP, type FakeState, fakeEdge, OPENS_AT } from "./edge-fakes.ts";

const DROP_PATH = `/v1/drops/${DROP}`;

/** Every refusal has the same shape: problem details, the status of its code, an id to ask about, and no caching. */
function expectProblem(answer: Answer, code: RefusalCode): Problem {
  expect(answer.body?.code).toBe(code);
  const problem = Problem.parse(answer.body);
  expect(problem).toMatchObject({ status: REFUSALS[code].status, type: `urn:dropline:problem:${code}` });
  expect(answer.status).toBe(REFUSALS[code].status);
  expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  expect(answer.headers.get("X-Request-Id")).toBe(problem.requestId);
  if (problem.retryAfterMs !== undefined) {
    expect(answer.headers.get("Retry-After")).toBe(String(Math.ceil(problem.retryAfterMs / 1_000)));
  }
  return problem;
}

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
    for (const [, { headers }] of seen) {
      expect(headers.get("X-Request-Id")).toMatch(/.{8}/);
      expect(headers.get("Content-Security-Policy")).toContain("default-src 'none'");
      expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
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

describe("a request that is not as expected", () => {
  test("is refused for its session", async () => {
    const edge = fakeEdge();
    const path = `${DROP_PATH}/tickets`;
    const missing = await edge.send(path, { method: "POST" });
    expectProblem(missing, "session_missing");
    expect(missing.headers.get("WWW-Authenticate")).toContain("Bearer");
    for (const Authorization of ["Bearer x.y.z", "Bearer", "Basic abc", ""]) {
      expectProblem(await edge.send(path, { method: "POST", headers: { Authorization } }), "session_invalid");
    }
    expectProblem(await edge.send("/v1/orders/ord_x"), "session_missing");
  });

  test("may come without a body where nothing in it is required, and without one alone", async () => {
    const edge = fakeEdge();
    const { session } = await edge.open();
    const post = (path: string, init: RequestInit = {}) =>
      edge.send(`${DROP_PATH}/${path}`, {
        method: "POST",
        ...init,
        headers: { Authorization: `Bearer ${session}`, "Idempotency-Key": "k1", ...init.headers },
      });
    expect((await post("tickets")).status).toBe(201);
    expectProblem(await post("passes"), "unsupported_media_type");
    expectProblem(await post("tickets", { body: Buffer.from("{}") }), "unsupported_media_type");
    const typed = (type: string) => ({ headers: { "Content-Type": type } });
    expectProblem(await post("tickets", typed("text/plain")), "unsupported_media_type");
    expectProblem(await post("tickets", typed("application/json")), "invalid_json");
  });

  test("is refused for its body", async () => {
    const caller = await fakeEdge().open();
    const path = `${DROP_PATH}/reservations`;
    expectProblem(await caller.post(path, "{"), "invalid_json");
    expectProblem(await caller.post(path, "{}", { "Content-Type": "text/plain" }), "unsupported_media_type");
    const fields = expectProblem(
      await caller.post(path, { lines: [{ skuId: "A B", quantity: 0 }], x: 1 }),
      "invalid_request",
    );
    expect(fields.errors?.map((error) => error.path)).toEqual(
      expect.arrayContaining(["pass", "lines.0.skuId", "lines.0.quantity"]),
    );
    const fits = `"${"x".repeat(LIMITS.requestBodyMaxBytes - 2)}"`;
    expectProblem(await caller.post(path, fits), "invalid_request");
    expectProblem(await caller.post(path, `${fits} `), "body_too_large");
  });

  test("is refused for its path, method or query", async () => {
    const edge = fakeEdge();
    for (const path of ["/v1", "/v1/nothing"]) {
      for (const method of ["GET", "POST"]) expectProblem(await edge.send(path, { method }), "not_found");
    }
    expectProblem(await edge.send("/nothing"), "not_found");
    const methods: [string, string, string][] = [
      ["/v1/sessions", "GET", "POST"],
      ["/v1/drops", "POST", "GET, HEAD"],
      [DROP_PATH, "DELETE", "GET, HEAD"],
      [`${DROP_PATH}/snapshot`, "PUT", "GET, HEAD"],
      [`${DROP_PATH}/record`, "POST", "GET, HEAD"],
      [`${DROP_PATH}/tickets`, "GET", "POST"],
      [`${DROP_PATH}/passes`, "GET", "POST"],
      [`${DROP_PATH}/reservations`, "PATCH", "POST"],
      [`${DROP_PATH}/orders`, "GET", "POST"],
      ["/v1/orders/x", "POST", "GET, HEAD"],
    ];
    for (const [path, method, allowed] of methods) {
      const answer = await edge.send(path, { method });
      expectProblem(answer, "method_not_allowed");
      expect(answer.headers.get("Allow")).toBe(`${allowed}, OPTIONS`);
    }
    for (const drop of ["none", "Not-A-Slug", "a%2Fb", "x".repeat(65)]) {
      for (const path of ["", "/snapshot"])
        expectProblem(await edge.send(`/v1/drops/${drop}${path}`), "drop_not_found");
    }
    const caller = await edge.open();
    for (const order of ["x", `ord_${"0".repeat(34)}`, `ord_ff${"0".repeat(32)}`]) {
      expectProblem(await caller.get(`/v1/orders/${order}`), "order_not_found");
    }
  });

  test("that another site sent with a visitor's cookie is refused; a bearer token is not a cookie", async () => {
    const edge = fakeEdge();
    const caller = await edge.open();
    const base = {
      "Content-Type": "application/json",
      "Idempotency-Key": "k",
      Cookie: `dropline_session=${caller.session}`,
    };
    const post = (headers: Record<string, string>) =>
      edge.send(`${DROP_PATH}/tickets`, { method: "POST", headers: { ...base, ...headers }, body: "{}" });
    expectProblem(await post({ "Sec-Fetch-Site": "cross-site" }), "cross_site");
    expectProblem(await post({ "Sec-Fetch-Site": "same-site" }), "cross_site");
    expectProblem(await post({ Origin: "https://evil.example" }), "cross_site");
    expect((await post({ Origin: "https://shop.example" })).status).toBe(201);
    expect((await post({ "Sec-Fetch-Site": "same-origin" })).status).toBe(201);
    const bearer = { Authorization: `Bearer ${caller.session}`, Origin: "https://evil.example" };
    expect((await post(bearer)).status).toBe(201);
  });
});

describe("what the objects refuse", () => {
  const answers = (method: keyof EdgeApi, code: RefusalCode) => {
    const edge = fakeEdge();
    const refused = async () => {
      const refusal = refuse({ code, retryAfterMs: 1_500 });
      return method === "reserve" || method === "place" ? [refusal] : refusal;
    };
    return { edge, arm: () => Object.assign(edge.state as FakeState, { [method]: refused }) };
  };

  test.each(["drop_not_found", "drop_not_open", "drop_closed"] as const)(
    "of a join is told: %s",
    async (code) => {
      const { edge, arm } = answers("join", code);
      const caller = await edge.open();
      arm();
      expectProblem(await caller.post(`${DROP_PATH}/tickets`, {}), code);
    },
  );

  test.each([
    "sold_out",
    "all_reserved",
    "shopper_limit_reached",
    "sku_not_found",
    "drop_not_open",
    "drop_closed",
    "idempotency_key_reused",
    "reservation_lapsed",
    "internal",
  ] as const)("of a reservation is told: %s", async (code) => {
    const { edge, arm } = answers("reserve", code);
    const caller = await admitted(edge);
    arm();
    const answer = await caller.post(`${DROP_PATH}/reservations`, {
      pass: caller.pass,
      lines: [{ skuId: "runner-42" }],
    });
    expect(expectProblem(answer, code).retryAfterMs).toBe(1_500);
  });

  test.each([
    "reservation_not_found",
    "reservation_lapsed",
    "reservation_taken",
    "request_in_progress",
    "idempotency_key_reused",
    "unavailable",
    "internal",
  ] as const)("of an order is told: %s", async (code) => {
    const { edge, arm } = answers("place", code);
    const caller = await edge.open();
    arm();
    const order = {
      reservationId: `rsv_${"0".repeat(32)}`,
      contact: { email: "a@example.com" },
      payment: { kind: "token", token: "tok" },
    };
    expectProblem(await caller.post(`${DROP_PATH}/orders`, order), code);
  });
});

describe("when things go wrong", () => {
  test("a thrown exception is told as internal, without its message, and logged as one line", async () => {
    const edge = fakeEdge({
      allowShopper: () => Promise.reject(new Error("secret sauce")),
    });
    const caller = await edge.open();
    const answer = await caller.post(`${DROP_PATH}/tickets`, {});
    expectProblem(answer, "internal");
    expect(answer.text).not.toContain("sauce");
    expect(edge.logs).toMatchObject([
      { level: "error", event: "request_threw", requestId: answer.body.requestId },
    ]);
  });

  test("an object that does not answer is unavailable, with a time to come back", async () => {
    const edge = fakeEdge();
    const caller = await edge.open();
    edge.state.join = () => Promise.reject(new Error("gone"));
    const answer = await caller.post(`${DROP_PATH}/tickets`, {});
    expectProblem(answer, "unavailable");
    expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
  });

  test("sessions are shed by address, writes by shopper", async () => {
    const asked: string[] = [];
    const no = async (key: string) => {
      asked.push(key);
      return false;
    };
    const byAddress = fakeEdge({ allowAddress: no });
    const headers = { "CF-Connecting-IP": "192.0.2.1" };
    const shed = await byAddress.send("/v1/sessions", { method: "POST", headers });
    expectProblem(shed, "rate_limited");
    expect(shed.headers.get("Retry-After")).toBe("60");
    const byShopper = fakeEdge({ allowShopper: no });
    const caller = await byShopper.open();
    for (const path of ["tickets", "passes", "reservations", "orders"]) {
      expectProblem(await caller.post(`${DROP_PATH}/${path}`, {}), "rate_limited");
    }
    expect(new Set(asked)).toEqual(new Set(["session 192.0.2.1", caller.shopperId]));
    expect((await byShopper.send(DROP_PATH)).status).toBe(200);
  });
});
