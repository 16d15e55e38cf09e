import type { DropId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { ClosedCohort, Snapshot } from "../../schema/line.ts";
import type { Refusal } from "../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../schema/result.ts";
import type { Unavailable } from "../combine.ts";
import { beside } from "./beside.ts";
import { boundedPut } from "./bounded-put.ts";
import { callState } from "./call-state.ts";
import type { Deps, Lifetime } from "./deps.ts";
import type { RecordParts } from "./record/record-parts.ts";
import { TUNING } from "./tuning.ts";

type Refused = Unavailable | Refusal<"drop_not_found">;
type Landed = Result<null, Refused>;
/** Every cohort of one page of the record up to `through`; a number without an entry had nobody in it. */
type Page = {
  cohorts: Map<number, ClosedCohort>;
  through: number;
  loading?: { landed: Promise<Landed>; through: number; sinceMs: number } | undefined;
};
/** Which numbers a page takes in, and up to which of them the snapshot says that seeds are out. */
type Span = { page: number; first: number; last: number; through: number };

/**
 * Cohorts whose seeds are out, which never change again: read once by an isolate, not once by a person. Whole pages come
 * from KV, of the last one only what is new comes from the object.
 */
export class ClosedCohorts {
  readonly #deps: Deps;
  readonly #parts: RecordParts;
  readonly #pages = new Map<string, Page>();

  constructor(deps: Deps, parts: RecordParts) {
    this.#deps = deps;
    this.#parts = parts;
  }

  /** One cohort; undefined when nobody was in it, or when the snapshot does not show it as revealed. */
  async one(
    snapshot: Snapshot,
    cohort: number,
    lifetime: Lifetime,
  ): Promise<Result<ClosedCohort | undefined, Refused>> {
    if (cohort > snapshot.revealedThrough) return ok(undefined);
    const span = spanOf(cohort, snapshot);
    const page = this.#page(snapshot.dropId, span);
    if (page.through < cohort) {
      const landed = await this.#load(snapshot.dropId, page, span, { cohort, lifetime });
      if (!landed.ok) return landed;
    }
    return ok(page.cohorts.get(cohort));
  }

  async #load(
    dropId: DropId,
    page: Page,
    span: Span,
    { cohort, lifetime }: { cohort: number; lifetime: Lifetime },
  ): Promise<Landed> {
    const { clock } = this.#deps;
    const { loading } = page;
    if (
      loading !== undefined &&
      loading.through >= cohort &&
      clock.now() - loading.sinceMs < TUNING.flightWaitMs
    ) {
      const landed = await beside(clock, loading.landed, TUNING.flightWaitMs);
      if (landed !== undefined) return landed;
    }
    const landed = this.#read(dropId, page, span, lifetime);
    page.loading = { landed, through: span.through, sinceMs: clock.now() };
    lifetime.waitUntil(landed);
    return landed;
  }

  async #read(dropId: DropId, page: Page, span: Span, lifetime: Lifetime): Promise<Landed> {
    const read =
      span.through === span.last
        ? await this.#readWhole(dropId, span, lifetime)
        : await this.#readNew(dropId, page, span);
    if (page.loading?.through === span.through) page.loading = undefined;
    if (!read.ok) return read;
    for (const closed of read.value)
      if (closed.cohort >= span.first && closed.cohort <= span.last) page.cohorts.set(closed.cohort, closed);
    page.through = Math.max(page.through, span.through);
    return ok(null);
  }

  async #readWhole(
    dropId: DropId,
    { page, last }: Span,
    lifetime: Lifetime,
  ): Promise<Result<ClosedCohort[], Refused>> {
    const read = await this.#parts.get(
      { dropId, part: { kind: "cohorts", page }, isStored: true, seen: last },
      lifetime,
    );
    return read.ok ? ok(read.value?.cohorts ?? []) : read;
  }

  async #readNew(dropId: DropId, page: Page, { first }: Span): Promise<Result<ClosedCohort[], Refused>> {
    const after = Math.max(first - 1, page.through);
    const called = await callState(this.#deps, "closedCohorts", (state) =>
      state.closedCohorts(dropId, after),
    );
    if (!called.ok) return called;
    return called.value.ok ? ok(called.value.value) : refuse(called.value.refusal);
  }

  #page(dropId: DropId, { page, first }: Span): Page {
    const key = `${dropId}/${page}`;
    const held = this.#pages.get(key) ?? { cohorts: new Map(), through: first - 1 };
    boundedPut(this.#pages, key, held, TUNING.cohortPagesMax);
    return held;
  }
}

function spanOf(cohort: number, { revealedThrough }: Snapshot): Span {
  const page = Math.floor(cohort / LIMITS.cohortsPerPage);
  const first = page * LIMITS.cohortsPerPage;
  const last = first + LIMITS.cohortsPerPage - 1;
  return { page, first, last, through: Math.min(last, revealedThrough) };
}
