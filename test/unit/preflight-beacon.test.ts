import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { roundDueAtMs } from "../../durable-objects/drop-queue/beacon/rounds.ts";
import { lastRoundAt, probeBeacon } from "../../durable-objects/preflight/probe-beacon.ts";
import { LIMITS } from "../../schema/limits.ts";
import { LOCAL_BEACON } from "../../scripts/sandbox/beacon/local-beacon.ts";
import { signRound } from "../../scripts/sandbox/beacon/sign-round.ts";
import { NOW } from "./preflight-world.ts";

describe("the beacon is asked", () => {
  const probe = (
    fetch: (url: string) => Promise<Response>,
    urls = ["https://a.example", "https://b.example"],
  ) =>
    probeBeacon(
      {
        urls,
        fetch,
        nowMs: () => NOW,
        timeLimit: () => new AbortController().signal,
        log: () => {},
      },
      LOCAL_BEACON,
    );
  const round = lastRoundAt(LOCAL_BEACON, NOW - LIMITS.beaconProbeAgeMs);
  const told = async () => Response.json({ round, signature: signRound(round) });

  test("for the last round that all relays should have, one by one", async () => {
    const asked: string[] = [];
    const found = await probe(async (url) => {
      asked.push(url);
      return url.startsWith("https://a") ? told() : new Response(null, { status: 503 });
    });
    expect(found).toEqual({
      isAsked: true,
      beacon: LOCAL_BEACON,
      round,
      dueAtMs: roundDueAtMs(LOCAL_BEACON, round),
      relays: [
        { host: "a.example", fault: null },
        { host: "b.example", fault: "refused" },
      ],
    });
    expect(asked).toHaveLength(2);
    expect(asked[0]).toContain(`/public/${round}`);
  });

  test.each<[string, () => Promise<Response>, string]>([
    ["is late", async () => new Response(null, { status: 404 }), "not_yet"],
    ["is away", () => Promise.reject(new TypeError("fetch failed")), "unreachable"],
    [
      "signs wrongly",
      async () => Response.json({ round, signature: signRound(round + 1) }),
      "wrong_signature",
    ],
  ])("and one that %s is told", async (_, fetch, fault) => {
    const found = await probe(fetch, ["https://a.example"]);
    expect(found).toMatchObject({ relays: [{ host: "a.example", fault }] });
  });

  test("about no round that was due later than the given instant, nor about one earlier than the last", () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), (afterMs) => {
        const atMs = LOCAL_BEACON.genesisAtMs + afterMs;
        const last = lastRoundAt(LOCAL_BEACON, atMs);
        expect(roundDueAtMs(LOCAL_BEACON, last)).toBeLessThanOrEqual(atMs);
        expect(roundDueAtMs(LOCAL_BEACON, last + 1)).toBeGreaterThan(atMs);
      }),
    );
    expect(lastRoundAt(LOCAL_BEACON, LOCAL_BEACON.genesisAtMs - 1)).toBe(1);
  });
});
