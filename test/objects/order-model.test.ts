import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import type { BegunCommand, GatewayEvent, Outcome } from "../../schema/rpc/payments.ts";
import { Gateway, type Mood } from "../unit/order-gateway.ts";
import { OPENS_AT_MS } from "../unit/sku-stock-fakes.ts";
import { freshShop } from "./buying.ts";
import { pass, setClock, useClock } from "./fresh.ts";

useClock();

const CASES = 60;
const BUYERS = [1, 2, 3];

type Act =
  | { kind: "buy" | "begin" | "webhook"; pick: number }
  | { kind: "run"; pick: number; mood: Mood; isHeard: boolean }
  | { kind: "pay" | "alarm" | "evict"; pick: number }
  | { kind: "pass"; ms: number };

const pick = fc.nat({ max: 20 });
const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("buy" as const), pick }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("begin" as const), pick }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("run" as const),
      pick,
      mood: fc.constantFrom<Mood>("fine", "fine", "fine", "decline", "dead"),
      isHeard: fc.constantFrom(true, true, true, false),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("webhook" as const), pick }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom("pay" as const, "alarm" as const, "evict" as const), pick }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.constantFrom(500, 2_000, 30_000, 121_000),
    }),
  },
);

/** The same promises as the model in plain Node, held by the real objects, their storage and their alarms. */
test("in any history of the real objects every order ends, with its money and its unit in step", {
  timeout: 120_000,
}, async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 15, maxLength: 50, size: "max" }), async (history) => {
      setClock(OPENS_AT_MS);
      const shop = await freshShop({ stock: 2, reservationTtlMs: 30_000 });
      const captures = new Map<string, number>();
      const events: GatewayEvent[] = [];
      const commands: BegunCommand[] = [];
      const gateway = new Gateway({
        announce: (event) => events.push(event),
        onCapture: ({ orderId: id }) => captures.set(id, (captures.get(id) ?? 0) + 1),
      });
      const report = async (command: BegunCommand, outcome: Outcome) => {
        const next = await shop.report(command, outcome);
        if (next) commands.push(next);
      };
      const begin = async () => {
        for (const order of (await shop.rpc().audit(null)).orders) {
          const attempt = order.attempts.at(-1);
          if (!attempt || attempt.state === "final") continue;
          const [command] = await shop.rpc().begin([{ orderId: order.orderId, attempt: attempt.attempt }]);
          if (command) commands.push(command);
        }
      };
      const run = async (at: number, mood: Mood, isHeard: boolean) => {
        const [command] = commands.splice(at % commands.length, 1);
        if (!command) return;
        const outcome = gateway.run(command, mood, Date.now());
        if (isHeard) await report(command, outcome);
      };
      const hear = async (at: number) => {
        const [event] = events.splice(at % events.length, 1);
        if (event) await shop.rpc().gatewayEvents([event]);
      };
      const buy = async (number: number) => {
        await shop.reserve(number);
        await shop.rpc().place([shop.item(number, number === 3 ? { payment: { kind: "redirect" } } : {})]);
      };

      for (const number of BUYERS) await buy(number);
      for (const act of history) {
        if (act.kind === "buy") await buy(BUYERS[act.pick % 3] ?? 1);
        else if (act.kind === "begin") await begin();
        else if (act.kind === "run" && commands.length > 0) await run(act.pick, act.mood, act.isHeard);
        else if (act.kind === "webhook" && events.length > 0) await hear(act.pick);
        else if (act.kind === "pay") for (const session of gateway.sessions.values()) gateway.pay(session);
        else if (act.kind === "alarm") await shop.alarm();
        else if (act.kind === "pass") pass(act.ms);
        else if (act.kind === "evict") {
          await shop.rpc().audit(null);
          await evictDurableObject(shop.stub());
        }
        for (const count of captures.values()) expect(count).toBe(1);
      }

      for (let turn = 0; turn < 60; turn += 1) {
        pass(10_000);
        await shop.alarm();
        await begin();
        while (commands.length > 0) await run(0, "fine", true);
        const isOver = (await shop.rpc().audit(null)).orders.every(({ pollAfterMs }) => pollAfterMs === null);
        if (isOver && Date.now() > OPENS_AT_MS + 60_000) break;
      }
      pass(30_000);
      await runDurableObjectAlarm(shop.sku.stub());
      const { orders } = await shop.rpc().audit(null);
      const { reservations, level } = await shop.sku.rpc().audit(0, 0);
      expect(level?.reserved).toBe(0);
      for (const order of orders) {
        const row = reservations.find((one) => one.reservationId === order.reservationId);
        const kept = [...gateway.payments.values()].filter(
          ({ orderId: id, status }) =>
            id === order.orderId && (status === "authorized" || status === "captured"),
        );
        const facts = {
          status: order.status,
          unit: row?.state,
          kept: kept.map(({ status }) => status),
          captures: captures.get(order.orderId) ?? 0,
        };
        expect(order.pollAfterMs).toBeNull();
        if (order.status === "confirmed")
          expect(facts).toEqual({ status: "confirmed", unit: "committed", kept: ["captured"], captures: 1 });
        else {
          expect(facts).toMatchObject({
            status: "canceled",
            unit: expect.stringMatching(/^(released|lapsed)$/),
          });
          expect(order.attention !== null || kept.length === 0).toBe(true);
        }
      }
      expect(level?.sold).toBe(orders.filter(({ status }) => status === "confirmed").length);
    }),
    { numRuns: CASES },
  );
});
