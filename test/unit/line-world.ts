import { createHash } from "node:crypto";
import type { LineDeps } from "../../durable-objects/drop-queue/deps.ts";
import { Line } from "../../durable-objects/drop-queue/line.ts";
import { LineStore } from "../../durable-objects/drop-queue/store.ts";
import { DropDocument } from "../../schema/drop-document.ts";
import { type DropId, SkuId } from "../../schema/ids.ts";
import type { Beacon, CohortPage, RecordHead, SignedRoot, Snapshot, StepPage } from "../../schema/line.ts";
import type { RecordPart } from "../../schema/rpc/drop-queue.ts";
import type { SkuTerms } from "../../schema/rpc/sku-stock.ts";
import { memoryStorage } from "./order-storage.ts";

export const DROP = "a-drop" as DropId;
export const SKU = SkuId.parse("a-sku");
export const OPENS_AT_MS = 1_800_000_000_000;
export const VERSION = "1".repeat(64);
const LOBBY_MS = 600_000;

const sha = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** A beacon of tests: its signatures are hashes, which nobody here verifies. */
export const BEACON: Beacon = {
  scheme: "bls-unchained-g1-rfc9380",
  chainHash: "c".repeat(64),
  publicKey: "b".repeat(192),
  genesisAtMs: OPENS_AT_MS - 1_000_000_000,
  periodMs: 3_000,
};
export const signatureOf = (round: number) =>
  new Uint8Array(Buffer.concat([sha(`beacon ${round}`), sha(`more ${round}`).subarray(0, 16)]));

/** Ticket ids of these people, 16 bytes each, spread as hashes are. */
export function tickets(people: readonly number[]): Uint8Array {
  return new Uint8Array(Buffer.concat(people.map((person) => sha(`person ${person}`).subarray(0, 16))));
}
export const range = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => from + index);

export function document(over: Record<string, unknown> = {}): DropDocument {
  return DropDocument.parse({
    id: DROP,
    name: "A drop",
    currency: "EUR",
    lobbyOpensAt: new Date(OPENS_AT_MS - LOBBY_MS).toISOString(),
    opensAt: new Date(OPENS_AT_MS).toISOString(),
    closesAt: new Date(OPENS_AT_MS + 3_600_000).toISOString(),
    skus: [{ id: SKU, name: "One", stock: 100_000, priceMinor: 12_900 }],
    ...over,
  });
}

/** A line over rows in memory, with a clock, a KV and a beacon that a test holds. */
export class LineWorld {
  readonly storage = memoryStorage();
  readonly kv = new Map<string, string | Uint8Array>();
  readonly configured: SkuTerms[] = [];
  readonly logged: string[] = [];
  readonly rounds: number[] = [];
  /** Each call to the outside, by its kind. */
  readonly calls: string[] = [];
  nowMs = OPENS_AT_MS - LOBBY_MS;
  isKvAway = false;
  isBeaconAway = false;
  /** No answer ever comes. */
  isBeaconHung = false;
  areSkusAway = false;
  /** From here on each put fails, before or after KV has it. */
  dieAtNextPut: "before" | "after" | null = null;
  onCall: (() => void) | null = null;
  backlog: (() => Promise<{ waiting: number; oldestWaitMs: number } | null>) | null = null;
  line: Line;
  readonly #limits: LineDeps["limits"];
  #random = 0;

  constructor(limits: LineDeps["limits"] = { chainLinks: 200 }) {
    this.#limits = limits;
    this.line = this.#open();
  }

