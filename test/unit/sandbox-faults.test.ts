import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chooseFault, Faults } from "../../scripts/sandbox/faults.ts";
import type { Sandbox } from "../../scripts/sandbox/server.ts";
import { clientOf, freshOrder, startTestSandbox } from "./sandbox-client.ts";

let sandbox: Sandbox;
let client: ReturnType<typeof clientOf>;

beforeEach(async () => {
  sandbox = await startTestSandbox({ faults: { hangMs: 200, lateMs: 500 } });
  client = clientOf(sandbox.url);
});
afterEach(() => sandbox.close());

const outcomeOf = async (order: string) => (await client.get(`/v1/operations/${order}:authorize:1`)).status;

describe("tokens", () => {
  test("tok_timeout_before hangs without doing it, and the same key then works", async () => {
    const order = freshOrder();
    await expect(client.pay(order, "tok_timeout_before")).rejects.toThrow();
    expect(await outcomeOf(order)).toBe(404);
    expect((await client.pay(order, "tok_timeout_before")).status).toBe(201);
  });

  test("tok_timeout_after does it and then hangs; the same key tells what was done", async () => {
    const order = freshOrder();
    await expect(client.pay(order, "tok_timeout_after")).rejects.toThrow();
    expect(await outcomeOf(order)).toBe(200);
    expect((await client.pay(order, "tok_timeout_after")).headers.get("idempotent-replayed")).toBe("true");
    expect((await client.ledger()).payments).toHaveLength(1);
  });

  test("tok_error_500 fails every time and does nothing", async () => {
    const order = freshOrder();
    expect((await client.pay(order, "tok_error_500")).status).toBe(500);
    expect((await client.pay(order, "tok_error_500")).status).toBe(500);
    expect(await outcomeOf(order)).toBe(404);
  });

  test("tok_late is done only after lateMs, and a repeat that overtakes it does not pay twice", async () => {
    const order = freshOrder();
    const late = client.pay(order, "tok_late");
    await new Promise((done) => setTimeout(done, 30));
    expect(await outcomeOf(order)).toBe(404);
    const again = await client.pay(order, "tok_late");
    expect((await late).body.id).toBe(again.body.id);
    expect((await client.ledger()).payments).toHaveLength(1);
  });

  test("tok_capture_timeout_after captures and then hangs", async () => {
    const order = freshOrder();
    const { body } = await client.pay(order, "tok_capture_timeout_after");
    const path = `/v1/payments/${body.id}/capture`;
    await expect(client.post(path, `${order}:capture:2`)).rejects.toThrow();
    expect((await client.ledger()).payments).toMatchObject([{ capturedMinor: 12_900 }]);
    expect((await client.post(path, `${order}:capture:2`)).status).toBe(200);
  });
});

describe("rates", () => {
  test("each rate at 1 befalls every request, and is counted", async () => {
    await client.put("/control/faults", { timeoutBeforeRate: 1, hangMs: 20 });
    const before = freshOrder();
    await expect(client.pay(before)).rejects.toThrow();
    await client.put("/control/faults", { timeoutAfterRate: 1, hangMs: 20 });
    const after = freshOrder();
    await expect(client.pay(after)).rejects.toThrow();
    await client.put("/control/faults", { errorRate: 1 });
    expect((await client.pay(freshOrder())).status).toBe(500);
    await client.put("/control/faults", { declineRate: 1 });
    expect((await client.pay(freshOrder())).status).toBe(402);
    await client.put("/control/faults", { lateRate: 1, lateMs: 60, latencyMs: 60 });
    const startedAt = performance.now();
    expect((await client.pay(freshOrder())).status).toBe(201);
    expect(performance.now() - startedAt).toBeGreaterThan(110);
    await client.put("/control/faults", {});
    expect([await outcomeOf(before), await outcomeOf(after)]).toEqual([404, 200]);
    expect((await client.ledger()).injected).toEqual({
      timeout_before: 1,
      timeout_after: 1,
      error: 1,
      late: 1,
    });
  });

  test("faults follow from seed, key and try alone", () => {
    const faults = Faults.parse({
      seed: 7,
      timeoutBeforeRate: 0.1,
      timeoutAfterRate: 0.1,
      errorRate: 0.1,
      lateRate: 0.1,
    });
    const play = (given: Faults, nth: number) =>
      Array.from({ length: 2_000 }, (_, index) => chooseFault(given, `order-${index}`, nth));
    expect(play(faults, 1)).toEqual(play(faults, 1));
    expect(play(faults, 1)).not.toEqual(play(faults, 2));
    expect(play(faults, 1)).not.toEqual(play({ ...faults, seed: 8 }, 1));
    for (const fault of ["timeout_before", "timeout_after", "error", "late"] as const) {
      const share = play(faults, 1).filter((one) => one === fault).length / 2_000;
      expect(share).toBeGreaterThan(0.07);
      expect(share).toBeLessThan(0.13);
    }
  });

  test("rates that exceed 1 together are refused", async () => {
    const { body } = await client.put("/control/faults", { timeoutBeforeRate: 0.6, errorRate: 0.6 });
    expect(body.error?.code).toBe("invalid_request");
  });
});
