import * as z from "zod";
import { CohortPage, LedgerPage, RecordHead, SignedRoot, StepPage } from "../../../schema/line.ts";
import { EXAMPLES } from "../openapi/examples.ts";
import { get, KEPT_FOR_EVER } from "../openapi/operation.ts";
import { TUNING } from "../tuning.ts";
import { readChunk } from "../verbs/read-chunk.ts";
import { readCohortPage } from "../verbs/read-cohort-page.ts";
import { readLedgerPage } from "../verbs/read-ledger-page.ts";
import { readRecordHead } from "../verbs/read-record.ts";
import { readRoot } from "../verbs/read-root.ts";
import { readStepPage } from "../verbs/read-step-page.ts";

const KEPT_BRIEFLY = { seconds: TUNING.recordMaxAgeSeconds };
const TicketIds = z
  .string()
  .meta({ format: "binary", description: "Ticket ids of 16 bytes each, one after the other, as they came" });

/** The line's public record: what anybody needs to check the order of admission. `docs/fair-line.md` says how. */
export const RECORD_OPERATIONS = [
  get(
    "/drops/:drop/record",
    {
      id: "readRecord",
      tag: "Line",
      summary: "Read the head of the line's public record",
      about:
        "What the line is bound to, how far its record goes, and what was done by hand. Everything else is checked against `commitment`.",
      caller: "anybody",
      key: false,
      answer: {
        status: 200,
        about: "The record as it stands; its parts may be a few seconds behind",
        shape: RecordHead,
        example: EXAMPLES.recordHead,
        kept: KEPT_BRIEFLY,
      },
      refusals: ["unavailable"],
    },
    (act, { dropId }) => readRecordHead(act, dropId),
  ),
  get(
    "/drops/:drop/record/roots/:cohort",
    {
      id: "readRoot",
      tag: "Line",
      summary: "Read the signed root of a closed cohort",
      about:
        "Out before its seed is. Keep it: two different roots for one cohort are proof of fraud. Not there while the cohort is open, nor ever when nobody was in it.",
      caller: "anybody",
      key: false,
      answer: {
        status: 200,
        about: "The root, which never changes",
        shape: SignedRoot,
        example: EXAMPLES.signedRoot,
        kept: KEPT_FOR_EVER,
      },
      refusals: ["unavailable"],
    },
    readRoot,
  ),
  get(
    "/drops/:drop/record/chunks/:cohort/:chunk",
    {
      id: "readChunk",
      tag: "Line",
      summary: "Read a chunk of a closed cohort's log",
      about: "The ticket ids that the root is made of. A ticket says which chunk it is in.",
      caller: "anybody",
      key: false,
      answer: {
        status: 200,
        about: "The chunk, which never changes",
        shape: TicketIds,
        mediaType: "application/octet-stream",
        kept: KEPT_FOR_EVER,
      },
      refusals: ["unavailable"],
    },
    readChunk,
  ),
  get(
    "/drops/:drop/record/cohorts/:page",
    {
      id: "readCohorts",
      tag: "Line",
      summary: "Read a page of cohorts whose seeds are out",
      about: "Page 0 has cohorts 0 to 99, and so on. A number that is missing had nobody in it.",
      caller: "anybody",
      key: false,
      answer: {
        status: 200,
        about: "The page; once it `isComplete` it never changes",
        shape: CohortPage,
        example: EXAMPLES.cohortPage,
        kept: ({ isComplete }) => (isComplete ? KEPT_FOR_EVER : KEPT_BRIEFLY),
      },
      refusals: ["unavailable"],
    },
    readCohortPage,
  ),
  get(
    "/drops/:drop/record/steps/:page",
    {
      id: "readSteps",
      tag: "Line",
      summary: "Read a page of the watermark's steps",
      about: "Who was admitted when: page 0 has steps 1 to 1000, and so on.",
      caller: "anybody",
      key: false,
      answer: {
        status: 200,
        about: "The page; once it `isComplete` it never changes",
        shape: StepPage,
        example: EXAMPLES.stepPage,
        kept: ({ isComplete }) => (isComplete ? KEPT_FOR_EVER : KEPT_BRIEFLY),
      },
      refusals: ["unavailable"],
    },
    readStepPage,
  ),
  get(
    "/drops/:drop/record/ledgers/:sku/:page",
    {
      id: "readLedger",
      tag: "Line",
      summary: "Read a page of a SKU's stock ledger",
      about:
        "Every unit that was ever taken, sold, given back or corrected: page 0 has rows 1 to 500, and so on. A row names the ticket that it was for; one without was made by hand. The record's head has the hash over all of them.",
      caller: "anybody",
      key: false,
      answer: {
        status: 200,
        about: "The page; once it `isComplete` it never changes",
        shape: LedgerPage,
        example: EXAMPLES.ledgerPage,
        kept: ({ isComplete }) => (isComplete ? KEPT_FOR_EVER : KEPT_BRIEFLY),
      },
      refusals: ["unavailable"],
    },
    readLedgerPage,
  ),
] as const;
