import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TicketId } from "../../schema/ids.ts";
import { createJudge } from "../../workers/edge/bots/judge.ts";
import type { Shown } from "../../workers/edge/bots/rules.ts";
import { sessionPrint } from "../../workers/edge/bots/session-print.ts";
import { createVelocity } from "../../workers/edge/bots/velocity.ts";
import { addressKey, networkKey } from "../../workers/edge/identity/address-key.ts";
import { TUNING } from "../../workers/edge/tuning.ts";
import { FakeClock } from "./edge-clock.ts";
import { DROP, OPENS_AT } from "./edge-samples.ts";

const WINDOW = TUNING.velocityWindowMs;

let tickets = 0;
const ticket = () => (++tickets).toString(16).padStart(32, "0") as TicketId;

/** How many of so many joins in a row are taken for a bot's. */
function judged(
  count: number,
  {
    shown = "nothing",
    everyMs = 0,
    ...more
  }: { shown?: Shown; everyMs?: number } & Partial<{
    addressOf: (at: number) => string;
    printOf: (at: number) => string;
  }> = {},
): number {
  const clock = new FakeClock();
  const judge = createJudge(clock);
  let bots = 0;
  for (let at = 0; at < count; at++) {
    clock.set(OPENS_AT + at * everyMs);
    const address = more.addressOf?.(at) ?? "198.51.100.7";
    const print = more.printOf?.(at) ?? "phone";
    if (judge.isBot(ticket(), { dropId: DROP, address, print }, shown)) bots++;
  }
  return bots;
}

describe("a velocity", () => {
  test("never counts more than came within two windows, and always this time", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 3_000 }), { maxLength: 60 }), (gaps) => {
        const clock = new FakeClock();
        const velocity = createVelocity(clock, { windowMs: 10_000, keysMax: 4 });
        const times: number[] = [];
        for (const gap of gaps) {
          clock.set(clock.now() + gap);
          times.push(clock.now());
          const counted = velocity.count("k");
          const within = (ms: number) => times.filter((time) => time > clock.now() - ms).length;
          expect(counted).toBeLessThanOrEqual(within(20_000));
          expect(counted).toBeGreaterThanOrEqual(1);
        }
      }),
    );
  });

  test("is exact for a burst, and forgets it after two windows", () => {
    const clock = new FakeClock();
    const velocity = createVelocity(clock, { windowMs: WINDOW, keysMax: 4 });
    for (let time = 1; time <= 50; time++) expect(velocity.count("k")).toBe(time);
    clock.set(OPENS_AT + 1.5 * WINDOW);
    expect(velocity.count("k")).toBe(1 + 25);
    clock.set(OPENS_AT + 3 * WINDOW);
    expect(velocity.count("k")).toBe(1);
  });

  test("keeps at most its number of keys, and made-up ones do not push out one that keeps coming", () => {
    const velocity = createVelocity(new FakeClock(), { windowMs: WINDOW, keysMax: 100 });
    for (let time = 1; time <= 2_000; time++) {
      expect(velocity.count("hot")).toBe(time);
      velocity.count(`made-up ${time}`);
    }
    expect(velocity.count("made-up 1")).toBe(1);
    expect(velocity.count("made-up 2000")).toBe(2);
  });

  test("is not confused by a clock that steps back", () => {
    const clock = new FakeClock();
    const velocity = createVelocity(clock, { windowMs: WINDOW, keysMax: 4 });
    velocity.count("k");
    clock.set(OPENS_AT - 60_000);
    expect(velocity.count("k")).toBe(2);
  });
});

