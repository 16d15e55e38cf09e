import { canonicalJson } from "../../schema/canonical-json.ts";
import type { DropDocument, PublishedDrop } from "../../schema/drop-document.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { ClosedCohort, RecordHead, Snapshot } from "../../schema/line.ts";
import type { Refusal } from "../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../schema/result.ts";
import type {
  JoinAnswer,
  LevelPush,
  LineCommand,
  LineCommandAnswer,
  PublishAnswer,
  RecordPart,
  RecordPartAnswer,
} from "../../schema/rpc/drop-queue.ts";
import { inTime } from "../in-time.ts";
import { cohortEndMs, isSoldOut, nextAlarm, scheduleOf } from "./decide.ts";
import type { LineDeps } from "./deps.ts";
import { type Acted, decideAct } from "./hand/act.ts";
import { Joining } from "./joining.ts";
import { Outside } from "./outside/outside.ts";
import { publishDrop } from "./publish.ts";
import { partOf } from "./record/parts.ts";
import { hasWaiting, recordHeadOf, snapshotOf } from "./snapshot.ts";
import type { DropRow } from "./store.ts";
import { termsOf } from "./terms.ts";
import { admit, closeDue, isOpen } from "./tick.ts";

type NotFound = Refusal<"drop_not_found">;

/**
 * The line of one drop: everything that it decides and does, without the platform around it. Cohorts are decided by its own
 * clock alone. A cohort closes, its root is public, then its seed is out, then people in it are admitted: always in this
 * order, and cohort after cohort. What it keeps in memory is hints: the rows are the line.
 */
export class Line {
  readonly #deps: LineDeps;
  readonly #joining: Joining;
  readonly #outside: Outside;

  constructor(deps: LineDeps) {
    this.#deps = deps;
    this.#joining = new Joining(deps);
    this.#outside = new Outside(deps);
  }

  /** Freezes a document. Its SKUs are to be configured next, by `configureSkus` or the alarm. */
  publish(document: DropDocument, version: string): PublishAnswer {
    return publishDrop(this.#deps, document, version);
  }

  /** `heldApart`: one byte a ticket, 1 for a bot's; it counts at a ticket's first join only. */
  join(ticketIds: Uint8Array, heldApart: Uint8Array): JoinAnswer {
    return this.#joining.join(ticketIds, heldApart);
  }

  snapshot(): Result<Snapshot, NotFound> {
    return this.#read((drop) => snapshotOf(this.#deps.store, drop, this.#deps.nowMs()));
  }

  published(): Result<PublishedDrop, NotFound> {
    return this.#read((drop) => drop.published);
  }

  /** Cohorts whose seeds are out, after the given number, in order, at most a page. */
  closedCohorts(afterCohort: number): Result<ClosedCohort[], NotFound> {
    return this.#read(() => this.#deps.store.record.revealed(afterCohort + 1, Number.MAX_SAFE_INTEGER));
  }

  recordHead(): Result<RecordHead, NotFound> {
    return this.#read((drop) => recordHeadOf(this.#deps.store, drop, this.#deps.nowMs()));
  }

  recordPart(part: RecordPart): RecordPartAnswer {
    return this.#read(() => partOf(this.#deps.store, part));
  }

  #read<Value>(answer: (drop: DropRow) => Value): Result<Value, NotFound> {
    const drop = this.#deps.store.drop();
    return drop ? ok(answer(drop)) : refuse({ code: "drop_not_found" });
  }

