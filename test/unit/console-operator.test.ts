import { describe, expect, test, vi } from "vitest";
import type { AttemptRow, OrderRow } from "../../schema/tables.ts";
import { isOperatorToken } from "../../workers/console/authorize.ts";
import { pageOf } from "../../workers/console/page.ts";
import { fakeConsole, NOW_MS, OPERATOR_TOKEN } from "./console-fakes.ts";

const orderId = (shard: number, n: number) =>
  `ord_${shard.toString(16).padStart(2, "0")}${n.toString(16).padStart(32, "0")}`;

describe("the operator token", () => {
  test.each([
    ["no header", {}],
    ["another token", { Authorization: "Bearer something-else" }],
    ["another scheme", { Authorization: `Basic ${OPERATOR_TOKEN}` }],
    ["an empty token", { Authorization: "Bearer " }],
    ["a prefix of the token", { Authorization: `Bearer ${OPERATOR_TOKEN.slice(0, -1)}` }],
  ])("refuses %s", async (_, headers: Record<string, string>) => {
    const { call } = fakeConsole();
    const answer = await call("GET", "/v1/orders", undefined, { Authorization: "", ...headers });
    expect(answer.status).toBe(401);
    expect(answer.body.code).toBe("operator_token_invalid");
    expect(answer.headers.get("WWW-Authenticate")).toBe("Bearer");
  });

  test("an unset token admits nobody", () => {
    expect(isOperatorToken("", "")).toBe(false);
    expect(isOperatorToken("undefined", undefined)).toBe(false);
    expect(isOperatorToken(undefined, undefined)).toBe(false);
    expect(isOperatorToken("a", "a")).toBe(true);
  });
});

