import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { LedgerRow, StockChange } from "../../schema/rpc/sku-stock.ts";
import type { WaitAnswer, WaitingAnswer } from "../../schema/rpc/waiting-list.ts";
import {
  fingerprint,
  OPENS_AT_MS,
  orderId,
  reservationId,
  reserveItem,
  shopperId,
} from "../unit/sku-stock-fakes.ts";
import { freshSku, setClock, useClock } from "./fresh.ts";
import { type Act, Model, OFFER_MS, PER_SHOPPER, shopperOf, TTL_MS } from "./sku-model.ts";

useClock();

const CASES = 300;

const reserved = fc.integer({ min: 1, max: 5 });
const awaited = fc.integer({ min: 11, max: 16 });
const number = fc.oneof(reserved, awaited);
const stepAct = fc.record({
  kind: fc.constantFrom(
    "pin" as const,
    "pin" as const,
    "commit" as const,
    "late" as const,
    "release" as const,
  ),
  number,
  order: fc.constantFrom(1, 1, 1, 2),
  step: fc.integer({ min: 1, max: 5 }),
});
const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("reserve" as const),
      number: reserved,
      quantity: fc.constantFrom(1, 1, 2),
      body: fc.constantFrom(1, 1, 1, 2),
    }),
  },
  { weight: 10, arbitrary: stepAct },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      number: awaited,
      quantity: fc.constantFrom(1, 1, 2),
      body: fc.constantFrom(1, 1, 1, 2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("show" as const, "leave" as const), number: awaited }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("give_back" as const), number }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("adjust" as const),
      id: fc.integer({ min: 1, max: 3 }),
      delta: fc.integer({ min: -2, max: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("count" as const),
      id: fc.integer({ min: 1, max: 3 }),
      count: fc.integer({ min: 0, max: 4 }),
      agoMs: fc.constantFrom(0, 1, OFFER_MS, TTL_MS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("return" as const),
      id: fc.integer({ min: 1, max: 3 }),
      order: number.map((of) => of * 10 + 1),
      quantity: fc.constantFrom(1, 1, 2),
      isResellable: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.constantFrom(1, OFFER_MS, TTL_MS - 1, TTL_MS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("evict" as const, "alarm" as const) }) },
);

test("in any history the object does what the model does, and its ledger adds up", {
  timeout: 240_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 3 }),
      fc.array(acts, { minLength: 4, maxLength: 24, size: "max" }),
      async (stock, history) => {
        setClock(OPENS_AT_MS);
        const model = new Model(stock);
        const timing = { reservationTtlMs: TTL_MS, offerTtlMs: OFFER_MS };
        const one = await freshSku({ stock, perShopper: PER_SHOPPER, ...timing });
        for (const act of history) {
          expect(await ask(one, model, act)).toBe(tell(model, act));
          model.remember();
          const turn = model.first();
          if (turn) expect(turn.quantity).toBeGreaterThan(model.available);
        }
        await one.rpc().knock();
        model.sweep();
        const { level, ledger, reservations } = await one.rpc().audit(0, 0);
        expect(level).toMatchObject({
          stock: model.stock,
          available: model.available,
          reserved: model.units("held", "pinned"),
          sold: model.units("committed"),
        });
        expect(reservations.map(({ state }) => state)).toEqual(
          [...model.rows.values()].map(({ state }) => state),
        );
        checkLedger(ledger);
        const entries = model.list.map((entry) => one.rpc().showWaiting([waiting(entry.number)]));
        expect((await Promise.all(entries)).flat().map(toldEntry)).toEqual(
          model.list.map((entry) => model.view(entry)),
        );
        for (const shopper of [1, 2, 3]) expect(model.held(shopper)).toBeLessThanOrEqual(PER_SHOPPER);
      },
    ),
    { numRuns: CASES },
  );
});

function tell(model: Model, act: Act): string {
  switch (act.kind) {
    case "reserve":
      return model.reserve(act.number, act.quantity, act.body);
    case "adjust":
      return model.adjust(act.id, act.delta);
    case "count":
      return model.count(act.id, act.count, act.agoMs);
    case "return":
      return model.giveIn(act.id, act);
    case "wait":
      return model.wait(act.number, act.quantity, act.body);
    case "show":
      return model.show(act.number);
    case "leave":
      return model.leave(act.number);
    case "give_back":
      return model.giveBack(act.number);
    case "pass":
      model.nowMs += act.ms;
      return "";
    case "alarm":
      // What comes free is offered at that moment, and the offer's time runs from there.
      model.sweep();
      return "";
    case "evict":
      return "";
    default:
      return model.step(act.kind, act.number, act.order, act.step);
  }
}

