import { DurableObject } from "cloudflare:workers";
import type { DropDocument } from "../../schema/drop-document.ts";
import { shardOfDrop } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { JoinAnswer, LevelPush, LineCommand, RecordPart } from "../../schema/rpc/drop-queue.ts";
import { logError } from "../log.ts";
import { isBorn } from "../migrate.ts";
import { stubs } from "../stubs.ts";
import { beaconDeps, fetchRound } from "./beacon/fetch-round.ts";
import { beaconSettings } from "./beacon/settings.ts";
import { Line } from "./line.ts";
import { LineStore } from "./store.ts";

/** The line of one drop as an object: `Line` decides and does, this wakes it and gives it the outside. */
export class DropQueue extends DurableObject<StateEnv> {
  readonly #store: LineStore;
  readonly #line: Line;
  /** A hint that saves writes: the alarm as last set by this instance. */
  #armedForMs: number | null = null;

  constructor(ctx: DurableObjectState, env: StateEnv) {
    super(ctx, env);
    this.#store = new LineStore(ctx.storage);
    const { beacon, urls } = beaconSettings(env);
    const relays = beaconDeps(urls);
    this.#line = new Line({
      store: this.#store,
      nowMs: () => Date.now(),
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      beacon,
      publishRecord: (key, value) => env.RECORD.put(key, value),
      beaconRound: async (announced, round) => {
        const outcome = await fetchRound(relays, announced, round);
        return outcome.kind === "value" ? outcome.value : null;
      },
      paymentsBacklog: async () => {
        const dropId = this.#store.drop()?.published.document.id;
        return dropId ? await stubs.orders(env, shardOfDrop(dropId)).paymentsBacklog() : null;
      },
      configureSku: (terms) => stubs.sku(env, terms.dropId, terms.skuId).configure(terms),
      log: logError,
    });
    ctx.blockConcurrencyWhile(async () => {
      if (isBorn(ctx.storage)) this.#store.bear();
    });
  }

  /**
   * Freezes a document and configures its SKUs. The same version again is a repeat. Refused once the drop has started.
   * A SKU that cannot be reached now is configured by alarm; until then it refuses reservations.
   */
  async publish(document: DropDocument, version: string) {
    const answer = this.#line.publish(document, version);
    // Armed before the calls: should this process die in them, the alarm configures what is left.
    await this.#arm();
    if (answer.ok) await this.#line.configureSkus();
    await this.#arm();
    return answer;
  }

  /** Answers when the places are durable. */
  async join(ticketIds: Uint8Array, heldApart: Uint8Array) {
    const answer = this.#line.join(ticketIds, heldApart);
    if (!this.#isArmedFor(answer)) await this.#arm();
    return answer;
  }

  /** All that a join can add is a cohort to close and batches to fold: an alarm that comes in time for both need not be reckoned anew. */
  #isArmedFor(answer: JoinAnswer): boolean {
    if (this.#armedForMs === null || !answer.ok) return false;
    const closesAtMs = answer.value.map((place) => (place.ok ? place.value.cohortClosesAtMs : Infinity));
    return this.#armedForMs <= Math.min(Date.now() + LIMITS.lineTickMs, ...closesAtMs);
  }

  async snapshot() {
    return this.#line.snapshot();
  }

  async published() {
    return this.#line.published();
  }

  async closedCohorts(afterCohort: number) {
    return this.#line.closedCohorts(afterCohort);
  }

  async recordHead() {
    return this.#line.recordHead();
  }

  async recordPart(part: RecordPart) {
    return this.#line.recordPart(part);
  }

  /** Done when it answers, save for times that were moved: SKUs that cannot be reached now hear of them by alarm. */
  async command(command: LineCommand) {
    const answer = this.#line.command(command);
    await this.#arm();
    if (answer.ok) await this.#line.configureSkus();
    await this.#arm();
    return answer;
  }

  async pushLevel(push: LevelPush): Promise<void> {
    this.#line.pushLevel(push);
    await this.#arm();
  }

  /** Wakes this object and its SKUs, should an alarm have been lost. Harmless at any time. */
  async knock(): Promise<void> {
    await this.alarm();
    const skus = this.#store
      .skus()
      .map(({ terms }) => stubs.sku(this.env, terms.dropId, terms.skuId).knock());
    for (const knock of await Promise.allSettled(skus)) {
      if (knock.status === "rejected") logError("sku_not_woken", knock.reason);
    }
  }

  /** Wakes this object, wherever it is made, and tells its clock. Writes nothing: one that was never published to stays unborn. */
  async clockMs(): Promise<number> {
    return Date.now();
  }

  override async alarm(): Promise<void> {
    this.#armedForMs = null;
    await this.#line.alarm();
    await this.#arm();
  }

  async #arm(): Promise<void> {
    const dueMs = this.#line.nextAlarmMs();
    if (dueMs === null) return;
    const nextMs = Math.max(dueMs, Date.now() + LIMITS.alarmMinDelayMs);
    // An alarm that comes too early only recomputes: moving it later is not worth a write.
    if (this.#armedForMs !== null && this.#armedForMs <= nextMs) return;
    this.#armedForMs = nextMs;
    await this.ctx.storage.setAlarm(nextMs);
  }
}
