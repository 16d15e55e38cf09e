import { createHash, createHmac, createPublicKey, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { ClosedCohort, isAdmitted, RecordHead, SignedRoot } from "../../schema/line.ts";
import { commitmentBytes, rootBytes } from "../../schema/line-proof.ts";
import {
  BEACON,
  DROP,
  document as documentOf,
  LineWorld,
  OPENS_AT_MS,
  range,
  signatureOf,
  tickets,
} from "./line-world.ts";

const sha = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};
const bytes = (hex: string) => Buffer.from(hex, "hex");
function isSigned(publicKey: string, signed: Uint8Array, signature: string): boolean {
  const x = bytes(publicKey).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, signed, key, bytes(signature));
}

async function afterLobby(people: number, over: Record<string, unknown> = {}) {
  const world = new LineWorld();
  world.publish(over);
  world.join(range(0, people));
  world.nowMs = OPENS_AT_MS;
  await world.tick();
  return world;
}

describe("the commitment", () => {
  test("stands before anybody can join, is signed, and is in the record's head", () => {
    const world = new LineWorld();
    world.publish();
    const { commitment } = RecordHead.parse(world.head);
    expect(commitment).toMatchObject({ dropId: DROP, links: 200, beacon: null, committedAtMs: world.nowMs });
    expect(isSigned(commitment.publicKey, commitmentBytes(commitment), commitment.signature)).toBe(true);
  });

  test("keeps chain and key over publications, and an eviction", () => {
    const world = new LineWorld();
    world.nowMs -= 1_000;
    world.publish();
    const { commitment } = world.head;
    world.evict();
    world.nowMs += 5;
    world.publish({ name: "Another" }, "2".repeat(64));
    expect(world.head.commitment).toEqual(commitment);
    world.publish({ line: { beacon: "drand" } }, "3".repeat(64));
    const { commitment: withBeacon } = world.head;
    expect(withBeacon).toMatchObject({
      anchor: commitment.anchor,
      publicKey: commitment.publicKey,
      beacon: BEACON,
    });
    expect(isSigned(commitment.publicKey, commitmentBytes(withBeacon), withBeacon.signature)).toBe(true);
    expect(world.head.notes.map(({ what, detail }) => [what, detail[0]])).toEqual([
      ["published", "1"],
      ["published", "2"],
      ["published", "3"],
    ]);
  });

  test("binds to the choice of beacon from the lobby's first millisecond, or the first join", () => {
    const world = new LineWorld();
    world.nowMs = OPENS_AT_MS - 600_001;
    world.publish({ line: { beacon: "drand" } });
    world.publish({ line: { beacon: "off" } }, "2".repeat(64));
    world.nowMs += 1;
    const other = () => world.line.publish(documentWith({ beacon: "drand" }), "3".repeat(64));
    expect(other()).toMatchObject({ ok: false, refusal: { code: "drop_already_live" } });
    // The same choice may still be published.
    world.publish({ name: "Another" }, "4".repeat(64));
    world.join([1]);
    const later = new Date(OPENS_AT_MS - 300_000).toISOString();
    world.publish({ lobbyOpensAt: later }, "5".repeat(64));
    expect(other()).toMatchObject({ ok: false, refusal: { code: "drop_already_live" } });
  });
});

