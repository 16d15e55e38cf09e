import { OPENS_AT_MS } from "../unit/sku-stock-fakes.ts";

export const TTL_MS = 10_000;
export const OFFER_MS = 4_000;
export const PER_SHOPPER = 2;

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
export type Act =
  | { kind: "reserve"; number: number; quantity: number; body: number }
  | { kind: "pin" | "commit" | "late" | "release"; number: number; order: number; step: number }
  | { kind: "adjust"; id: number; delta: number }
  | { kind: "count"; id: number; count: number; agoMs: number }
  | { kind: "return"; id: number; order: number; quantity: number; isResellable: boolean }
  | { kind: "wait"; number: number; quantity: number; body: number }
  | { kind: "show" | "leave" | "give_back"; number: number }
  | { kind: "pass"; ms: number }
  | { kind: "evict" | "alarm" };

export const shopperOf = (number: number) => (number % 3) + 1;

const TAKEN = ["held", "pinned", "committed"];

/** What a SKU should do, said as plainly as possible; the object is held against it. */
export class Model {
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
