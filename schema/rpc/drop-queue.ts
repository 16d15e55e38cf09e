import type { PublishedDrop } from "../drop-document.ts";
import type { LedgerHead, LineAct, SkuLevel, Snapshot } from "../line.ts";
import type { Refusal } from "../refusals.ts";
import type { Result } from "../result.ts";

/**
 * `ticketIds`: 16 bytes each, one after the other; places in the same order. A ticket has one place in a drop: its first.
 * `chunk`: which chunk of its cohort's log has it. `isHeldApart`: as it was judged when it joined first.
 */
export type JoinedPlace = { cohort: number; chunk: number; isHeldApart: boolean; cohortClosesAtMs: number };

/** Refused one by one when the line is full or its chain is used up: whoever is in it already still gets the place. */
export type JoinedAlone = Result<JoinedPlace, Refusal<"drop_closed" | "unavailable">>;

export type JoinAnswer = Result<JoinedAlone[], Refusal<"drop_not_found" | "drop_not_open" | "drop_closed">>;

export type PublishAnswer = Result<
  PublishedDrop,
  Refusal<"drop_already_live" | "invalid_request" | "internal">
>;

/** What an operator does to a line by hand. A repeat of the same id changes nothing. */
export type LineCommand = { commandId: string; act: LineAct };

export type LineCommandAnswer = Result<
  Snapshot,
  Refusal<"drop_not_found" | "drop_closed" | "idempotency_key_reused" | "invalid_request">
>;

/** Parts of the public record that never change once they are there; null: not yet, or nobody was in it. */
export type RecordPart =
  | { kind: "root"; cohort: number }
  | { kind: "chunk"; cohort: number; chunk: number }
  | { kind: "cohorts"; page: number }
  | { kind: "steps"; page: number };

/** JSON of the part's shape in `schema/line.ts`; a chunk is its raw bytes. `isFinal`: it never changes again. */
export type RecordPartAnswer = Result<
  { body: string | Uint8Array; isFinal: boolean } | null,
  Refusal<"drop_not_found">
>;

/** A SKU tells the line its level; an older `levelVersion` than the stored one is ignored. */
export type LevelPush = {
  level: SkuLevel;
  levelVersion: number;
  /** Tickets that took units here first: over the SKUs of a drop each counts once, so that their sum is who turned up. */
  ticketsSeen: number;
  ledger: Pick<LedgerHead, "rows" | "hash">;
};
