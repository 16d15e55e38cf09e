import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import type { DeliveryId } from "../../schema/events.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { EndpointId } from "../../schema/webhooks.ts";
import { healthAfter, judge, mailDelayMs, webhookDelayMs } from "../../workers/console/webhooks/schedule.ts";
import {
  newKey,
  rotated,
  secretOf,
  signedHeaders,
  signingNow,
} from "../../workers/console/webhooks/signing-keys.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import { keysetOf } from "./edge-keysets.ts";

const failure = { isTaken: false, status: 500, reason: "status_500", retryAfterMs: null };
const success = { isTaken: true, status: 200, reason: "taken", retryAfterMs: null };

describe("the pause before the next try", () => {
  test("grows by three, stays under its bound, and is never less than half of it", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (tries, draw) => {
          const boundMs = Math.min(LIMITS.webhookRetryMaxMs, LIMITS.webhookRetryBaseMs * 3 ** (tries - 1));
          const delayMs = webhookDelayMs(tries, null, () => draw);
          expect(delayMs).toBeGreaterThanOrEqual(Math.floor(boundMs / 2));
          expect(delayMs).toBeLessThanOrEqual(boundMs);
        },
      ),
    );
  });

  test("is as long as the receiver asks for, up to the bound, which Queues can wait", () => {
    expect(webhookDelayMs(1, 60_000, () => 0)).toBe(60_000);
    expect(webhookDelayMs(1, 10 ** 9, () => 0)).toBe(LIMITS.webhookRetryMaxMs);
    expect(LIMITS.webhookRetryMaxMs).toBeLessThanOrEqual(12 * 60 * 60 * 1_000);
  });

  test("of a mail never exceeds an hour", () => {
    for (let tries = 1; tries <= LIMITS.mailTriesMax; tries++)
      expect(mailDelayMs(tries, () => 0.999)).toBeLessThanOrEqual(LIMITS.mailRetryMaxMs);
  });
});

describe("what becomes of a delivery", () => {
  test("taken is delivered, on whichever try", () => {
    expect(judge(success, LIMITS.webhookTriesMax, () => 0)).toEqual({ state: "delivered" });
  });

  test("the last try but one waits, the last is parked with its reason", () => {
    expect(judge(failure, LIMITS.webhookTriesMax - 1, () => 0)).toMatchObject({ state: "pending" });
    expect(judge(failure, LIMITS.webhookTriesMax, () => 0)).toEqual({
      state: "parked",
      reason: "status_500",
    });
  });

  test("410 is parked at once", () => {
    expect(judge({ ...failure, status: 410 }, 1, () => 0)).toEqual({ state: "parked", reason: "gone" });
  });
});

describe("an endpoint's health", () => {
  test("it is failing from the first failure on, until something gets through", () => {
    expect(healthAfter(null, [failure], 5)).toEqual({ failingSinceMs: 5, disabledReason: null });
    expect(healthAfter(5, [failure], 9)).toEqual({ failingSinceMs: 5, disabledReason: null });
    expect(healthAfter(5, [failure, success], 9)).toEqual({ failingSinceMs: null, disabledReason: null });
  });

  test("it is switched off once nothing got through for the whole of its time, and not a millisecond before", () => {
    const endMs = 5 + LIMITS.webhookDisableAfterMs;
    expect(healthAfter(5, [failure], endMs - 1).disabledReason).toBeNull();
    expect(healthAfter(5, [failure], endMs).disabledReason).toBe("failing");
    expect(healthAfter(5, [success], endMs).disabledReason).toBeNull();
  });

  test("410 switches it off at once", () => {
    expect(healthAfter(null, [success, { ...failure, status: 410 }], 5).disabledReason).toBe("gone");
  });
});

describe("signing keys", () => {
  const keyset = parseKeyset("WEBHOOK_KEYS", keysetOf(["w1", 9]));
  let drawn = 0;
  const draw = (nowMs: number) => ({
    kid: "w1",
    nowMs,
    randomHex: (bytes: number) => String(++drawn).padStart(bytes * 2, "0"),
  });
  const endpointId = "shop" as EndpointId;

  test("after a rotation both sign until the old one's time is over, then the new one alone", () => {
    const before = [newKey(draw(0))];
    const keys = rotated(before, 1_000, draw(10));
    expect(keys).toHaveLength(2);
    expect(keys[1]).toEqual({ ...before[0], retiresAtMs: 1_010 });
    expect(signingNow(keys, 1_009)).toEqual(keys);
    expect(signingNow(keys, 1_010)).toEqual([keys[0]]);
  });

  test("there are never more than two, and never none", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 5_000 }), { maxLength: 20 }),
        fc.nat({ max: 100_000 }),
        (overlaps, nowMs) => {
          let keys = [newKey(draw(0))];
          for (const [at, keepOldMs] of overlaps.entries()) keys = rotated(keys, keepOldMs, draw(at * 1_000));
          expect(keys.length).toBeLessThanOrEqual(2);
          expect(signingNow(keys, nowMs)[0]).toEqual(keys[0]);
        },
      ),
    );
  });

  test("nothing kept of the old one when no overlap is wanted", () => {
    expect(rotated([newKey(draw(0))], 0, draw(1))).toHaveLength(1);
  });

  test("the library verifies with either secret, and with no other", async () => {
    const keys = rotated([newKey(draw(0))], 1_000, draw(10));
    const secrets = await Promise.all(keys.map((key) => secretOf(keyset, endpointId, key)));
    const body = '{"type":"order.confirmed"}';
    const headers = signedHeaders(secrets, { deliveryId: "dlv_1" as DeliveryId, nowMs: Date.now(), body });
    expect(new Set(secrets).size).toBe(2);
    for (const secret of secrets) expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    const other = await secretOf(keyset, "other" as EndpointId, keys[0] ?? newKey(draw(0)));
    expect(() => new Webhook(other).verify(body, headers)).toThrow();
    expect(() => new Webhook(secrets[0] ?? "").verify(`${body} `, headers)).toThrow();
  });

  test("a secret is the same each time, and 32 bytes", async () => {
    const key = newKey(draw(0));
    const secret = await secretOf(keyset, endpointId, key);
    expect(await secretOf(keyset, endpointId, key)).toBe(secret);
    expect(Buffer.from(secret.slice("whsec_".length), "base64")).toHaveLength(32);
  });
});