describe("a closed cohort", () => {
  test("has a root over its chunks, signed and in KV, before its seed exists", async () => {
    const world = new LineWorld();
    world.publish();
    const people = LIMITS.ticketsPerChunkMax + 7;
    for (let from = 0; from < people; from += 1_000) world.join(range(from, Math.min(1_000, people - from)));
    world.isKvAway = true;
    world.nowMs = OPENS_AT_MS;
    await world.tick();
    // Its root stands, and is public through the object; but KV did not take it, so the seed stays in.
    const root = SignedRoot.parse(world.root(0));
    expect(world.snapshot).toMatchObject({ rootedThrough: -1, revealedThrough: -1, admitted: 0 });
    expect(world.cohorts).toEqual([]);

    world.isKvAway = false;
    world.nowMs += 1_000;
    await world.tick();
    expect(world.snapshot).toMatchObject({ rootedThrough: 0, revealedThrough: 0 });
    const ids = Buffer.from(tickets(range(0, people)));
    const chunkBytes = LIMITS.ticketsPerChunkMax * 16;
    const chunks = [ids.subarray(0, chunkBytes), ids.subarray(chunkBytes)].map((chunk) =>
      sha("dropline/chunk/1\n", chunk),
    );
    const { commitment } = world.head;
    expect(root).toMatchObject({
      cohort: 0,
      count: people,
      closedAtMs: OPENS_AT_MS,
      beaconRound: null,
      chunks,
    });
    expect(root.root).toBe(sha("dropline/root/1\n", ...chunks.map(bytes)));
    expect(isSigned(commitment.publicKey, rootBytes(commitment, root), root.signature)).toBe(true);
    expect(world.kv.get(`root/${DROP}/0`)).toBe(JSON.stringify(root));
    expect(world.kv.get(`chunk/${DROP}/0/1`)).toEqual(new Uint8Array(ids.subarray(chunkBytes)));
    expect(Buffer.from(world.log(0))).toEqual(ids);
  });

  test("has a link that hashes to the anchor, and a seed that is not the link before", async () => {
    const world = await afterLobby(3);
    const [cohort] = world.cohorts.map((one) => ClosedCohort.parse(one));
    expect(cohort).toMatchObject({ cohort: 0, before: 0, count: 3, beaconSignature: null });
    expect(sha(bytes(cohort?.link ?? ""))).toBe(world.head.commitment.anchor);
    expect(cohort?.seed).toBe(sha("dropline/seed/1\n", bytes(cohort?.link ?? "")));
  });

  test("takes the beacon's round that its root named before it was due", async () => {
    const world = await afterLobby(3, { line: { beacon: "drand" } });
    const root = world.root(0);
    const round = root?.beaconRound ?? 0;
    const dueAtMs = BEACON.genesisAtMs + (round - 1) * BEACON.periodMs;
    expect(dueAtMs).toBeGreaterThanOrEqual(OPENS_AT_MS + LIMITS.beaconMarginMs);
    expect(dueAtMs).toBeLessThan(OPENS_AT_MS + LIMITS.beaconMarginMs + BEACON.periodMs);
    expect(world.rounds).toEqual([]);
    expect(world.snapshot).toMatchObject({
      rootedThrough: 0,
      revealedThrough: -1,
      waitsForBeacon: { cohort: 0, round, dueAtMs },
    });
    await world.runTo(dueAtMs + 100);
    const [cohort] = world.cohorts;
    const signature = signatureOf(round);
    expect(cohort?.beaconSignature).toBe(Buffer.from(signature).toString("hex"));
    expect(cohort?.seed).toBe(sha("dropline/seed/1\n", bytes(cohort?.link ?? ""), bytes(sha(signature))));
    expect(world.snapshot).toMatchObject({ revealedThrough: 0, waitsForBeacon: null });
  });
});

describe("with the beacon away", () => {
  test("admission waits, cohorts close and joins go on; no round is ever replaced by another", async () => {
    const world = await afterLobby(30, { line: { beacon: "drand" } });
    world.isBeaconAway = true;
    for (let window = 0; window < 5; window += 1) {
      world.join(range(100 * (window + 1), 10));
      await world.runTo(world.nowMs + 5_000);
    }
    expect(world.snapshot).toMatchObject({ joined: 80, admitted: 0, rootedThrough: 5, revealedThrough: -1 });
    const named = range(0, 6).map((cohort) => world.root(cohort)?.beaconRound);
    expect(new Set(world.rounds)).toEqual(new Set(named.slice(0, new Set(world.rounds).size)));
    world.isBeaconAway = false;
    await world.runTo(world.nowMs + 20_000);
    expect(world.snapshot).toMatchObject({ revealedThrough: 5, admitted: 80, waitsForBeacon: null });
    expect(world.cohorts.map(({ beaconRound }) => beaconRound)).toEqual(named);
  });

  test("those whose seeds are out are still admitted", async () => {
    const world = await afterLobby(1_000, { line: { beacon: "drand", admitPerSecond: 20 } });
    await world.runTo(OPENS_AT_MS + 6_000);
    expect(world.snapshot.revealedThrough).toBe(0);
    world.join(range(2_000, 10));
    world.isBeaconAway = true;
    const before = world.snapshot.admitted;
    await world.runTo(world.nowMs + 10_000);
    expect(world.snapshot).toMatchObject({ rootedThrough: 2, revealedThrough: 0 });
    expect(world.snapshot.admitted).toBeGreaterThanOrEqual(before + 190);
  });
});

