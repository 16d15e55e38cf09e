/** Numbers that concern the edge alone: its memory, its caches, its hints to clients. The shared ones are in `schema/limits.ts`. */
export const TUNING = {
  /** Verified tokens remembered by one isolate, a kind: about 400 bytes each, so a few MB of its 128. */
  tokenMemoMax: 4_096,
  /** Drops that one isolate keeps pictures of; a brand has a handful. Bounds what made-up names can occupy. */
  cachedDropsMax: 64,
  /** Pages of a hundred closed cohorts, some 60 KB each, over all drops: eight hours of five-second windows. */
  cohortPagesMax: 60,

  /** A load that somebody else began is waited for so long; then one loads for oneself. */
  flightWaitMs: 2_000,
  /** How old a picture may get while its object does not answer. A watermark never goes back, so an old one is only stricter. */
  staleWhileUnavailableMs: 30_000,
  /** The list of drops is one KV list call, itself up to a minute behind. */
  dropListTtlMs: 5_000,
  /** KV lists at most 1,000 names a call; a brand has far fewer drops. */
  dropListMax: 1_000,

  /** Parts of the record never change; behind the cache few are asked for twice, and each holds memory: at most 64 KB, 64 of them. */
  recordPartTtlMs: 5 * 60_000,
  /** KV's own cache at a location. Not for a day: it also keeps that a part is not there. */
  recordKvCacheSeconds: 300,

  /** How soon an isolate sees that the catalog changed, once KV shows it. */
  catalogTtlMs: 2_000,
  /** A product of the version that the index names stays as it is. */
  productTtlMs: 5 * 60_000,
  /** KV's own cache at this location; its least is 30 s. */
  catalogKvCacheSeconds: 30,
  /** More changed products than these, and everything of the catalog is purged: a purge takes 100 tags. */
  purgeTagsMax: 90,

  /** Retry-After of a 429, and RateLimit-Policy: what the bindings in wrangler.toml say, which a test compares. */
  addressSessions: 1_200,
  addressMails: 300,
  shopperWrites: 120,
  addressWindowMs: 60_000,
  shopperWindowMs: 10_000,
  mailWindowMs: 60_000,

  /** Joins that look alike are counted over this: bots come in seconds, a crowd in minutes. */
  velocityWindowMs: 10_000,
  /** From one address: at a stadium's, 500 people in the minute of the start, a third of them with the same phone and language. */
  alikeFromAddressMax: 30,
  /** From one network (/24, /48): a mobile one's 5,000 people in the first two minutes, so many of them alike. */
  alikeFromNetworkMax: 300,
  /** Who has solved a challenge has paid something for each place: so many times as many of them may come. */
  challengedLeniency: 4,
  /** Two a join that differs from all others; about 150 bytes each. */
  velocityKeysMax: 8_192,
  /** Tickets whose judgment an isolate remembers, so that a repeat does not count: about 100 bytes each. */
  judgedTicketsMax: 8_192,

  /** A page without JavaScript reloads as a whole, so a little less often. */
  pageRefreshMinSeconds: 2,
  pageRefreshMaxSeconds: 30,
  /** Pages that were refused together, because everything is too busy, come back over so long. */
  pageRefreshSpreadSeconds: 10,
  /** Pages that wait for the lobby come back over half of it, and at most over so long: inside it everybody is equal. */
  lobbyRefreshSpreadMaxSeconds: 30,
  /** And sooner than that they look again: times may be moved, and a laptop that slept is late by as much. */
  announcedRefreshMaxSeconds: 600,
  /** The Idempotency-Key of a form: nobody guesses 128 bits, and no two forms draw the same. */
  formKeyBytes: 16,
  /** Places on waiting lists that a browser is shown the way back to: with the largest basket 3 KB of a cookie's 4. */
  keptEntriesMax: 5,

  /** A stream ends after this and is taken up again: subrequests of one invocation stay few, and deployments come through. */
  streamMaxMs: 5 * 60_000,
  /** Proxies end connections that are silent for a minute, some after 30 s. */
  streamHeartbeatMs: 15_000,
  /** How long a client waits before it takes up a stream that ended. */
  streamRetryMs: 2_000,
  /** Streams of one isolate at once, a few KB each; beyond this a client polls, which costs the same calls. */
  streamsMax: 2_000,
  /** Of one shopper: an order in a few tabs and devices. One alone must not take the others' places. */
  streamsPerShopperMax: 8,

  /** Cache-Control of public answers. */
  snapshotMaxAgeSeconds: 1,
  recordMaxAgeSeconds: 2,
  /** The longest that HTTP knows in practice: a year. */
  immutableMaxAgeSeconds: 31_536_000,
  dropMaxAgeSeconds: 2,
  dropListMaxAgeSeconds: 5,
  /** A price that is shown half a minute too long harms nobody: a drop has its own. */
  catalogMaxAgeSeconds: 30,
  /** The document changes with a deployment. */
  openApiMaxAgeSeconds: 300,
} as const;
