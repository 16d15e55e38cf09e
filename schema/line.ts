import * as z from "zod";
import { DropId, SkuId } from "./ids.ts";
import { DropPhase } from "./statuses.ts";

/** The (cohort, rank) up to which the line has been admitted: everybody before it in this order may pass. */
export const Watermark = z.object({ cohort: z.int().min(-1), rank: z.number().min(0).max(1) });
export type Watermark = z.infer<typeof Watermark>;

/** A place is admitted when it lies strictly before the watermark. Ranks are in [0, 1), so rank 1 admits all. */
export function isAdmitted(place: { cohort: number; rank: number }, watermark: Watermark): boolean {
  if (place.cohort !== watermark.cohort) return place.cohort < watermark.cohort;
  return place.rank < watermark.rank;
}

/** Units of one SKU, as told to the line. `stock = available + reserved + sold`. */
export const SkuLevel = z.object({
  skuId: SkuId,
  stock: z.int(),
  available: z.int(),
  reserved: z.int(),
  sold: z.int(),
});
export type SkuLevel = z.infer<typeof SkuLevel>;

/** The small public picture of a drop, the same for everybody. Times are milliseconds since 1970. */
export const Snapshot = z.object({
  dropId: DropId,
  version: z.string(),
  atMs: z.int(),
  phase: DropPhase,
  lobbyOpensAtMs: z.int(),
  opensAtMs: z.int(),
  closesAtMs: z.int(),
  windowMs: z.int(),
  watermark: Watermark,
  /** People in the log, and people before the watermark (an expectation: ranks are uniform). */
  joined: z.int(),
  admitted: z.int(),
  admitPerSecond: z.int(),
  skus: z.array(SkuLevel),
  soldOutAtMs: z.int().nullable(),
});
export type Snapshot = z.infer<typeof Snapshot>;

/** A closed cohort: immutable from its close on. `seed` is 32 bytes in hex. */
export const ClosedCohort = z.object({
  cohort: z.int().min(0),
  count: z.int(),
  closedAtMs: z.int(),
  seed: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ClosedCohort = z.infer<typeof ClosedCohort>;

/** One step of the watermark; steps never go back. */
export const WatermarkStep = z.object({
  step: z.int(),
  atMs: z.int(),
  cohort: z.int(),
  rank: z.number(),
  admitted: z.int(),
});
export type WatermarkStep = z.infer<typeof WatermarkStep>;

/** A page of the public record: cohorts and steps after the given numbers, at most `pageRowsMax` of each. */
export const LineRecord = z.object({
  dropId: DropId,
  cohorts: z.array(ClosedCohort),
  steps: z.array(WatermarkStep),
  more: z.boolean(),
});
export type LineRecord = z.infer<typeof LineRecord>;