  /** What an operator does by hand. A repeat of its id changes nothing, and is answered with the line as it is now. */
  command({ commandId, act }: LineCommand): LineCommandAnswer {
    const { store } = this.#deps;
    const drop = store.drop();
    if (!drop) return refuse({ code: "drop_not_found" });
    const nowMs = this.#deps.nowMs();
    const asked = canonicalJson(act);
    const known = store.command(commandId);
    if (known !== null)
      return known === asked
        ? ok(snapshotOf(store, drop, nowMs))
        : refuse({ code: "idempotency_key_reused" });
    const schedule = scheduleOf(drop.published.document, drop.hand);
    if (drop.finishedAtMs !== null || nowMs >= schedule.closesAtMs) return refuse({ code: "drop_closed" });
    const decision = decideAct(drop.hand, act, {
      nowMs,
      schedule,
      links: drop.commitment.links,
      documentPace: drop.published.document.line.admitPerSecond,
      notes: store.record.notes().length,
    });
    if (!decision.ok) return decision;
    store.atomically(() => {
      store.writeCommand(commandId, asked);
      this.#carryOut(drop, decision.value, nowMs);
    });
    return ok(snapshotOf(store, store.drop() ?? drop, nowMs));
  }

  #carryOut(drop: DropRow, { hand, note, movesTimes }: Acted, nowMs: number): void {
    const { store } = this.#deps;
    // Before and after, so that the pace hears of a pause as it begins and ends: what was earned meanwhile is nothing.
    admit(this.#deps, this.#outside.backlog);
    store.writeHand(hand);
    if (note) store.record.writeNote(note);
    if (movesTimes) {
      const termsAtMs = Math.max(nowMs, drop.termsAtMs + 1);
      const schedule = scheduleOf(drop.published.document, hand);
      store.writeTerms(termsOf(drop.published, { schedule, termsAtMs, known: store.skus() }));
      store.noteTermsAt(termsAtMs);
    }
    admit(this.#deps, this.#outside.backlog);
  }

  /** A SKU's level; an older one than the last is ignored. */
  pushLevel(push: LevelPush): void {
    const { store } = this.#deps;
    const drop = store.drop();
    if (!drop) return;
    store.takeLevel(push);
    const levels = store.levels(drop.published.document.skus.map((sku) => sku.id));
    if (drop.soldOutAtMs === null && isSoldOut(levels)) store.noteSoldOut(this.#deps.nowMs());
  }

  /**
   * Closes what is due, goes outside, and admits, waiting for the outside only so long: a beacon that is late, or KV away,
   * holds up neither the next tick nor those whose seeds are out. Safe to run twice, also at once. Never rejects.
   */
  async alarm(): Promise<void> {
    this.#logged("line_not_closed", () => closeDue(this.#deps));
    await inTime(this.goOut(), LIMITS.lineOutsidePatienceMs).catch(() => {});
    this.#logged("line_not_admitted", () => admit(this.#deps, this.#outside.backlog));
  }

  /** Everything that is done outside, to its end. Never rejects. */
  goOut(): Promise<void> {
    return this.#outside.go({ isAdmitting: this.#isAdmitting() });
  }

  configureSkus(): Promise<void> {
    return this.#outside.configureSkus();
  }

  /** When it must wake, from its rows; null: nothing is left to do. */
  nextAlarmMs(): number | null {
    const { store, nowMs } = this.#deps;
    const drop = store.drop();
    if (!drop) return null;
    const schedule = scheduleOf(drop.published.document, drop.hand);
    const open = store.record.open();
    return nextAlarm({
      nowMs: nowMs(),
      openCohortEndsMs: open.map(({ cohort }) => cohortEndMs(schedule, cohort)),
      closesAtMs: drop.finishedAtMs === null && open.length === 0 ? schedule.closesAtMs : null,
      isAdmitting: this.#isAdmitting(),
      hasUnfolded: open.some(({ cohort }) => store.log.isUnfolded(cohort)),
      lastTickMs: drop.pace.atMs,
      outsideDueMs: this.#outside.dueAtMs(),
    });
  }

  #isAdmitting(): boolean {
    const { store, nowMs } = this.#deps;
    const drop = store.drop();
    return drop !== null && isOpen(store, drop, nowMs()) && hasWaiting(store);
  }

  #logged(event: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#deps.log(event, error);
    }
  }
}
