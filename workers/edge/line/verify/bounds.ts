/**
 * Numbers of the public record's format, as `docs/fair-line.md` states them, and what a verifier takes at most from a server
 * that it does not trust. They stand here and not in `schema/limits.ts`, since the verifier runs in browsers and leans on
 * nothing of the server's; a test holds those of the format against the server's.
 */
export const FORMAT = {
  linksMax: 32_767,
  ticketBytes: 16,
  ticketsPerChunk: 4_096,
  cohortsPerPage: 100,
  stepsPerPage: 1_000,
  ledgerRowsPerPage: 500,
  /** A cohort's round is the first that is due this long after its close, or later. */
  beaconMarginMs: 2_000,
} as const;

export const BOUNDS = {
  /** Twice what a line takes: room for lines of later versions, and 64 MB of memory for their ids. */
  joinedMax: 4_000_000,
  /** A step a second for three weeks is 1.8 million. */
  stepsMax: 2_000_000,
  skusMax: 100,
  /** All ledgers of a drop: a million units, each with a few moves. */
  ledgerRowsMax: 10_000_000,
  /** Ten times the largest honest page. */
  pageMaxBytes: 2 * 1024 * 1024,
  /** Notes and ledger heads; some 60 KB when full. */
  headMaxBytes: 512 * 1024,
  notesMax: 1_000,
  quantityMax: 1_000_000_000,
  /** Parts asked for at a time: hides the way to the server, and is no flood. */
  readsAtOnce: 6,
  /** Findings of one check that are told in full; all are counted. */
  findingsMax: 100,
  /** What a page or a file kept from earlier. */
  keptRootsMax: 32_767,
  /** In a browser, a cohort up to this is ranked whole for an exact place; past it the place is an estimate. */
  lightCohortMax: 65_536,
  /** Clocks of two objects differ by milliseconds; a unit this much before its turn is not held against anybody. */
  clockToleranceMs: 1_000,
  /** The whole run. Past it what was not looked at is told as such. */
  runMaxMs: 30 * 60_000,
  /** One request with its body. */
  readTimeoutMs: 15_000,
  readTriesMax: 4,
  /** Before the second try; doubles. */
  readRetryMs: 500,
  /** Pages that still grow may be some seconds behind the head: what is lacking is looked for again, after this. */
  staleLooksMax: 3,
  staleWaitMs: 2_500,
} as const;
