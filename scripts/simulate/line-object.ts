import { createHash } from "node:crypto";
import { roundDueAtMs } from "../../durable-objects/drop-queue/beacon/rounds.ts";
import type { LineDeps } from "../../durable-objects/drop-queue/deps.ts";
import { Line } from "../../durable-objects/drop-queue/line.ts";
import { LineStore } from "../../durable-objects/drop-queue/store.ts";
import { isBorn } from "../../durable-objects/migrate.ts";
import type { DropDocument } from "../../schema/drop-document.ts";
import type { SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Beacon, Snapshot } from "../../schema/line.ts";
import { ok, type Result } from "../../schema/result.ts";
import type { JoinedPlace } from "../../schema/rpc/drop-queue.ts";
import type { SkuTerms } from "../../schema/rpc/sku-stock.ts";
import { countedStorage, type Held } from "./object-storage.ts";

/** What one DropQueue was asked to do. */
export type ObjectCalls = { joins: number; levels: number; alarms: number; puts: number };

export type LineObject = {
  /** As it is now: an eviction makes another over the same rows. */
  line(): Line;
  evict(): void;
  /** What it put where everybody reads it. */
  published: Map<string, string | Uint8Array>;
  calls: ObjectCalls;
  join(packed: Uint8Array): Result<JoinedPlace[], never>;
  /** Units that people took so far, told as the SKUs tell it. */
  tellArrived(arrived: number): void;
  /** The alarm, if it is due; answers whether it was. */
  wake(): Promise<boolean>;
  /** When it wants to be woken; Infinity: never. */
  wakesAtMs(): number;
  snapshot(): Snapshot;
  held(): Held;
};

/** drand's quicknet, by its timing. Its rounds here are made up: nobody can have those of a day to come. */
const BEACON: Beacon = {
  scheme: "bls-unchained-g1-rfc9380",
  chainHash: "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
  publicKey: "00".repeat(96),
  genesisAtMs: 1_692_803_367_000,
  periodMs: 3_000,
};
/** From a round's instant until a relay has it. */
const BEACON_DELAY_MS = 400;

/** The line of production over an SQLite in memory: its own clock, and everything outside of it played. */
export function createLineObject(asked: {
  document: DropDocument;
  nowMs: () => number;
  randomBytes: (count: number) => Uint8Array;
}): LineObject {
  const { document, nowMs, randomBytes } = asked;
  const { storage, held } = countedStorage();
  const published = new Map<string, string | Uint8Array>();
  const calls: ObjectCalls = { joins: 0, levels: 0, alarms: 0, puts: 0 };
  const deps: Omit<LineDeps, "store"> = {
    nowMs,
    randomBytes,
    beacon: BEACON,
    async publishRecord(key, value) {
      calls.puts += 1;
      published.set(key, value);
    },
    async beaconRound(beacon, round) {
      if (nowMs() < roundDueAtMs(beacon, round) + BEACON_DELAY_MS) return null;
      const signature = createHash("sha384").update(`round ${round}`).digest();
      return {
        round,
        signature: signature.toString("hex"),
        randomness: new Uint8Array(createHash("sha256").update(signature).digest()),
      };
    },
    paymentsBacklog: async () => ({ waiting: 0, oldestWaitMs: 0 }),
    configureSku: async (terms) => ok(levelOf(terms, 0)),
    log(event, error) {
      throw new Error(`the line logged ${event}`, { cause: error });
    },
  };
  const awaken = () => {
    const store = new LineStore(storage);
    // As the object's constructor does where there are rows.
    if (isBorn(storage)) store.bear();
    return new Line({ ...deps, store });
  };
  let line = awaken();
  const publishedAnswer = line.publish(document, "simulated");
  if (!publishedAnswer.ok) throw new Error(`publish was refused: ${publishedAnswer.refusal.code}`);
  let wakesAtMs = Number.POSITIVE_INFINITY;
  const arm = () => {
    const dueMs = line.nextAlarmMs();
    wakesAtMs = dueMs === null ? Number.POSITIVE_INFINITY : Math.max(dueMs, nowMs() + LIMITS.alarmMinDelayMs);
  };
  arm();
  let levelVersion = 0;

  return {
    line: () => line,
    evict() {
      line = awaken();
    },
    published,
    calls,
    join(packed) {
      calls.joins += 1;
      const joined = line.join(packed, new Uint8Array(packed.byteLength / 16));
      if (!joined.ok) throw new Error(`a batch of joins was refused: ${joined.refusal.code}`);
      // An alarm within a tick is soon enough: it arms itself for what has come meanwhile.
      if (wakesAtMs > nowMs() + LIMITS.lineTickMs) arm();
      return ok(
        joined.value.map((one) => {
          if (!one.ok) throw new Error(`a join was refused: ${one.refusal.code}`);
          return one.value;
        }),
      );
    },
    tellArrived(arrived) {
      levelVersion += 1;
      for (const [at, sku] of document.skus.entries()) {
        const taken = shareOf(arrived, at, document.skus.length);
        calls.levels += 1;
        line.pushLevel({
          level: levelOf({ skuId: sku.id, stock: sku.stock }, taken),
          levelVersion,
          ticketsSeen: taken,
          ledger: { rows: taken, hash: "00".repeat(32) },
        });
      }
    },
    async wake() {
      if (nowMs() < wakesAtMs) return false;
      calls.alarms += 1;
      await line.alarm();
      arm();
      return true;
    },
    wakesAtMs: () => wakesAtMs,
    snapshot() {
      const snapshot = line.snapshot();
      if (!snapshot.ok) throw new Error("no snapshot");
      return snapshot.value;
    },
    held,
  };
}

/** People choose their SKUs evenly. */
function shareOf(people: number, at: number, skus: number): number {
  return Math.floor((people + at) / skus);
}

function levelOf({ skuId, stock }: Pick<SkuTerms, "skuId" | "stock">, sold: number) {
  return { skuId: skuId as SkuId, stock, available: stock - sold, reserved: 0, sold };
}
