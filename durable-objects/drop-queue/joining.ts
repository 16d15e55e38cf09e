import { LIMITS } from "../../schema/limits.ts";
import { ok, refuse } from "../../schema/result.ts";
import type { JoinAnswer, JoinedAlone } from "../../schema/rpc/drop-queue.ts";
import { cohortAt, cohortEndMs, phaseAt, scheduleOf } from "./decide.ts";
import type { LineDeps } from "./deps.ts";
import { TicketIndex } from "./ticket-index.ts";

/** Who is in the log, and how tickets get there. What it keeps is a hint, rebuilt from the rows after an eviction. */
export class Joining {
  readonly #deps: LineDeps;
  #index: TicketIndex | null = null;

  constructor(deps: LineDeps) {
    this.#deps = deps;
  }

  /**
   * Appends ticket ids (16 bytes each) to the cohort of this moment. An id that is in the log already keeps its first place,
   * whenever it comes again: a repeat is never better, and never worse, also when the line is full.
   */
  join(ticketIds: Uint8Array, heldApart: Uint8Array): JoinAnswer {
    const { store, limits } = this.#deps;
    const nowMs = this.#deps.nowMs();
    const drop = store.drop();
    if (!drop) return refuse({ code: "drop_not_found" });
    const schedule = scheduleOf(drop.published.document, drop.hand);
    const phase = drop.finishedAtMs === null ? phaseAt(schedule, false, nowMs) : "closed";
    if (phase === "announced")
      return refuse({ code: "drop_not_open", retryAfterMs: schedule.lobbyOpensAtMs - nowMs });
    if (phase === "closed") return refuse({ code: "drop_closed" });

    // A clock that steps back must not reopen a cohort that others came after, or whose seed is out.
    const latest = store.record.latest();
    const firstOpen = latest === null ? 0 : latest.cohort + (latest.isClosed ? 1 : 0);
    const cohort = Math.max(cohortAt(schedule, nowMs), firstOpen);
    const hasLink = cohort < drop.commitment.links;
    const index = this.#tickets();
    const { places, fresh, freshHeldApart } = index.addAll({
      ids: ticketIds,
      cohort,
      first: latest?.cohort === cohort ? latest.count : 0,
      heldApart,
      room: hasLink ? (limits?.joinedMax ?? LIMITS.joinedMax) - index.size : 0,
    });
    this.#append(cohort, fresh, freshHeldApart);
    return ok(
      places.map((place): JoinedAlone => {
        if (place) return ok({ ...place, cohortClosesAtMs: cohortEndMs(schedule, place.cohort) });
        if (!hasLink) return refuse({ code: "drop_closed", detail: "The line takes nobody any more." });
        return refuse({ code: "unavailable", detail: "The line is full." });
      }),
    );
  }

  #append(cohort: number, fresh: Uint8Array, freshHeldApart: Uint8Array): void {
    if (fresh.byteLength === 0) return;
    const { store } = this.#deps;
    try {
      store.atomically(() => {
        store.log.append(cohort, fresh);
        if (freshHeldApart.byteLength > 0) store.log.holdApart(freshHeldApart);
      });
    } catch (error) {
      this.#index = null;
      throw error;
    }
  }

  #tickets(): TicketIndex {
    if (this.#index !== null) return this.#index;
    const { log } = this.#deps.store;
    const index = new TicketIndex(LIMITS.ticketsPerChunkMax);
    const noOne = new Uint8Array(0);
    let [last, first] = [-1, 0];
    for (const { cohort, ids } of log.tickets()) {
      if (cohort !== last) [last, first] = [cohort, 0];
      const before = index.size;
      index.addAll({ ids, cohort, first, heldApart: noOne, room: Number.POSITIVE_INFINITY });
      first += index.size - before;
    }
    for (const ids of log.heldApart()) index.holdApart(ids);
    this.#index = index;
    return index;
  }
}
