import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { LedgerRow, StockChange, WaitAnswer, WaitingAnswer } from "../../schema/rpc.ts";
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

const CASES = 300;
const TTL_MS = 10_000;
const OFFER_MS = 4_000;
const PER_SHOPPER = 2;

type Row = {
  state: string;
  quantity: number;
  shopper: number;
  body: number;
  endsAtMs: number;
  order: number | null;
  step: number;
  returned: number;
};
type Entry = {
  number: number;
  shopper: number;
  quantity: number;
  body: number;
  state: string;
  nextStep: number;
};
type Act =
  | { kind: "reserve"; number: number; quantity: number; body: number }
  | { kind: "pin" | "commit" | "late" | "release"; number: number; order: number; step: number }
  | { kind: "adjust"; id: number; delta: number }
  | { kind: "count"; id: number; count: number; agoMs: number }
  | { kind: "return"; id: number; order: number; quantity: number; isResellable: boolean }
  | { kind: "wait"; number: number; quantity: number; body: number }
  | { kind: "show" | "leave" | "give_back"; number: number }
  | { kind: "pass"; ms: number }
  | { kind: "evict" | "alarm" };

const shopperOf = (number: number) => (number % 3) + 1;

const TAKEN = ["held", "pinned", "committed"];

/** What a SKU should do, said as plainly as possible; the object is held against it. */
class Model {
  stock: number;
  nowMs = OPENS_AT_MS;
  readonly rows = new Map<number, Row>();
  readonly list: Entry[] = [];
  readonly adjusted = new Map<number, string>();
  readonly counts: { atMs: number; asOfMs: number; delta: number }[] = [];
  /** Units unsold after each act. */
  readonly history: { atMs: number; unsold: number }[] = [];

  constructor(stock: number) {
    this.stock = stock;
    this.remember();
  }

  remember(): void {
    this.history.push({ atMs: this.nowMs, unsold: this.stock - this.units("committed") });
  }
  units(...states: string[]): number {
    return [...this.rows.values()].reduce(
      (sum, row) => sum + (states.includes(row.state) ? row.quantity - row.returned : 0),
      0,
    );
  }
  get available(): number {
    return this.stock - this.units(...TAKEN);
  }
  held(shopper: number): number {
    return [...this.rows.values()]
      .filter((row) => row.shopper === shopper && TAKEN.includes(row.state))
      .reduce((sum, row) => sum + row.quantity - row.returned, 0);
  }
  sweep(): void {
    for (const row of this.rows.values())
      if (row.state === "held" && row.endsAtMs <= this.nowMs) row.state = "lapsed";
    this.offer();
  }

  /** Whose turn it is: the oldest whose units are free or may become so. */
  first(): Entry | undefined {
    const toCome = this.available + this.units("held", "pinned");
    return this.list.find(({ state, quantity }) => state === "waiting" && quantity <= toCome);
  }
  offer(): void {
    for (let entry = this.first(); entry && entry.quantity <= this.available; entry = this.first()) {
      const { number, shopper, quantity, body, nextStep } = entry;
      if (this.held(shopper) + quantity > PER_SHOPPER) entry.state = "left";
      else {
        entry.state = "offered";
        this.hold({ number, quantity, body, ttlMs: OFFER_MS, step: nextStep });
      }
    }
  }
  hold(row: { number: number; quantity: number; body: number; ttlMs: number; step?: number }) {
    const { number, quantity, body, ttlMs, step = 0 } = row;
    const endsAtMs = this.nowMs + ttlMs;
    const shopper = shopperOf(number);
    this.rows.set(number, {
      state: "held",
      quantity,
      shopper,
      body,
      endsAtMs,
      order: null,
      step,
      returned: 0,
    });
  }

  standing(entry: Entry): string {
    if (entry.state !== "offered") return entry.state;
    const state = this.rows.get(entry.number)?.state ?? "left";
    return { held: "offered", lapsed: "lapsed", left: "left" }[state] ?? "taken";
  }
  view(entry: Entry): string {
    const standing = this.standing(entry);
    if (standing !== "waiting") return standing;
    const before = this.list.slice(0, this.list.indexOf(entry));
    return `waiting behind ${before.filter(({ state }) => state === "waiting").length}`;
  }
  isOpen = (entry: Entry) => ["waiting", "offered"].includes(this.standing(entry));

