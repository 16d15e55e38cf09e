import type { Beacon } from "../../../../schema/line.ts";

/** drand's quicknet, by the figures that its operators publish: the one beacon that is trusted without being told so. */
export const QUICKNET: Beacon = {
  scheme: "bls-unchained-g1-rfc9380",
  chainHash: "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
  publicKey:
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
  genesisAtMs: 1_692_803_367_000,
  periodMs: 3_000,
};

/**
 * The beacon of this machine: drand's scheme and wire format under a key of its own, with a round a second, so that a line
 * with `"beacon": "drand"` runs without the internet. Its key is in the code beside this: it proves that everything works,
 * and nothing else.
 */
export const LOCAL_BEACON: Beacon = {
  scheme: "bls-unchained-g1-rfc9380",
  chainHash: "ef2b42d8000467efb63cc77cb016a2064d2390a49e1119d2d73e5450545b7030",
  publicKey:
    "b475f2ed2528027dbf26013f81be44f05f756f352947c50a9c2c6cde1a7acb123ff281ee32e19592039f2db891892b290fa2a22868fe7fd6de6d1dc5e8a7a50632e85c95ae5033aa39937c09e30d4d7f8b99a9d3ec93e7d032b5ce9cb8080e7c",
  genesisAtMs: Date.UTC(2026, 0, 1),
  periodMs: 1_000,
};

/**
 * The beacons that a line is checked against when nobody names others. What runs on this machine has its own beside
 * quicknet: that one's key is in its code, so it is worth nothing anywhere else.
 */
export function beaconsTrustedAt(origin: string): Beacon[] {
  const isThisMachine = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(origin).hostname);
  return isThisMachine ? [QUICKNET, LOCAL_BEACON] : [QUICKNET];
}

export function isSameBeacon(one: Beacon, other: Beacon): boolean {
  return (
    one.scheme === other.scheme &&
    one.chainHash === other.chainHash &&
    one.publicKey === other.publicKey &&
    one.genesisAtMs === other.genesisAtMs &&
    one.periodMs === other.periodMs
  );
}

export function dueAtMs({ genesisAtMs, periodMs }: Beacon, round: number): number {
  return genesisAtMs + (round - 1) * periodMs;
}

/** The first round that is due at an instant or after it; rounds count from 1. */
export function firstRoundFrom({ genesisAtMs, periodMs }: Beacon, atMs: number): number {
  return Math.max(1, 1 + Math.ceil((atMs - genesisAtMs) / periodMs));
}