  #open(): Line {
    const store = new LineStore(this.storage);
    if (this.#random > 0) store.bear();
    return new Line({
      store,
      nowMs: () => this.nowMs,
      randomBytes: (count) => new Uint8Array(sha(`random ${this.#random++}`).subarray(0, count)),
      beacon: BEACON,
      publishRecord: async (key, value) => {
        this.#call(`put ${key}`);
        if (this.isKvAway || this.dieAtNextPut === "before") throw new Error("KV is away");
        this.kv.set(key, value);
        if (this.dieAtNextPut === "after") throw new Error("nobody hears the answer");
      },
      beaconRound: async (_, round) => {
        this.#call(`round ${round}`);
        this.rounds.push(round);
        if (this.isBeaconAway) return null;
        if (this.isBeaconHung) return new Promise(() => {});
        const signature = signatureOf(round);
        return {
          round,
          signature: Buffer.from(signature).toString("hex"),
          randomness: new Uint8Array(sha(signature)),
        };
      },
      paymentsBacklog: async () => {
        this.#call("backlog");
        return this.backlog ? await this.backlog() : null;
      },
      configureSku: async (terms) => {
        if (this.areSkusAway) throw new Error("away");
        this.configured.push(terms);
        const { skuId, stock } = terms;
        return { ok: true, value: { skuId, stock, available: stock, reserved: 0, sold: 0 } };
      },
      log: (event) => void this.logged.push(event),
      ...(this.#limits ? { limits: this.#limits } : {}),
    });
  }

  #call(what: string): void {
    this.calls.push(what);
    this.onCall?.();
  }

  /** The instance goes, with all that it kept in memory; its rows stay. */
  evict(): void {
    this.line = this.#open();
  }

  publish(over: Record<string, unknown> = {}, version = VERSION) {
    const answer = this.line.publish(document(over), version);
    if (!answer.ok) throw new Error(answer.refusal.code);
    return answer.value;
  }

  /** Place of each, or why it has none. */
  join(people: readonly number[], heldApart: readonly number[] = []) {
    const apart = new Uint8Array(people.map((person) => (heldApart.includes(person) ? 1 : 0)));
    const answer = this.line.join(tickets(people), apart);
    if (!answer.ok) throw new Error(answer.refusal.code);
    return answer.value.map((place) => (place.ok ? place.value : place.refusal.code));
  }

  /** An alarm, and what it began outside to its end. */
  async tick(): Promise<void> {
    await this.line.alarm();
    await this.line.goOut();
  }

  /** Time passes, with every alarm at its time. */
  async runTo(untilMs: number): Promise<void> {
    for (;;) {
      const dueMs = this.line.nextAlarmMs();
      if (dueMs === null || dueMs > untilMs) break;
      this.nowMs = Math.max(dueMs, this.nowMs + 50);
      if (this.nowMs > untilMs) break;
      await this.line.alarm();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  get snapshot(): Snapshot {
    const answer = this.line.snapshot();
    if (!answer.ok) throw new Error(answer.refusal.code);
    return answer.value;
  }

  get head(): RecordHead {
    const answer = this.line.recordHead();
    if (!answer.ok) throw new Error(answer.refusal.code);
    return answer.value;
  }

  part(part: RecordPart): string | Uint8Array | null {
    const answer = this.line.recordPart(part);
    if (!answer.ok) throw new Error(answer.refusal.code);
    return answer.value?.body ?? null;
  }

  get cohorts() {
    return this.#pages<CohortPage>("cohorts").flatMap(({ cohorts }) => cohorts);
  }

  get steps() {
    return this.#pages<StepPage>("steps").flatMap(({ steps }) => steps);
  }

  root(cohort: number): SignedRoot | null {
    const body = this.part({ kind: "root", cohort });
    return body === null ? null : (JSON.parse(body as string) as SignedRoot);
  }

  /** The log of a closed cohort, as its chunks are served. */
  log(cohort: number): Uint8Array {
    const chunks = range(0, this.root(cohort)?.chunks.length ?? 0).map(
      (chunk) => this.part({ kind: "chunk", cohort, chunk }) as Uint8Array,
    );
    return new Uint8Array(Buffer.concat(chunks));
  }

  #pages<Page>(kind: "cohorts" | "steps"): Page[] {
    const pages: Page[] = [];
    for (let page = 0; page < 400; page += 1) {
      const body = this.part({ kind, page });
      if (body === null) break;
      pages.push(JSON.parse(body as string) as Page);
    }
    return pages;
  }
}