  wait(number: number, quantity: number, body: number): string {
    this.sweep();
    const existing = this.list.find((entry) => entry.number === number);
    if (existing) return existing.body === body ? this.view(existing) : "idempotency_key_reused";
    const shopper = shopperOf(number);
    const open = this.list.find((entry) => entry.shopper === shopper && this.isOpen(entry));
    if (open) return open.quantity === quantity ? this.view(open) : "already_waiting";
    if (this.held(shopper) + quantity > PER_SHOPPER) return "shopper_limit_reached";
    const entry = { number, shopper, quantity, body, state: "waiting", nextStep: 0 };
    this.list.push(entry);
    this.offer();
    return this.view(entry);
  }
  show(number: number): string {
    this.sweep();
    const entry = this.list.find((one) => one.number === number);
    return entry ? this.view(entry) : "waiting_entry_not_found";
  }
  leave(number: number): string {
    this.sweep();
    const entry = this.list.find((one) => one.number === number);
    if (entry && this.isOpen(entry)) {
      if (entry.state === "offered") this.rows.delete(number);
      entry.state = "left";
      this.offer();
    }
    return this.show(number);
  }
  giveBack(number: number): string {
    this.leave(number);
    const state = this.rows.get(number)?.state;
    if (state === "held") this.rows.delete(number);
    this.offer();
    return state === "pinned" || state === "committed" ? "reservation_taken" : "ok";
  }

  reserve(number: number, quantity: number, body: number): string {
    this.sweep();
    const row = this.rows.get(number);
    if (row && row.body !== body) return "idempotency_key_reused";
    if (row) return ["released", "lapsed"].includes(row.state) ? "reservation_lapsed" : row.state;
    if (this.held(shopperOf(number)) + quantity > PER_SHOPPER) return "shopper_limit_reached";
    if (this.first() || this.available < quantity)
      return this.units("committed") === this.stock ? "sold_out" : "all_reserved";
    this.hold({ number, quantity, body, ttlMs: TTL_MS });
    return "held";
  }

  step(kind: "pin" | "commit" | "late" | "release", number: number, order: number, step: number): string {
    this.sweep();
    const row = this.rows.get(number);
    if (!row) {
      const waiting = this.list.find((entry) => entry.number === number && entry.state === "waiting");
      if (kind === "pin" && waiting) waiting.nextStep = Math.max(waiting.nextStep, step + 1);
      return "reservation_not_found";
    }
    const mayBeFree = kind === "pin" ? row.order === null : kind === "release" && row.state === "held";
    if (row.order !== order && !mayBeFree)
      return kind === "pin" ? "reservation_taken" : "reservation_not_found";
    const isBack = row.state === "released" || row.state === "lapsed";
    if (kind === "pin" && isBack) return "reservation_lapsed";
    if (step < row.step) return "request_in_progress";
    const to = (state: string): string => {
      if (kind === "late") row.returned = 0;
      Object.assign(row, { state, order, step });
      this.offer();
      return state;
    };
    if (kind === "pin") return row.state === "held" ? to("pinned") : row.state;
    if (kind === "release") return to(isBack ? row.state : "released");
    if (row.state === "committed") return "committed";
    if (row.state === "pinned") return to("committed");
    if (kind === "commit") return "reservation_lapsed";
    if (this.available < row.quantity) return "sold_out";
    return this.held(row.shopper) + row.quantity > PER_SHOPPER ? "reservation_lapsed" : to("committed");
  }

  /** One correction by its id; `make` answers with a refusal, or with what it did. */
  correct(id: number, body: string, make: () => string): string {
    this.sweep();
    const before = this.adjusted.get(id);
    if (before !== undefined) return before === body ? "applied" : "idempotency_key_reused";
    const made = make();
    if (made === "applied") this.adjusted.set(id, body);
    this.offer();
    return made;
  }
  adjust(id: number, delta: number): string {
    return this.correct(id, `difference ${delta}`, () => {
      if (this.available + delta < 0) return "stock_below_taken";
      this.stock += delta;
      return "applied";
    });
  }
  count(id: number, count: number, agoMs: number): string {
    const asOfMs = this.nowMs - agoMs;
    return this.correct(id, `count ${count} at ${asOfMs}`, () => {
      if (this.counts.some((earlier) => earlier.asOfMs > asOfMs)) return "stale";
      const then = this.history.findLast(({ atMs }) => atMs <= asOfMs);
      if (!then) return "invalid_request";
      // A count taken earlier and applied since knew more than the books of that moment.
      const since = this.counts
        .filter(({ atMs }) => atMs > asOfMs)
        .reduce((sum, { delta }) => sum + delta, 0);
      const delta = Math.max(count - then.unsold - since, -this.available);
      this.counts.push({ atMs: this.nowMs, asOfMs, delta });
      this.stock += delta;
      return "applied";
    });
  }
  giveIn(id: number, act: { order: number; quantity: number; isResellable: boolean }): string {
    const { order, quantity, isResellable } = act;
    return this.correct(id, `return ${order} ${quantity} ${isResellable}`, () => {
      const row = this.rows.get(Math.floor(order / 10));
      const isOurs = row?.state === "committed" && row.order === order % 10;
      if (!row || !isOurs || row.quantity - row.returned < quantity) return "return_exceeds_sold";
      row.returned += quantity;
      if (!isResellable) this.stock -= quantity;
      return "applied";
    });
  }
}

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

const waiting = (at: number) => ({ reservationId: reservationId(at), shopperId: shopperId(shopperOf(at)) });

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
