import type { DropId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { ClosedCohort } from "../../schema/line.ts";
import { ok, type Result, refuse } from "../../schema/result.ts";
import type { Refusal } from "../../schema/rpc.ts";
import type { Unavailable } from "../combine.ts";
import { beside } from "./beside.ts";
import { callState } from "./call-state.ts";
import type { Deps, Lifetime } from "./deps.ts";
import { TUNING } from "./tuning.ts";

/** Every closed cohort of one drop with `from <= cohort <= through`; a number without an entry had nobody in it. */
type Known = {
  from: number;
  through: number;
  cohorts: Map<number, ClosedCohort>;
  loading?: Loading | undefined;
};
type Loading = { after: number; landed: Promise<Loaded>; sinceMs: number };
type Refused = Unavailable | Refusal<"drop_not_found">;
type Loaded = Result<ClosedCohort[], Refused>;

/**
 * Closed cohorts, which never change once they are there: read once by an isolate, not once by a person. Ask only for
 * cohorts that a snapshot shows as closed.
 */
export class ClosedCohorts {
  readonly #deps: Deps;
  readonly #drops = new Map<DropId, Known>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** One cohort, or undefined when nobody was in it (or it is not closed after all). */
  async one(
    dropId: DropId,
    cohort: number,
    lifetime: Lifetime,
  ): Promise<Result<ClosedCohort | undefined, Refused>> {
    const known = this.#known(dropId);
    // Going on from what is known keeps it in one piece; a page that ends too early is made up for by a direct read.
    for (const after of [startFor(known, cohort), cohort - 1]) {
      if (covers(known, cohort, cohort)) break;
      const loaded = await this.#load(dropId, known, after, lifetime);
      if (!loaded.ok) return loaded;
    }
    return ok(known.cohorts.get(cohort));
  }

  /** All from one to another, or undefined when that would take more than `cohortPagesMax` reads. */
  async between(
    dropId: DropId,
    first: number,
    last: number,
    lifetime: Lifetime,
  ): Promise<Result<ClosedCohort[] | undefined, Refused>> {
    const known = this.#known(dropId);
    for (let page = 0; !covers(known, first, last); page++) {
      if (page === TUNING.cohortPagesMax) return ok(undefined);
      const before = known.through;
      const loaded = await this.#load(dropId, known, startFor(known, first), lifetime);
      if (!loaded.ok) return loaded;
      if (known.through === before) return ok(undefined);
    }
    const found: ClosedCohort[] = [];
    for (let cohort = first; cohort <= last; cohort++) {
      const entry = known.cohorts.get(cohort);
      if (entry !== undefined) found.push(entry);
    }
    return ok(found);
  }

  async #load(dropId: DropId, known: Known, after: number, lifetime: Lifetime): Promise<Loaded> {
    const { clock } = this.#deps;
    const loading = known.loading;
    if (
      loading !== undefined &&
      loading.after === after &&
      clock.now() - loading.sinceMs < TUNING.flightWaitMs
    ) {
      const landed = await beside(clock, loading.landed, TUNING.flightWaitMs);
      if (landed !== undefined) return landed;
    }
    const landed = this.#read(dropId, known, after);
    known.loading = { after, landed, sinceMs: clock.now() };
    lifetime.waitUntil(landed);
    return landed;
  }

  async #read(dropId: DropId, known: Known, after: number): Promise<Loaded> {
    const called = await callState(this.#deps, "closedCohorts", (state) =>
      state.closedCohorts(dropId, after),
    );
    if (known.loading?.after === after) known.loading = undefined;
    if (!called.ok) return called;
    if (called.value.ok) remember(known, after, called.value.value);
    return called.value.ok ? ok(called.value.value) : refuse(called.value.refusal);
  }

  #known(dropId: DropId): Known {
    const known = this.#drops.get(dropId) ?? { from: 0, through: -1, cohorts: new Map() };
    this.#drops.delete(dropId);
    this.#drops.set(dropId, known);
    if (this.#drops.size > TUNING.cachedDropsMax) {
      for (const oldest of this.#drops.keys()) {
        this.#drops.delete(oldest);
        break;
      }
    }
    return known;
  }
}

function covers(known: Known, first: number, last: number): boolean {
  return first >= known.from && last <= known.through;
}

/** Go on where the known ones end when that leads to the wanted one, else start at it. */
function startFor(known: Known, wanted: number): number {
  const goesOn = wanted >= known.from && wanted - known.through <= LIMITS.pageRowsMax;
  return goesOn ? known.through : wanted - 1;
}

/** Joins a page to what is known where they touch; else the page replaces it. */
function remember(known: Known, after: number, page: ClosedCohort[]): void {
  const last = page.at(-1)?.cohort;
  if (last === undefined) return;
  const touches = after <= known.through && after + 1 >= known.from;
  if (!touches || known.cohorts.size + page.length > TUNING.cachedCohortsMax) {
    known.cohorts.clear();
    known.from = after + 1;
    known.through = last;
  }
  for (const entry of page) known.cohorts.set(entry.cohort, entry);
  known.through = Math.max(known.through, last);
}
