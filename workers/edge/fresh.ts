import { ok, type Result } from "../../schema/result.ts";
import { type Unavailable, unavailable } from "../combine.ts";
import { beside } from "./beside.ts";
import { boundedPut } from "./bounded-put.ts";
import type { Clock, Lifetime } from "./deps.ts";
import { TUNING } from "./tuning.ts";

type Loaded<Value> = Result<Value, Unavailable>;
type Entry<Value> = {
  held?: { value: Value; atMs: number };
  flight?: { landed: Promise<Loaded<Value>>; sinceMs: number } | undefined;
};

type Options<Value> = { clock: Clock; ttlMs: number; load: (key: string) => Promise<Loaded<Value>> };

/** A held value that is not `wanted` is renewed before its time, but not more often than each `renewAfterMs`. */
type Wanted<Value> = { is: (value: Value) => boolean; renewAfterMs: number };

/**
 * Keeps a value an isolate for `ttlMs`, one load at a time. While one request renews, the others take what is there,
 * if it is not older than twice that; else they wait for that load beside a timer of their own, and load for themselves
 * when it is late. While loads are refused, an old value serves for `staleWhileUnavailableMs`. Bounded: the key that
 * was not asked for longest goes first.
 */
export class Fresh<Value> {
  readonly #options: Options<Value>;
  readonly #entries = new Map<string, Entry<Value>>();

  constructor(options: Options<Value>) {
    this.#options = options;
  }

  async get(key: string, lifetime: Lifetime, wanted?: Wanted<Value>): Promise<Loaded<Value>> {
    const { clock, ttlMs } = this.#options;
    const entry = this.#touch(key);
    const ageMs = entry.held === undefined ? Number.POSITIVE_INFINITY : clock.now() - entry.held.atMs;
    if (entry.held !== undefined && ageMs < ttlMs) {
      if (wanted === undefined || ageMs < wanted.renewAfterMs || wanted.is(entry.held.value))
        return ok(entry.held.value);
    }
    const flight = entry.flight;
    if (flight !== undefined && clock.now() - flight.sinceMs < TUNING.flightWaitMs) {
      if (entry.held !== undefined && ageMs < 2 * ttlMs) return ok(entry.held.value);
      const landed = await beside(clock, flight.landed, TUNING.flightWaitMs);
      if (landed !== undefined) return landed;
    }
    const landed = this.#load(key, entry);
    entry.flight = { landed, sinceMs: clock.now() };
    // Others wait for this load: it goes on when the client that began it has left.
    lifetime.waitUntil(landed);
    return landed;
  }

  /** What is held and not due to be renewed, without a wait; else undefined: ask with `get`. */
  peek(key: string): Value | undefined {
    const held = this.#entries.get(key)?.held;
    return held !== undefined && this.#options.clock.now() - held.atMs < this.#options.ttlMs
      ? held.value
      : undefined;
  }

  /** Never rejects: a load that throws counts as unavailable. */
  async #load(key: string, entry: Entry<Value>): Promise<Loaded<Value>> {
    const { clock, load } = this.#options;
    const began = clock.now();
    const loaded = await load(key).catch(() => unavailable());
    if (entry.flight !== undefined && entry.flight.sinceMs <= began) entry.flight = undefined;
    if (loaded.ok) {
      entry.held = { value: loaded.value, atMs: clock.now() };
      return loaded;
    }
    const held = entry.held;
    if (held === undefined || clock.now() - held.atMs > TUNING.staleWhileUnavailableMs) return loaded;
    return ok(held.value);
  }

  #touch(key: string): Entry<Value> {
    const entry = this.#entries.get(key) ?? {};
    boundedPut(this.#entries, key, entry, TUNING.cachedDropsMax);
    return entry;
  }
}