describe("who joins is judged by how many like it join", () => {
  test("from one address: as many alike as a stadium's are people, one more in the same seconds is a bot", () => {
    expect(judged(TUNING.alikeFromAddressMax)).toBe(0);
    expect(judged(TUNING.alikeFromAddressMax + 1)).toBe(1);
  });

  test("from one network: at the threshold nobody, past it whoever comes then, whatever its address", () => {
    const addressOf = (at: number) => `198.51.100.${at % 256}`;
    expect(judged(TUNING.alikeFromNetworkMax, { addressOf })).toBe(0);
    expect(judged(TUNING.alikeFromNetworkMax + 5, { addressOf })).toBe(5);
  });

  test("10,000 sessions of one script in a minute are held apart but for the few that a crowd could be", () => {
    expect(10_000 - judged(10_000, { everyMs: 6 })).toBe(TUNING.alikeFromAddressMax);
  });

  test("a mobile network's thousand people behind one address all get in: they look different, and take minutes", () => {
    // A third of them has the same phone and language, and they come within four minutes.
    const printOf = (at: number) => (at % 3 === 0 ? "the most usual phone" : `kind ${at % 40}`);
    expect(judged(1_000, { everyMs: 240, printOf })).toBe(0);
  });

  test("many alike from all over the world are a crowd", () => {
    const addressOf = (at: number) => `${20 + (at % 200)}.${(at >> 8) % 256}.${at % 256}.1`;
    expect(judged(5_000, { addressOf })).toBe(0);
  });

  test("a solved challenge makes more of them believable, a shown person all", () => {
    const most = TUNING.alikeFromAddressMax * TUNING.challengedLeniency;
    expect(judged(most, { shown: "challenge" })).toBe(0);
    expect(judged(most + 1, { shown: "challenge" })).toBe(1);
    expect(judged(2_000, { shown: "person" })).toBe(0);
  });

  test("a repeat does not count and is judged as it was", () => {
    const judge = createJudge(new FakeClock());
    const joining = { dropId: DROP, address: "198.51.100.7", print: "phone" };
    const own = ticket();
    for (let time = 0; time < 1_000; time++) expect(judge.isBot(own, joining, "nothing")).toBe(false);
    const flood = Array.from({ length: 100 }, ticket);
    const first = flood.map((id) => judge.isBot(id, joining, "nothing"));
    expect(first.filter((isBot) => !isBot)).toHaveLength(TUNING.alikeFromAddressMax - 1);
    expect(flood.map((id) => judge.isBot(id, joining, "nothing"))).toEqual(first);
    expect(judge.isBot(own, joining, "nothing")).toBe(false);
  });
});

describe("a network", () => {
  test.each([
    ["198.51.100.7", "198.51.100.0/24"],
    ["::ffff:198.51.100.7", "198.51.100.0/24"],
    ["2001:db8:1:2::1", "2001:db8:1::/48"],
    ["2001:0DB8:0001:ffff:1:2:3:4", "2001:db8:1::/48"],
    ["2001:db8::1", "2001:db8:0::/48"],
    ["nonsense", "nonsense"],
  ])("of %s is %s", (address, network) => expect(networkKey(address)).toBe(network));

  test("holds its addresses: who shares the one shares the other", () => {
    const ipv6 = fc.tuple(fc.ipV6(), fc.ipV6());
    fc.assert(
      fc.property(fc.oneof(ipv6, fc.tuple(fc.ipV4(), fc.ipV4())), ([one, other]) => {
        if (addressKey(one) === addressKey(other)) expect(networkKey(one)).toBe(networkKey(other));
      }),
    );
  });
});

describe("a session's print", () => {
  const PHONE = { "User-Agent": "Phone/1", "Accept-Language": "de" };
  const printOf = (headers: Record<string, string>, connection = {}) =>
    sessionPrint((name) => headers[name], connection);

  test("is the same for requests that look alike, and no other", () => {
    expect(printOf(PHONE)).toBe(printOf({ ...PHONE }));
    expect(printOf({ ...PHONE, "Accept-Language": "fr" })).not.toBe(printOf(PHONE));
    expect(printOf(PHONE, { tlsCipher: "x" })).not.toBe(printOf(PHONE));
    expect(printOf({ "User-Agent": "a", Accept: "b" })).not.toBe(printOf({ "User-Agent": "a\nb" }));
  });

  test("has a fixed length whatever is sent", () => {
    expect(printOf({ "User-Agent": "x".repeat(100_000) })).toHaveLength(22);
    expect(printOf({})).toHaveLength(22);
  });
});