describe("the order of admission", () => {
  test("is by rank in each cohort: who is before the watermark is who the steps say", async () => {
    const world = await afterLobby(500, { line: { admitPerSecond: 20 } });
    await world.runTo(OPENS_AT_MS + 8_000);
    const [cohort] = world.cohorts;
    const step = world.steps.at(-1);
    if (!cohort || !step) throw new Error("nobody was admitted");
    const ranks = range(0, 500).map((person) => {
      const mac = createHmac("sha256", bytes(cohort.seed))
        .update(tickets([person]))
        .digest();
      return Number(mac.readBigUInt64BE(0) >> 11n) / 2 ** 53;
    });
    const passed = ranks.filter((rank) => isAdmitted({ cohort: 0, rank }, step)).length;
    // The step's count is an expectation: five standard deviations of a binomial either way.
    expect(Math.abs(passed - step.admitted)).toBeLessThan(5 * Math.sqrt(500 / 4));
    expect(step.admitted).toBe(world.snapshot.admitted);
  });
});

describe("pages of the record", () => {
  test("are put into KV once complete, and never differ from what the object says", async () => {
    const world = await afterLobby(3, { line: { windowMs: 1_000 } });
    for (let window = 0; window < 130; window += 1) {
      world.join([1_000 + window]);
      await world.runTo(world.nowMs + 1_000);
    }
    const page = world.kv.get(`cohorts/${DROP}/0`) as string;
    expect(JSON.parse(page)).toMatchObject({ page: 0, isComplete: true });
    expect(JSON.parse(page).cohorts).toHaveLength(LIMITS.cohortsPerPage);
    expect(world.part({ kind: "cohorts", page: 0 })).toBe(page);
    expect(world.kv.has(`cohorts/${DROP}/1`)).toBe(false);
    expect(world.part({ kind: "cohorts", page: 2 })).toBeNull();
    await world.runTo(OPENS_AT_MS + 3_600_000 + 10_000);
    for (const [key, body] of world.kv) {
      const [kind, , first, second] = key.split("/") as [string, string, string, string];
      const at = Number(first);
      const part =
        kind === "chunk"
          ? ({ kind, cohort: at, chunk: Number(second) } as const)
          : kind === "root"
            ? ({ kind, cohort: at } as const)
            : ({ kind: kind as "cohorts" | "steps", page: at } as const);
      expect(world.part(part)).toEqual(body);
    }
    // Once it is over, the last pages are complete as well.
    expect([...world.kv.keys()].filter((key) => /^(?:cohorts|steps)/.test(key)).sort()).toEqual([
      `cohorts/${DROP}/0`,
      `cohorts/${DROP}/1`,
      `steps/${DROP}/0`,
    ]);
    expect(world.line.nextAlarmMs()).toBeNull();
  });

  test("of chunks and roots are not to be had while their cohort is open", () => {
    const world = new LineWorld();
    world.publish();
    world.join([1]);
    expect(world.part({ kind: "root", cohort: 0 })).toBeNull();
    expect(world.part({ kind: "chunk", cohort: 0, chunk: 0 })).toBeNull();
    expect(world.part({ kind: "cohorts", page: 0 })).toBeNull();
    expect(world.part({ kind: "steps", page: 0 })).toBeNull();
  });
});

function documentWith(line: Record<string, unknown>) {
  return documentOf({ line });
}
