import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import type { RefusalCode } from "../../schema/refusals.ts";
import { refuse } from "../../schema/result.ts";
import type { EdgeApi } from "../../schema/rpc/entrypoints.ts";
import { DROP_PATH, expectProblem } from "./edge-answers.ts";
import { admitted, fakeEdge } from "./edge-fakes.ts";
import type { FakeState } from "./edge-state.ts";

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
    const ofLength = (said: string) => ({ headers: { "Content-Length": said } });
    expect((await post("tickets", ofLength("0"))).status).toBe(201);
    const untyped = { ...ofLength("2"), body: Buffer.from("{}") };
    expectProblem(await post("tickets", untyped), "unsupported_media_type");
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