describe("every answer", () => {
  test("is uncached and carries a request id", async () => {
    const { call } = fakeConsole();
    for (const path of ["/v1/orders", "/v1/nowhere", "/nowhere"]) {
      const answer = await call("GET", path);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(answer.headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test("tells a failure without its message, and a passing one as unavailable", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const passing = Object.assign(new Error("secret detail"), { retryable: true });
    const states = [new Error("secret detail"), passing];
    const statuses = [];
    for (const failure of states) {
      const { call } = fakeConsole({ ordersAudit: () => Promise.reject(failure) });
      const answer = await call("GET", "/v1/audit/orders/0");
      expect(JSON.stringify(answer.body)).not.toContain("secret");
      statuses.push([answer.status, answer.body.code]);
    }
    expect(statuses).toEqual([
      [500, "internal"],
      [503, "unavailable"],
    ]);
    expect(logged).toHaveBeenCalledTimes(2);
    logged.mockRestore();
  });
});

describe("audit pages", () => {
  test("hand their cursors on to the objects", async () => {
    const seen: unknown[] = [];
    const { call } = fakeConsole({
      stockAudit: async (...given) => {
        seen.push(given);
        return { level: null, ledger: [], nextLedger: null, reservations: [], nextReservation: null };
      },
      ordersAudit: async (...given) => {
        seen.push(given);
        return { orders: [], next: null };
      },
    });
    await call("GET", "/v1/drops/spring/audit/stock/runner-42?afterLedger=7&afterReservation=9");
    await call("GET", "/v1/drops/spring/audit/stock/runner-42");
    await call("GET", `/v1/audit/orders/3?after=${orderId(3, 1)}`);
    expect(seen).toEqual([
      ["spring", "runner-42", 7, 9],
      ["spring", "runner-42", 0, 0],
      [3, orderId(3, 1)],
    ]);
  });

  test.each([
    "/v1/drops/Spring/audit/stock/runner-42",
    "/v1/drops/spring/audit/stock/runner-42?afterLedger=-1",
    "/v1/drops/spring/audit/stock/runner-42?afterLedger=x",
    "/v1/audit/orders/16",
    "/v1/audit/orders/1?after=ord_1",
    "/v1/orders?limit=0",
    "/v1/orders?limit=1001",
    "/v1/attempts?after=ord_1",
    "/v1/operator-log?after=-1",
  ])("refuses %s", async (path) => {
    const { call } = fakeConsole();
    const answer = await call("GET", path);
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe("invalid_request");
    expect(answer.body.errors).toHaveLength(1);
  });
});

describe("rows of D1", () => {
  test("a full page names the key that the next one follows, a short one is the last", () => {
    expect(pageOf(["a", "b"], 2, (row) => row)).toEqual({ rows: ["a", "b"], next: "b" });
    expect(pageOf(["a"], 2, (row) => row)).toEqual({ rows: ["a"], next: null });
    expect(pageOf([], 2, String)).toEqual({ rows: [], next: null });
  });

  test("orders are walked page by page, one drop or all", async () => {
    const { call, rows } = fakeConsole();
    const order = (n: number, dropId: string) => ({ orderId: orderId(0, n), dropId }) as OrderRow;
    rows.orders.push(order(1, "spring"), order(2, "autumn"), order(3, "spring"));
    const ids = async (query: string) => {
      const { body } = await call("GET", `/v1/orders?${query}`);
      return [body.rows.map((row: OrderRow) => row.orderId), body.next];
    };
    expect(await ids("drop=spring&limit=1")).toEqual([[orderId(0, 1)], orderId(0, 1)]);
    expect(await ids(`drop=spring&limit=2&after=${orderId(0, 1)}`)).toEqual([[orderId(0, 3)], null]);
    expect((await ids(""))[0]).toHaveLength(3);
  });

  test("attempts are walked by order and number", async () => {
    const { call, rows } = fakeConsole();
    const attempt = (n: number, number: number) =>
      ({ orderId: orderId(0, n), attempt: number }) as AttemptRow;
    rows.attempts.push(attempt(1, 1), attempt(1, 2), attempt(2, 1));
    const first = await call("GET", "/v1/attempts?limit=2");
    expect(first.body.next).toBe(`${orderId(0, 1)}:2`);
    const second = await call("GET", `/v1/attempts?limit=2&after=${first.body.next}`);
    expect(second.body).toEqual({ rows: [attempt(2, 1)], next: null });
  });
});

describe("redrive", () => {
  const parked = (order: string | null) => ({
    messageId: "message-1",
    queue: "dropline-payments",
    body: "{}",
    orderId: order,
    parkedAtMs: 1,
    redrivenAtMs: null,
  });

  test("makes the order's command due, marks the row and logs who asked", async () => {
    const asked: string[] = [];
    const { call, rows } = fakeConsole({ redrive: async (id) => asked.push(id) > 0 });
    rows.parked.push(parked(orderId(3, 1)));
    const answer = await call("POST", "/v1/parked/message-1/redrive");
    expect(answer.body).toEqual({
      messageId: "message-1",
      orderId: orderId(3, 1),
      due: true,
      redrivenAtMs: NOW_MS,
    });
    expect(asked).toEqual([orderId(3, 1)]);
    expect(rows.parked[0]?.redrivenAtMs).toBe(NOW_MS);
    expect((await call("GET", "/v1/operator-log")).body.rows).toMatchObject([
      { action: "redrive", subject: "message-1" },
    ]);
  });

  test("says so when nothing was due, and when a message names no order", async () => {
    const settled = fakeConsole({ redrive: async () => false });
    settled.rows.parked.push(parked(orderId(3, 1)));
    expect((await settled.call("POST", "/v1/parked/message-1/redrive")).body.due).toBe(false);
    const nameless = fakeConsole();
    nameless.rows.parked.push(parked(null));
    expect((await nameless.call("POST", "/v1/parked/message-1/redrive")).body.due).toBe(false);
  });

  test("an unknown message is message_not_found", async () => {
    const { call } = fakeConsole();
    expect((await call("POST", "/v1/parked/message-9/redrive")).body.code).toBe("message_not_found");
  });
});