async function ask(one: Awaited<ReturnType<typeof freshSku>>, model: Model, act: Act): Promise<string> {
  switch (act.kind) {
    case "reserve": {
      const { number: at, quantity, body } = act;
      const item = { shopperId: shopperId(shopperOf(at)), quantity, fingerprint: fingerprint(body) };
      const [answer] = await one.rpc().reserve([reserveItem(at, item)]);
      return answer?.ok ? answer.value.state : (answer?.refusal.code ?? "");
    }
    case "adjust":
    case "count":
    case "return": {
      const [answer] = await one
        .rpc()
        .adjust([{ adjustmentId: `a${act.id}`, change: toChange(act, model), reason: "" }]);
      return answer?.ok ? answer.value.outcome : (answer?.refusal.code ?? "");
    }
    case "wait": {
      const { number: at, quantity, body } = act;
      const item = { shopperId: shopperId(shopperOf(at)), quantity, fingerprint: fingerprint(body) };
      return toldEntry((await one.rpc().wait([reserveItem(at, item)]))[0]);
    }
    case "show":
      return toldEntry((await one.rpc().showWaiting([waiting(act.number)]))[0]);
    case "leave":
      return toldEntry((await one.rpc().leaveWaiting([waiting(act.number)]))[0]);
    case "give_back": {
      const [answer] = await one
        .rpc()
        .giveBack([{ ...waiting(act.number), createdAtMs: null, isFirstLine: true }]);
      return answer?.ok ? "ok" : (answer?.refusal.code ?? "");
    }
    case "pass":
      setClock(model.nowMs + act.ms);
      return "";
    case "evict":
      await one.rpc().audit(0, 0);
      await evictDurableObject(one.stub());
      return "";
    case "alarm":
      await runDurableObjectAlarm(one.stub());
      return "";
    default: {
      const { kind, number: at, order, step } = act;
      const item = { reservationId: reservationId(at), orderId: orderId(at * 10 + order), step };
      const rpc = one.rpc();
      const [answer] = await (kind === "pin"
        ? rpc.pin([{ ...item, shopperId: shopperId(shopperOf(at)) }])
        : kind === "release"
          ? rpc.release([item])
          : rpc.commit([{ ...item, late: kind === "late" }]));
      return answer?.ok ? answer.value.state : (answer?.refusal.code ?? "");
    }
  }
}

function toChange(act: Extract<Act, { kind: "adjust" | "count" | "return" }>, model: Model): StockChange {
  if (act.kind === "adjust") return { kind: "difference", delta: act.delta };
  if (act.kind === "count") return { kind: "count", count: act.count, asOfMs: model.nowMs - act.agoMs };
  const { quantity, isResellable } = act;
  return { kind: "return", orderId: orderId(act.order), quantity, isResellable };
}

const waiting = (at: number) => ({
  reservationId: reservationId(at),
  shopperId: shopperId(shopperOf(at)),
});

function toldEntry(answer: WaitAnswer | WaitingAnswer | undefined): string {
  if (!answer?.ok) return answer?.refusal.code ?? "";
  const { state, ahead } = answer.value;
  return ahead === null ? state : `${state} behind ${ahead}`;
}

/** Each line follows from the one before it, by its kind and quantity alone. */
function checkLedger(ledger: LedgerRow[]): void {
  let now = { stock: 0, available: 0, reserved: 0, sold: 0 };
  for (const { kind, quantity, stock, available, reserved, sold } of ledger) {
    const by = MOVES[kind];
    now = {
      stock: now.stock + quantity * by.stock,
      available: now.available + quantity * by.available,
      reserved: now.reserved + quantity * by.reserved,
      sold: now.sold + quantity * by.sold,
    };
    expect({ stock, available, reserved, sold }).toEqual(now);
  }
}

const MOVES = {
  configure: { stock: 1, available: 1, reserved: 0, sold: 0 },
  adjust: { stock: 1, available: 1, reserved: 0, sold: 0 },
  reserve: { stock: 0, available: -1, reserved: 1, sold: 0 },
  lapse: { stock: 0, available: 1, reserved: -1, sold: 0 },
  release: { stock: 0, available: 1, reserved: -1, sold: 0 },
  commit: { stock: 0, available: 0, reserved: -1, sold: 1 },
  reverse: { stock: 0, available: 1, reserved: 0, sold: -1 },
  late: { stock: 0, available: -1, reserved: 0, sold: 1 },
  give_back: { stock: 0, available: 1, reserved: -1, sold: 0 },
  offer: { stock: 0, available: -1, reserved: 1, sold: 0 },
  count: { stock: 1, available: 1, reserved: 0, sold: 0 },
  return: { stock: 0, available: 1, reserved: 0, sold: -1 },
  write_off: { stock: -1, available: 0, reserved: 0, sold: -1 },
};
