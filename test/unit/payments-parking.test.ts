import { describe, expect, test } from "vitest";
import { parkDeadLetters } from "../../workers/payments/park-dead-letters.ts";
import { aMessage, anOrder, aWorld, permanent } from "./payments-world.ts";

describe("dead letters", () => {
  test("each becomes a row before it is acknowledged", async () => {
    const world = aWorld({});
    const body = { orderId: anOrder(), attempt: 3 };
    const message = aMessage(body);
    const { park } = world.deps.parking;
    world.deps.parking.park = async (rows) => {
      expect(message.fate).toBe("open");
      await park(rows);
    };
    await parkDeadLetters([message], world.deps);
    expect(world.parked).toEqual([
      {
        messageId: message.id,
        queue: "dropline-payments-dead",
        body: JSON.stringify(body),
        orderId: body.orderId,
        parkedAtMs: expect.any(Number),
        redrivenAtMs: null,
      },
    ]);
    expect(message.fate).toBe("acked");
  });

  test("they come back when the database does not answer", async () => {
    const world = aWorld({});
    world.failures.park.push(permanent);
    const messages = [aMessage({ orderId: anOrder(), attempt: 1 }), aMessage(undefined)];
    await parkDeadLetters(messages, world.deps);
    expect(messages.map(({ fate }) => fate)).toEqual(["retried", "retried"]);
    expect(world.parked).toEqual([]);
  });

  test("a body that JSON cannot hold is kept as text", async () => {
    const world = aWorld({});
    await parkDeadLetters([aMessage(undefined), aMessage(1n)], world.deps);
    expect(world.parked.map(({ body }) => body)).toEqual(["undefined", "1"]);
  });
});
