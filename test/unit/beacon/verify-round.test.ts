import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { roundAfter, roundDueAtMs } from "../../../durable-objects/drop-queue/beacon/rounds.ts";
import { beaconSettings } from "../../../durable-objects/drop-queue/beacon/settings.ts";
import { isSignatureOf, randomnessOf } from "../../../durable-objects/drop-queue/beacon/verify-round.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { LOCAL_BEACON } from "../../../scripts/sandbox/beacon/local-beacon.ts";
import { localChainHash, localPublicKey, signRound } from "../../../scripts/sandbox/beacon/sign-round.ts";
import LOCAL_ROUNDS from "./local-rounds.json" with { type: "json" };
import { QUICKNET_ROUNDS } from "./quicknet-rounds.ts";

const DEPLOYED = readFileSync(join(import.meta.dirname, "../../../durable-objects/wrangler.toml"), "utf8");
const deployed = (name: string) => new RegExp(`^${name} = (['"])(.*)\\1$`, "m").exec(DEPLOYED)?.[2] ?? "";
const SETTINGS = { BEACON: deployed("BEACON"), BEACON_URLS: deployed("BEACON_URLS") };
const quicknet = beaconSettings(SETTINGS).beacon;
const [FIRST, SECOND] = QUICKNET_ROUNDS as [(typeof QUICKNET_ROUNDS)[0], (typeof QUICKNET_ROUNDS)[0]];

describe("the beacon that is deployed", () => {
  test.each(QUICKNET_ROUNDS)(
    "verifies round $round as drand published it",
    ({ round, signature, randomness }) => {
      expect(isSignatureOf(quicknet, round, signature)).toBe(true);
      if (randomness) expect(Buffer.from(randomnessOf(signature)).toString("hex")).toBe(randomness);
    },
  );

  test("refuses a true signature for any other round", () => {
    for (const round of [FIRST.round - 1, FIRST.round + 1, SECOND.round, 1])
      expect(isSignatureOf(quicknet, round, FIRST.signature)).toBe(false);
  });

  test("refuses a true round of another beacon, and one's own of quicknet's", () => {
    expect(isSignatureOf(LOCAL_BEACON, FIRST.round, FIRST.signature)).toBe(false);
    expect(isSignatureOf(quicknet, 7, signRound(7))).toBe(false);
  });

  test("refuses a signature with any one bit changed", () => {
    const bytes = Buffer.from(FIRST.signature, "hex");
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(isSignatureOf(quicknet, FIRST.round, changed.toString("hex"))).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  test("refuses what is no signature, without throwing", () => {
    const infinity = `c0${"00".repeat(47)}`;
    const uncompressed = bls12_381.G1.Point.fromHex(FIRST.signature).toHex(false);
    const negated = bls12_381.G1.Point.fromHex(FIRST.signature).negate().toHex(true);
    for (const signature of [
      "",
      "zz",
      "00".repeat(48),
      infinity,
      uncompressed,
      negated,
      `${FIRST.signature}00`,
    ])
      expect(isSignatureOf(quicknet, FIRST.round, signature), signature).toBe(false);
  });

  test("refuses everything under a key that is none, or the point at infinity", () => {
    for (const publicKey of ["", "00".repeat(96), `c0${"00".repeat(95)}`])
      expect(isSignatureOf({ publicKey }, FIRST.round, FIRST.signature)).toBe(false);
  });
});

describe("the local beacon", () => {
  test("is the one of the key in the code", () => {
    expect(localPublicKey()).toBe(LOCAL_BEACON.publicKey);
    expect(localChainHash()).toBe(LOCAL_BEACON.chainHash);
  });

  test("signs as it did when its chain was recorded, and all of that verifies", () => {
    const { firstRound, signatures } = LOCAL_ROUNDS;
    for (const index of [0, 1, signatures.length - 1])
      expect(signRound(firstRound + index)).toBe(signatures[index]);
    for (const [index, signature] of signatures.entries())
      expect(isSignatureOf(LOCAL_BEACON, firstRound + index, signature)).toBe(true);
  }, 60_000);
});

describe("when rounds are due", () => {
  const anyTiming = fc.record({
    genesisAtMs: fc.nat(2_000_000_000_000),
    periodMs: fc.integer({ min: 1, max: 60_000 }),
  });

  test("the round after an instant is due at or after it, and the one before is due before it", () => {
    fc.assert(
      fc.property(anyTiming, fc.nat(4_000_000_000_000), (timing, atMs) => {
        const round = roundAfter(timing, atMs);
        expect(roundDueAtMs(timing, round)).toBeGreaterThanOrEqual(atMs);
        if (round > 1) expect(roundDueAtMs(timing, round - 1)).toBeLessThan(atMs);
      }),
    );
  });

  test("the first round is due at the genesis", () => {
    expect(roundDueAtMs(quicknet, 1)).toBe(1_692_803_367_000);
    expect(roundAfter(quicknet, quicknet.genesisAtMs)).toBe(1);
    expect(roundAfter(quicknet, quicknet.genesisAtMs + 1)).toBe(2);
    expect(roundAfter(quicknet, 0)).toBe(1);
  });
});

describe("the variables", () => {
  const relays = (count: number) =>
    Array.from({ length: count }, (_, at) => `https://relay${at}.example`).join();

  test("take as many relays as the limit says, and no more", () => {
    const { urls } = beaconSettings({ ...SETTINGS, BEACON_URLS: relays(LIMITS.beaconUrlsMax) });
    expect(urls).toHaveLength(LIMITS.beaconUrlsMax);
    expect(() => beaconSettings({ ...SETTINGS, BEACON_URLS: relays(LIMITS.beaconUrlsMax + 1) })).toThrow();
  });

  test.each(["http://relay.example", "relay.example", "", "https://relay.example,"])(
    "refuse %o as relays",
    (urls) => {
      expect(() => beaconSettings({ ...SETTINGS, BEACON_URLS: urls })).toThrow();
    },
  );

  test("refuse a beacon of another scheme, or with a key of another length", () => {
    const other = (change: object) => ({ ...SETTINGS, BEACON: JSON.stringify({ ...quicknet, ...change }) });
    expect(() => beaconSettings(other({ scheme: "pedersen-bls-chained" }))).toThrow();
    expect(() => beaconSettings(other({ publicKey: "00".repeat(48) }))).toThrow();
    expect(() => beaconSettings({ ...SETTINGS, BEACON: "{" })).toThrow();
  });
});
