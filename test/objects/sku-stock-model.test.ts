import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { LedgerRow } from "../../schema/rpc.ts";
import {
  fingerprint,
  OPENS_AT_MS,
  orderId,
  reservationId,
  reserveItem,
  shopperId,
} from "../unit/sku-stock-fakes.ts";
import { freshSku, setClock, useClock } from "./fresh.ts";

useClock();

const CASES = 500;
const TTL_MS = 10_000;
const PER_SHOPPER = 2;

type Row = {
  state: string;
  quantity: number;
  shopper: number;
  body: number;
  endsAtMs: number;
  order: number | null;
  step: number;
};
type Act =
  | { kind: "reserve"; number: number; quantity: number; body: number }
  | { kind: "pin" | "commit" | "late" | "release"; number: number; order: number; step: number }
  | { kind: "adjust"; id: number; delta: number }
  | { kind: "pass"; ms: number }
  | { kind: "evict" | "alarm" };

const shopperOf = (number: number) => (number % 3) + 1;

/** What a SKU should do, said as plainly as possible; the object is held against it. */
class Model {
  stock: number;
  nowMs = OPENS_AT_MS;
  readonly rows = new Map<number, Row>();
  readonly adjusted = new Map<number, number>();

  constructor(stock: number) {
    this.stock = stock;
  }

  units(...states: string[]): number {
    return [...this.rows.values()].reduce(
      (sum, row) => sum + (states.includes(row.state) ? row.quantity : 0),
      0,
    );
  }
  get available(): number {
    return this.stock - this.units("held", "pinned", "committed");
  }
  held(shopper: number): number {
    return [...this.rows.values()]
      .filter((row) => row.shopper === shopper && ["held", "pinned", "committed"].includes(row.state))
      .reduce((sum, row) => sum + row.quantity, 0);
  }
  sweep(): void {
    for (const row of this.rows.values())
      if (row.state === "held" && row.endsAtMs <= this.nowMs) row.state = "lapsed";
  }

  reserve(number: number, quantity: number, body: number): string {
    this.sweep();
    const row = this.rows.get(number);
    if (row && row.body !== body) return "idempotency_key_reused";
    if (row) return ["released", "lapsed"].includes(row.state) ? "reservation_lapsed" : row.state;
    if (this.held(shopperOf(number)) + quantity > PER_SHOPPER) return "shopper_limit_reached";
    if (this.available < quantity)
      return this.units("committed") === this.stock ? "sold_out" : "all_reserved";
    const endsAtMs = this.nowMs + TTL_MS;
    this.rows.set(number, {
      state: "held",
      quantity,
      shopper: shopperOf(number),
      body,
      endsAtMs,
      order: null,
      step: 0,
    });
    return "held";
  }

  step(kind: "pin" | "commit" | "late" | "release", number: number, order: number, step: number): string {
    this.sweep();
    const row = this.rows.get(number);
    if (!row) return "reservation_not_found";
    if (kind === "pin" ? row.order !== null && row.order !== order : row.order !== order)
      return kind === "pin" ? "reservation_taken" : "reservation_not_found";
    if (step < row.step) return "request_in_progress";
    const isBack = row.state === "released" || row.state === "lapsed";
    const to = (state: string): string => {
      Object.assign(row, { state, order, step });
      return state;
    };
    if (kind === "pin")
      return isBack ? "reservation_lapsed" : row.state === "held" ? to("pinned") : row.state;
    if (kind === "release") return to(isBack ? row.state : "released");
    if (row.state === "committed") return "committed";
    if (row.state === "pinned") return to("committed");
    if (kind === "commit") return "reservation_lapsed";
    if (this.available < row.quantity) return "sold_out";
    return this.held(row.shopper) + row.quantity > PER_SHOPPER ? "reservation_lapsed" : to("committed");
  }

  adjust(id: number, delta: number): string {
    this.sweep();
    const before = this.adjusted.get(id);
    if (before !== undefined) return before === delta ? "ok" : "invalid_request";
    if (this.available + delta < 0) return "stock_below_taken";
    this.adjusted.set(id, delta);
    this.stock += delta;
    return "ok";
  }
}

const number = fc.integer({ min: 1, max: 5 });
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
      number,
      quantity: fc.constantFrom(1, 1, 2),
      body: fc.constantFrom(1, 1, 1, 2),
    }),
  },
  { weight: 10, arbitrary: stepAct },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("adjust" as const),
      id: fc.integer({ min: 1, max: 2 }),
      delta: fc.integer({ min: -2, max: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1, TTL_MS - 1, TTL_MS) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("evict" as const, "alarm" as const) }) },
);

test("in any history the object does what the model does, and its ledger adds up", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 3 }),
      fc.array(acts, { minLength: 4, maxLength: 18, size: "max" }),
      async (stock, history) => {
        setClock(OPENS_AT_MS);
        const model = new Model(stock);
        const one = await freshSku({ stock, perShopper: PER_SHOPPER, reservationTtlMs: TTL_MS });
        for (const act of history) expect(await ask(one, model, act)).toBe(tell(model, act));
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
    case "pass":
      model.nowMs += act.ms;
      return "";
    case "evict":
    case "alarm":
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
    case "adjust": {
      const [answer] = await one.rpc().adjust([{ adjustmentId: `a${act.id}`, delta: act.delta }]);
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
};
