import assert from "node:assert/strict";
import type { PublishedDrop } from "../../schema/drop-document.ts";
import type { DropId, SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import {
  type ClosedCohort,
  type LedgerPage,
  type RecordHead,
  recordKeys,
  type WatermarkStep,
} from "../../schema/line.ts";
import { ok, refuse } from "../../schema/result.ts";
import type { JoinedPlace, RecordPart, RecordPartAnswer } from "../../schema/rpc/drop-queue.ts";
import { chunkOf, DROP, documentOf, headOf, OPENS_AT, rootOf, SKU, snapshotOf } from "./edge-samples.ts";

/** The line's object behind the edge, in memory: as much of it as the edge can see. `calls` counts by method. */
export class FakeLine {
  readonly calls: Record<string, number> = {};
  readonly joined: string[] = [];
  /** Places in the line by ticket id. */
  readonly places$ = new Map<string, JoinedPlace>();
  published$: PublishedDrop = { version: "a".repeat(64), publishedAtMs: 0, document: documentOf() };
  snapshot$ = snapshotOf();
  /** Cohorts whose seeds are out; every number up to the last of them is closed. */
  closed: ClosedCohort[] = [];
  /** Cohorts after them whose roots are out. */
  rooted: number[] = [];
  steps: WatermarkStep[] = [];
  ledgers: RecordHead["ledgers"] = [{ skuId: SKU, rows: 0, hash: "0".repeat(64) }];
  /** By `<sku>/<page>`. */
  readonly ledgerPages = new Map<string, LedgerPage>();
  /** What the line has put into KV, and how often it was asked for each key. */
  readonly stored = new Map<string, string | Uint8Array>();
  readonly storedAsked: string[] = [];
  joinCohort = 0;

  async join(dropId: DropId, ticketIds: Uint8Array, heldApart: Uint8Array) {
    this.count("join");
    if (dropId !== DROP) return refuse({ code: "drop_not_found" as const });
    this.joined.push(...(Buffer.from(ticketIds).toString("hex").match(/.{32}/g) ?? []));
    assert.equal(heldApart.byteLength, ticketIds.byteLength / 16);
    return ok(
      [...heldApart].map((byte, at) => ok(this.#placeInLine(ticketIds, { at, isHeldApart: byte === 1 }))),
    );
  }

  async snapshot(dropId: DropId) {
    this.count("snapshot");
    if (dropId !== DROP) return refuse({ code: "drop_not_found" as const });
    const { revealedThrough, rootedThrough } = this.#reach();
    return ok({ ...this.snapshot$, revealedThrough, rootedThrough });
  }

  async published(dropId: DropId) {
    this.count("published");
    return dropId === DROP ? ok(this.published$) : refuse({ code: "drop_not_found" as const });
  }

  async closedCohorts(_dropId: DropId, afterCohort: number) {
    this.count("closedCohorts");
    return ok(this.closed.filter(({ cohort }) => cohort > afterCohort).slice(0, 1_000));
  }

  async recordHead(dropId: DropId) {
    this.count("recordHead");
    if (dropId !== DROP) return refuse({ code: "drop_not_found" as const });
    return ok(headOf({ ...this.#reach(), steps: this.steps.length, ledgers: this.ledgers }));
  }

  async recordPart(dropId: DropId, part: RecordPart): Promise<RecordPartAnswer> {
    this.count("recordPart");
    if (dropId !== DROP) return refuse({ code: "drop_not_found" as const });
    const told = this.#partOf(part);
    if (told === null) return ok(null);
    const { content, isFinal } = told;
    return ok({ body: content instanceof Uint8Array ? content : JSON.stringify(content), isFinal });
  }

  async ledgerPage(_dropId: DropId, skuId: SkuId, page: number) {
    this.count("ledgerPage");
    return this.ledgerPages.get(`${skuId}/${page}`) ?? null;
  }

  /** Puts everything into KV that the line would have put there by now. */
  store(): void {
    const { rootedThrough, revealedThrough } = this.#reach();
    const put = (key: string, part: RecordPart) => {
      const told = this.#partOf(part);
      if (told === null) return;
      const { content } = told;
      this.stored.set(key, content instanceof Uint8Array ? content : JSON.stringify(content));
    };
    for (let cohort = 0; cohort <= rootedThrough; cohort++) {
      put(recordKeys.root(DROP, cohort), { kind: "root", cohort });
      for (const chunk of [0, 1])
        put(recordKeys.chunk(DROP, cohort, chunk), { kind: "chunk", cohort, chunk });
    }
    for (let page = 0; (page + 1) * LIMITS.cohortsPerPage - 1 <= revealedThrough; page++)
      put(recordKeys.cohorts(DROP, page), { kind: "cohorts", page });
    for (let page = 0; (page + 1) * LIMITS.stepsPerPage <= this.steps.length; page++)
      put(recordKeys.steps(DROP, page), { kind: "steps", page });
  }

  #partOf(part: RecordPart): { content: object; isFinal: boolean } | null {
    const { revealedThrough } = this.#reach();
    if (part.kind === "cohorts") {
      const first = part.page * LIMITS.cohortsPerPage;
      const last = first + LIMITS.cohortsPerPage - 1;
      const cohorts = this.closed.filter(({ cohort }) => cohort >= first && cohort <= last);
      const isComplete = revealedThrough >= last;
      return { content: { page: part.page, isComplete, cohorts }, isFinal: isComplete };
    }
    if (part.kind === "steps") {
      const first = part.page * LIMITS.stepsPerPage;
      const steps = this.steps.slice(first, first + LIMITS.stepsPerPage);
      const isComplete = steps.length === LIMITS.stepsPerPage;
      return { content: { page: part.page, isComplete, steps }, isFinal: isComplete };
    }
    const { cohort } = part;
    const isThere = this.closed.some((closed) => closed.cohort === cohort) || this.rooted.includes(cohort);
    if (!isThere) return null;
    if (part.kind === "root") return { content: rootOf(cohort), isFinal: true };
    return part.chunk < 2 ? { content: chunkOf(cohort, part.chunk), isFinal: true } : null;
  }

  #reach() {
    const revealedThrough = this.closed.at(-1)?.cohort ?? -1;
    return { revealedThrough, rootedThrough: this.rooted.at(-1) ?? revealedThrough };
  }

  /** The first place and the first judgment stand. */
  #placeInLine(
    ticketIds: Uint8Array,
    { at, isHeldApart }: { at: number; isHeldApart: boolean },
  ): JoinedPlace {
    const id = Buffer.from(ticketIds.subarray(16 * at, 16 * at + 16)).toString("hex");
    const cohortClosesAtMs = OPENS_AT + this.joinCohort * 5_000;
    const place = this.places$.get(id) ?? {
      cohort: this.joinCohort,
      chunk: 0,
      isHeldApart,
      cohortClosesAtMs,
    };
    this.places$.set(id, place);
    return place;
  }

  protected count(method: string): void {
    this.calls[method] = (this.calls[method] ?? 0) + 1;
  }
}
