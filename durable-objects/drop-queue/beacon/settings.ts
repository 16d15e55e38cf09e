import { isLoopback } from "../../../schema/guard-url.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { Beacon } from "../../../schema/line.ts";

export type BeaconSettings = { beacon: Beacon; urls: string[] };

/**
 * Which beacon drops are bound to when they ask for one, and the relays that are asked for its rounds.
 * @throws when a variable does not say that: a beacon that can never be verified must not be promised to anybody.
 */
export function beaconSettings(env: { BEACON: string; BEACON_URLS: string }): BeaconSettings {
  const urls = env.BEACON_URLS.split(",").map((url) => url.trim().replace(/\/+$/, ""));
  if (urls.length > LIMITS.beaconUrlsMax) throw new Error("BEACON_URLS names too many relays");
  for (const url of urls) {
    const { protocol, hostname } = new URL(url);
    if (protocol !== "https:" && !isLoopback(hostname))
      throw new Error("BEACON_URLS must begin with https://");
  }
  return { beacon: Beacon.parse(JSON.parse(env.BEACON)), urls };
}
