import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { roundAfter } from "../../durable-objects/drop-queue/beacon/rounds.ts";
import { extend, NO_ROWS } from "../../durable-objects/sku-stock/ledger/chain.ts";
import { ReservationAnswer } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { CohortPage, LedgerPage, RecordHead, Snapshot } from "../../schema/line.ts";
import { LOCAL_BEACON } from "../../scripts/sandbox/beacon/local-beacon.ts";
import { signRound } from "../../scripts/sandbox/beacon/sign-round.ts";
import { ask, expectRefusal, told } from "./ask.ts";
import { eventually, until } from "./eventually.ts";
import { Shopper } from "./shopper.ts";
import { publishDrop, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

const read = (dropId: string, path: string) => ask(`${world.platform.urls.edge}/v1/drops/${dropId}/${path}`);
const snapshotOf = async (dropId: string) => told(await read(dropId, "snapshot"), 200, Snapshot);
const headOf = async (dropId: string) => told(await read(dropId, "record"), 200, RecordHead);
const sha256 = (...parts: (string | Uint8Array)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

const publishUnderBeacon = () =>
  publishDrop(world, {
    opensInMs: 1_000,
    skus: [{ stock: 3 }],
    more: { line: { windowMs: 1_000, admitPerSecond: 1_000, beacon: "drand" } },
  });

it("admission waits for the beacon's round, takes no other value for it, and goes on when it is there", async () => {
  world.sandbox.setBeaconFaults({ kind: "wrong_signature" });
  const drop = await publishUnderBeacon();
  expect((await headOf(drop.id)).commitment.beacon).toEqual(LOCAL_BEACON);
  const shopper = await Shopper.arrived(world);
  const ticket = await shopper.joined(drop.id);

  for (const fault of ["wrong_signature", "other_round"] as const) {
    world.sandbox.setBeaconFaults({ kind: fault });
    await eventually(`a refusal of ${fault}`, () =>
      world.platform.logs().some((line) => line.includes("beacon_round_not_taken") && line.includes(fault))
        ? true
        : undefined,
    );
  }
  const waiting = await eventually("word of the beacon", async () => {
    const snapshot = await snapshotOf(drop.id);
    return snapshot.waitsForBeacon ? snapshot : undefined;
  });
  expect(waiting).toMatchObject({ revealedThrough: -1, admitted: 0, waitsForBeacon: { cohort: 0 } });
  expectRefusal(await shopper.askPass(drop.id, ticket.ticket), "not_admitted_yet");

  world.sandbox.setBeaconFaults({});
  await shopper.admitted(drop.id);
  const [cohort] = told(await read(drop.id, "record/cohorts/0"), 200, CohortPage).cohorts;
  if (cohort?.beaconRound == null) throw new Error("the cohort has no round");
  expect(cohort.beaconRound).toBe(roundAfter(LOCAL_BEACON, cohort.closedAtMs + LIMITS.beaconMarginMs));
  expect(cohort.beaconRound).toBe(waiting.waitsForBeacon?.round);
  const signature = signRound(cohort.beaconRound);
  expect(cohort.beaconSignature).toBe(signature);
  const link = Buffer.from(cohort.link, "hex");
  const seed = sha256("dropline/seed/1\n", link, sha256(Buffer.from(signature, "hex")));
  expect(cohort.seed).toBe(seed.toString("hex"));
}, 60_000);

it("admission goes on by itself once a beacon that was broken or late is well", async () => {
  world.sandbox.setBeaconFaults({ kind: "error", times: 2 });
  const drop = await publishUnderBeacon();
  const shopper = await Shopper.arrived(world);
  await shopper.admitted(drop.id);
  world.sandbox.setBeaconFaults({ kind: "late", lateMs: 3_000 });
  const second = await Shopper.arrived(world);
  const { cohortClosesAtMs } = await second.admitted(drop.id);
  expect(Date.now()).toBeGreaterThan(cohortClosesAtMs + LIMITS.beaconMarginMs + 3_000);
  world.sandbox.setBeaconFaults({});
}, 60_000);

it("the ledger of a SKU is public, and hashes to the head that the record names", async () => {
  const drop = await publishDrop(world, { skus: [{ stock: 3 }] });
  const shopper = await Shopper.arrived(world);
  const { pass, ticketId } = await shopper.admitted(drop.id);
  const held = await shopper.reserve(drop.id, { pass, skuId: drop.sku });
  told(held, 201, ReservationAnswer);
  await until(Date.now() + 1_000);
  const head = await eventually("a head with the reservation", async () => {
    const [ledger] = (await headOf(drop.id)).ledgers;
    return ledger?.rows === 2 ? ledger : undefined;
  });
  const reply = await read(drop.id, `record/ledgers/${drop.sku}/0`);
  const { rows } = told(reply, 200, LedgerPage);
  expect(rows.map((row) => [row.kind, row.ticketId])).toEqual([
    ["configure", null],
    ["reserve", ticketId],
  ]);
  expect(Buffer.from(extend(NO_ROWS, rows).hash).toString("hex")).toBe(head.hash);
  expect(JSON.stringify(rows)).not.toMatch(/shp_|rsv_/);
  expect((await read(drop.id, `record/ledgers/${drop.sku}/1`)).status).toBe(404);
}, 60_000);
