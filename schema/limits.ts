/** Every number that bounds or paces something: its unit in the name, its reason above it. */
export const LIMITS = {
  /** Long enough for "spring-2027-runner-eu", short enough for an object name and a log line. */
  slugMaxChars: 64,
  /** Names that people read; a line on a phone. */
  nameMaxChars: 120,
  /** A paragraph on the drop's page. */
  descriptionMaxChars: 4_000,
  /** The largest honest body is an order with its contact; twice that leaves room for long addresses. */
  requestBodyMaxBytes: 16 * 1024,
  /** A drop document of `skusPerDropMax` SKUs with long names fits twice. */
  documentMaxBytes: 128 * 1024,
  /** Gateway webhooks are a few KiB; Stripe's own largest are below 64 KiB. */
  webhookBodyMaxBytes: 64 * 1024,
  /** The IETF draft leaves the length open; a UUID is 36, a signed nonce about 90. */
  idempotencyKeyMaxChars: 128,
  /** RFC 5321: 64 for the local part, 1 for the at sign, 255 for the domain, less what SMTP's path takes. */
  emailMaxChars: 254,
  /** A gateway's token (Stripe: 27 characters, Adyen's encrypted blobs are longer and not used here). */
  paymentTokenMaxChars: 255,
  /** What browsers, proxies and mail programs all carry. */
  urlMaxChars: 2_048,

  /** One product in all sizes and widths has fewer than 100; the level pushes of a drop are paced by this too. */
  skusPerDropMax: 100,
  /** More than any limited drop; a billion would still be exact in a double. */
  stockMax: 1_000_000,
  /** ISO 4217 amounts below this stay exact integers, even times quantity. */
  amountMinorMax: 1_000_000_000,
  /** A shopper's share of a limited drop: units of one SKU in one basket. */
  unitsPerReservationMax: 10,
  /** Lines of a basket, one a SKU: a size and a color of a few products. Each is a call to an object of its own. */
  basketLinesMax: 10,
  /** A line on a parcel's label; the longest place names have fewer than 90 characters. */
  addressPartMaxChars: 120,
  /** A quote: a signature, an address and ten charges with their labels, in base64url, in letters of up to three bytes. */
  shippingQuoteMaxChars: 9_000,
  /** A quote's own shipping and taxes: a tax a rate, and a few kinds of carriage. */
  quoteChargesMax: 10,
  /** The brand's endpoint is asked while a shopper waits at the checkout ... */
  quoteTimeoutMs: 5_000,
  /** ... and answers with a quote and little else. */
  quoteAnswerMaxBytes: 32 * 1024,
  /** A quote is asked for at the checkout, and is good for the time of a checkout. */
  quoteTtlMaxMs: 60 * 60 * 1_000,
  /** How far the clock of the brand's endpoint may be ahead of ours. */
  quoteClockSkewMs: 30_000,
  /** The key that signs quotes, and others while it is rotated. */
  quoteKeysMax: 5,
  /** What the brand asks of one order after it was sold: a refund or a parcel a unit of the largest basket, and some more. */
  orderCommandsMax: 250,
  /** Carrier and number as they stand on a label. */
  trackingMaxChars: 120,
  /** A gateway's name for one card; Stripe's has 16 characters. */
  instrumentMaxChars: 100,
  /** Regions of a shipping table: a shop that needs more asks its own endpoint for a quote. */
  shippingRegionsMax: 50,
  /** The name of a version of terms, e.g. 2027-03-01 or v12. */
  termsVersionMaxChars: 64,
  /** A shopper's share of all SKUs of a drop: every SKU of the largest drop, as often as one SKU allows. */
  unitsPerIdentityMax: 1_000,

  /**
   * Fixed: the number of its shard is inside each order id. One shard has all orders of a drop: about 100 to 125 a second beside
   * everything else on two cores (`npm run rehearse`), and a gateway takes fewer (Stripe: 25 on one endpoint). At most 256: an id has two hex digits for it.
   */
  orderShardCount: 16,
  /**
   * Fixed: an identity's shard follows from its hash. The one coordinator of a drop feeds them, in batches: four have several
   * times what it can ask for, and more would only make smaller batches.
   */
  limitShardCount: 4,
  /** Claims that lapse within this are swept by one alarm; nothing waits for it, a lapsed claim no longer counts. */
  limitSweepGraceMs: 60_000,
  /** Claims deleted in one alarm, about 10 ms; the rest in the next. */
  limitSweepRowsMax: 2_000,
  /**
   * So long a limit remembers that a claim was given back, so that an earlier call that comes late cannot make it again. Its
   * sender waits `skuCallTimeoutMs`, and the platform ends a call that waits, or whose process went away, within minutes: an
   * hour is far past that, and a row of some 100 bytes each.
   */
  limitFenceMs: 60 * 60 * 1_000,
  /** Fixed, like the limits' own: what bounds mails and codes is counted here, apart from any drop. */
  identityShardCount: 16,
  /** `customer:` and 64 hex digits fit twice. */
  identityMaxChars: 160,
  /** Six digits are guessed in one of 200,000 challenges, and a mail gets ten challenges an hour. */
  mailCodeDigits: 6,
  mailCodeTriesMax: 5,
  /** Mails arrive within a minute or two, or not at all. */
  mailCodeTtlMs: 10 * 60 * 1_000,
  /** Codes sent to one mail, or asked for by one session, within the window: enough for a slow mailbox and a typing error. */
  mailCodesPerMailMax: 10,
  mailCodesPerSessionMax: 5,
  mailCodesWindowMs: 60 * 60 * 1_000,
  /** Cloudflare: a Turnstile token has at most 2,048 characters ... */
  challengeMaxChars: 2_048,
  /** ... its check takes well below a second, while somebody waits to join ... */
  challengeTimeoutMs: 4_000,
  /** ... and is answered with a handful of short fields. */
  challengeAnswerMaxBytes: 8 * 1024,
  /** Sessions that join one drop as the same mail's or customer's: somebody's few devices, and one that lost its cookies. */
  joinsByPersonMax: 4,
  /** The brand's shop signs a token when its customer goes over to the drop: an hour is long for that. */
  customerTokenTtlMaxMs: 60 * 60 * 1_000,
  /** How far the brand's clock may be ahead of ours. */
  customerClockSkewMs: 30_000,
  /** OpenID Connect: a subject is at most 255 ASCII characters. */
  customerSubjectMaxChars: 255,
  /** Claims about a customer that we have no use for must not make us read a book. */
  customerTokenMaxChars: 4_096,
  /** Keys of the brand's shop: one, and another in rotation, for a handful of shops. */
  customerKeysMax: 20,
  /** A line of a mail has 998 characters at most (RFC 5322), 200 of four bytes encoded make several; readers show 70. */
  mailSubjectMaxChars: 200,
  /** An order's mail at its longest: ten lines, charges, and a few parcels with their addresses; mailers cut HTML at 102 KB. */
  mailTextMaxChars: 20_000,

  /** People waiting for one SKU: each look counts those ahead, and beyond this nobody's turn would come. */
  waitingEntriesMax: 1_000,
  /** Asked again after this by somebody who waits: a full list is a hundred looks a second. */
  waitingPollMs: 10_000,
  /** Why a stock was corrected: a line in the ledger. */
  stockReasonMaxChars: 200,
  /** How far back a count of the stock may have been taken: yesterday's stocktaking arrives today. */
  countAgeMaxMs: 48 * 60 * 60 * 1_000,
  /** How far ahead of ours the clock of whoever counted may go. */
  countSkewMaxMs: 60_000,

  /** A batch over RPC: bounds the time an object is held by one call (about 0.1 ms a row). */
  batchItemsMax: 500,
  /** 16 bytes each: one join call stays below 16 KiB. */
  joinBatchMax: 1_000,
  /** The largest stored value in an object's row is 2 MB; a chunk of the ticket log stays far below. */
  ticketsPerChunkMax: 4_096,
  /** People whom one line remembers, at 16 to 32 bytes of its 128 MB each; past that, joining is refused. */
  joinedMax: 2_000_000,
  /** Rows in one page of an audit or a record. */
  pageRowsMax: 1_000,

  /** How long the requests of one isolate may be led by one of them; below the 30 s that waitUntil is granted. */
  combineLeadMs: 5_000,
  /** A follower that hears nothing for this long answers 503 and is asked again with its key. */
  combineFollowerMs: 15_000,
  /** Requests that may wait in one lane: ten full batches. More is shed at once, while an answer is still cheap. */
  laneWaitingMax: 5_000,
  /** A leader that gave no sign for this long is taken for dead (its context was ended), and the next arrival leads. */
  leaderSilentMs: 10_000,
  /** Retry-After of a 503: a lane drains within a second or two. */
  unavailableRetryMs: 2_000,
  /**
   * A coordinator waits so long for a SKU's object and no longer: a call takes milliseconds, in a rush a second or two. Past
   * it the basket is answered `unavailable`, so that one slow SKU holds up nobody else's.
   */
  skuCallTimeoutMs: 3_000,
  /** A call that outlived its time-out may still have taken units: its answer is awaited so long, to give them back. */
  skuCallForgottenMs: 30_000,
  /** A second, third ... payment that a gateway reports for one order and that is voided; more of them only ask for a person. */
  strayPaymentsMax: 5,
  /** A claim on a limit outlives its reservation by this: calls take time, and clocks of two objects differ. */
  claimSlackMs: 60_000,
  /** A retry of a call into an object that was reset: full jitter up to this. */
  rpcRetryBaseMs: 50,
  /** The first try and two more; after that the client's own retry is better informed. */
  rpcTriesMax: 3,

  /** From the opening of a lobby to the end of its drop at most: a draw takes entries for days, not for months. */
  dropLengthMaxMs: 21 * 24 * 60 * 60 * 1_000,
  /** A ticket lives as long as the longest drop: whoever joined on the first day can still claim on the last. */
  ticketTtlMs: 21 * 24 * 60 * 60 * 1_000,
  /** A session outlives the tickets that hang on it, also when it is a week older than they are. */
  sessionTtlMs: 28 * 24 * 60 * 60 * 1_000,
  /** Long enough to choose a size and to reload; short enough that a stolen one is soon worthless. */
  passTtlMs: 10 * 60 * 1_000,

  /** The snapshot at the edge: stale by at most about this. */
  snapshotTtlMs: 1_000,
  /** A drop document changes only at publish, and the snapshot names its version. */
  documentTtlMs: 30_000,

  /**
   * Links of a line's hash chain, one a cohort: a day and a half of windows of 5 s. Cohort numbers fit 15 bits, and to hash
   * from the last link to the anchor takes a phone less than a second.
   */
  chainLinks: 32_767,
  /**
   * From a cohort's close to the beacon's round that its seed takes, at least: nobody can know that round when the root is out,
   * and a page that looks for the root sees it first. It looks 1.5 to 2.5 s after the window's end (`CHOICES.rootOutMs`), and
   * with quicknet's rounds of 3 s the next one is 3 to 5 s after a window that ends with a whole second. With 1 s instead a
   * third of the windows had theirs after 2 s, which four pages in ten missed; more than 2 s gains nothing for its delay.
   */
  beaconMarginMs: 2_000,
  /** One fetch of a round; the next try comes after `beaconRetryMs`. */
  beaconTimeoutMs: 5_000,
  beaconRetryMs: 1_000,
  /** A round that was due so long ago is there, or its relay is complained of: one takes a second, and clocks differ by as much. */
  beaconProbeAgeMs: 3_000,
  /** An answer with one round is some 300 bytes. */
  beaconAnswerMaxBytes: 4 * 1024,
  /** Relays that are asked for a round, all at once: one that lies costs a verification. */
  beaconUrlsMax: 4,
  /** The same complaint about a relay is logged once in so long, and so many different ones are told apart: some ten a relay. */
  beaconComplaintEveryMs: 10 * 60_000,
  beaconComplaintsMax: 64,
  /** Pages of the public record: some 60 KB of cohorts, 100 KB of steps or of ledger rows. */
  cohortsPerPage: 100,
  stepsPerPage: 1_000,
  ledgerRowsPerPage: 500,
  /** Pages that an address can name: 50 million rows of a ledger. */
  recordPagesMax: 100_000,
  /** What was done by hand, and each publication: shown in the record's head. */
  lineNotesMax: 200,
  /** Of those, publications at most: however often a draft was published, its line can still be paused. */
  linePublicationsMax: 100,
  /** A line or two on a phone. */
  lineMessageMaxChars: 280,
  /** An alarm waits so long for what it does outside (roots, rounds), so that its own tick need not follow a second later. */
  lineOutsidePatienceMs: 500,
  /** One write to KV, one question to another object: tens of milliseconds when all is well. */
  lineCallTimeoutMs: 5_000,
  /** Parts of the record that are put, and rounds that are fetched, at once: an outage of an hour leaves hundreds. */
  lineCallsAtOnce: 8,

  /** Each tick of the line closes cohorts, moves the watermark and folds the log. */
  lineTickMs: 1_000,
  /** People who turn up do so within this after their turn, on average: a page asks again, a person looks, chooses a size. */
  paceTurnUpMs: 60_000,
  /** Whoever has not come by then is, on average, expected no more: the unit kept for him goes to the next. */
  paceWriteOffMs: 120_000,
  /** How long the share of those who do not turn up remembers: some minutes, since crowds change. */
  paceMemoryMs: 180_000,
  /** It begins as if everybody had come for so long: the first of a crowd need some seconds to come at all ... */
  paceFaithMs: 30_000,
  /** ... and as if so many always had: a handful proves nothing. */
  pacePriorPeople: 10,
  /** At most this share is taken for no-shows: two and a half times the target is let in at most. */
  noShowShareMax: 0.6,
  /** A payment command that waits for so long halves the pace: shoppers see "being paid" for as long. */
  paceBacklogMs: 15_000,
  /** However far payments lag, so much of the pace stays: a line that stands still looks broken. */
  paceShareMin: 0.05,
  /** The pace that is told, and the brake, follow within this: neither jumps. */
  paceSmoothingMs: 10_000,
  /** When every unit is held by somebody, ask again after this: some reservation ends about then. */
  allReservedRetryMs: 5_000,
  /** Tells the line at most four times a second how much is left ... */
  levelPushMinIntervalMs: 250,
  /** ... and all SKUs of one drop together at most a hundred times a second. */
  levelPushPerSkuMs: 10,

  /** An object that is awake and near answers within this; one across an ocean does not. */
  preflightTripMaxMs: 150,
  /** Orders of one drop a second that were measured (ADR 7); gateways take fewer. */
  ordersPerSecondMax: 100,
  /** Clocks further apart than this are told by the preflight ... */
  clockSkewWarnMs: 1_000,
  /** ... and block a drop past this: a start, and deadlines of some seconds, would be another for each side. */
  clockSkewMaxMs: 5_000,
  /**
   * Clocks of a drop's own objects block it past this: half of what a check of the public record grants between the line's
   * times and the ledgers', so that no two of them can make an honest record look wrong.
   */
  objectClockSkewMaxMs: 500,

  /** One request to a gateway. Stripe's own SDK gives up after 80 s; a shopper does sooner. */
  gatewayTimeoutMs: 10_000,
  /** What GATEWAY_CONCURRENCY may be: beyond this one consumer's calls would wait for its own event loop. */
  gatewayConcurrencyMax: 128,
  /** A consumer that began a command has died if it has not reported by then: above the gateway's time-out. */
  commandLeaseMs: 30_000,
  /** How long a gateway remembers our idempotency key (Stripe and the sandbox: 24 h), less an hour's margin. */
  gatewayKeyLifeMs: 23 * 60 * 60 * 1_000,
  /** First look at an attempt whose outcome is unknown; doubles up to the maximum. */
  resolveBaseMs: 2_000,
  resolveMaxMs: 60_000,
  /** A refused refund is tried again as a new attempt so many times, then waits for a person. */
  refundAttemptsMax: 5,
  /** The first pause before a refused refund is tried again; four times longer each time, so the fifth try is 21 minutes on. */
  refundRetryBaseMs: 15_000,
  /**
   * A call to another object or to D1 that failed is repeated after this, doubling up to the maximum. Longer than
   * `skuCallTimeoutMs`: the alarm is for work whose process died, and a call that is still waited for comes to its end first.
   */
  effectRetryBaseMs: 4_000,
  effectRetryMaxMs: 30_000,
  /** An order's changes within this reach D1 as one: most purchases are over by then, and D1 has one row to write. */
  projectionDelayMs: 3_000,
  /** A batch to D1 takes some ten milliseconds; an alarm waits so long for it and no longer. */
  projectionPatienceMs: 1_000,
  /** Orders of one shard held in memory, about 3 KB each: 48 MB of an isolate's 128 if all 16 shards were full and shared it. */
  ordersCachedMax: 1_000,
  /** Release, then take again: the longest chain of stock steps that one event can cause, and one to spare. */
  stockRoundsMax: 3,
  /** Asked again after this by a client whose order is being paid for; a page reloads at the same pace. */
  orderPollMs: 1_000,
  /** A canceled order whose payment is still being settled: nothing that a shopper could do depends on it. */
  settlingPollMs: 30_000,
  /** While a shopper types at the gateway's page there is less to see. */
  paymentPollMs: 3_000,
  /** D1 takes 100 parameters a statement: the orders table's width decides how many rows that is. */
  d1ParametersMax: 100,
  /** Turns that one call waits for a key that others use, each an answer of a SKU away; then its caller asks again. */
  waitRoundsMax: 8,
  /** Baskets, each taken in the place of the one before, that an old form is led along; a row read each. */
  basketChangesFollowedMax: 50,
  /** Orders projected in one D1 batch. */
  projectionBatchMax: 200,
  /** Queues: 100 messages a batch, 128 KB each; ours are below 200 bytes. */
  queueBatchMax: 100,
  /** A failed message comes back after full jitter below this, doubling, at most the maximum. */
  queueRetryBaseSeconds: 2,
  queueRetryMaxSeconds: 300,
  /** Endpoints of one brand: a shop, a warehouse, a few others. Each event is a delivery to each of them. */
  webhookEndpointsMax: 20,
  /** One try. A receiver should answer at once and work later; the Standard Webhooks specification says 15 to 30 s at most. */
  webhookTimeoutMs: 10_000,
  /** So much of an answer is read and thrown away; nothing of it is kept. */
  webhookAnswerMaxBytes: 4 * 1024,
  /** The pause after the first failure; three times longer each time, up to the maximum, each with jitter. */
  webhookRetryBaseMs: 2_000,
  /** Half of the longest delay that Queues have. */
  webhookRetryMaxMs: 6 * 60 * 60 * 1_000,
  /** Tries of one delivery, spread over about a day and a half; then it is parked. */
  webhookTriesMax: 14,
  /** A try that was begun and not noted has died by then: above the time-out of its whole batch. */
  webhookLeaseMs: 5 * 60 * 1_000,
  /** An endpoint to which nothing got through for so long is switched off: longer than a weekend's outage. */
  webhookDisableAfterMs: 3 * 24 * 60 * 60 * 1_000,
  /** The old key signs beside the new one for a day, unless said otherwise: time for a deployment ... */
  webhookKeyOverlapMs: 24 * 60 * 60 * 1_000,
  /** ... and a week at most. */
  webhookKeyOverlapMaxMs: 7 * 24 * 60 * 60 * 1_000,
  /** Deliveries that one call replays; the rest with the next. */
  replayRowsMax: 500,
  /** Tries of one mail, over about two hours. A mail about an order is of no use a day later. */
  mailTriesMax: 8,
  mailRetryBaseMs: 5_000,
  mailRetryMaxMs: 60 * 60 * 1_000,
  /** One call to the mail's transport. */
  mailTimeoutMs: 10_000,
  /** A link in a mail opens its order for so long: parcels come within weeks, and mailboxes are read by others later. */
  orderLinkTtlMs: 30 * 24 * 60 * 60 * 1_000,
  /** The device that followed the link need not follow it again for a day. */
  orderAccessTtlMs: 24 * 60 * 60 * 1_000,
  /** Work of the notifications that was due for so long has lost its message, and gets another. */
  notificationLateMs: 30_000,
  /** Rows that one sweep takes up, of each kind. */
  sweepRowsMax: 500,
  /** Statements of one D1 batch that tells of orders or levels: D1 takes 1,000 queries an invocation, of which a batch's are many. */
  tellStatementsMax: 100,
  /** Orders of one hundred that are singled out because they cannot be told: each costs some ten queries, and more than that is D1's trouble. */
  tellFailuresMax: 10,

  /** The soonest that an alarm comes back for work that is already due: under way, or just failed. */
  alarmMinDelayMs: 50,
  /** How long after its end a drop's objects are still knocked on: payments settle long after the last sale. */
  knockAfterCloseMs: 30 * 24 * 60 * 60 * 1_000,
  /** Due orders handled in one alarm; the rest in the next, so that requests get their turn in between. */
  alarmOrdersMax: 200,

  /** A catalog's file. Shopify's own bound is 15 MB; a Worker has 128 MB, of which each parsed cell takes a share. */
  catalogFileMaxBytes: 8 * 1024 * 1024,
  /** Rows of one file: 800 products of 50 rows each. */
  catalogRowsMax: 40_000,
  /** Shopify's own 60 columns, and metafields. */
  catalogColumnsMax: 256,
  /** Cells of one file, commas within them counted too: 33,000 rows of Shopify's 60 columns, and 16 MB for their array. */
  catalogCellsMax: 2_000_000,
  /** Refused rows that one report names, some 2 MB; a file with more is the wrong file. */
  catalogRefusedMax: 10_000,
  /** A long product page; longer cells are pasted documents. */
  catalogCellMaxChars: 64 * 1024,
  /** Titles, vendors, option values: Shopify's own bound. */
  catalogTextMaxChars: 255,
  /** One import writes each product to KV, and a Worker has 1,000 calls to other services an invocation. */
  catalogProductsPerFileMax: 800,
  /** All of them are in one KV value (25 MiB) and in each isolate's memory: at their longest 9 KB each. */
  catalogProductsMax: 2_000,
  /** A drop has 100 SKUs; Shopify's older bound was 100 too, its newer one is 2,048. */
  variantsPerProductMax: 250,
  imagesPerProductMax: 250,
  /** Shopify's three. */
  productOptionsMax: 3,
  productTagsMax: 250,
  /** All tags of a product together: they travel in the index that every isolate holds. */
  productTagsMaxChars: 1_000,
  /** All rows of one product as JSON: with its document well below D1's 2 MB a row. */
  productMaxBytes: 256 * 1024,
  /** KV's keys have 512 bytes. */
  handleMaxBytes: 255,
  imageUrlMaxChars: 1_024,
  /** A few words in a search field. */
  searchMaxChars: 120,
  /** Products in one page of a list. */
  productsPageDefault: 50,
  productsPageMax: 250,
  /** Products written to D1 in one transaction: with a few statements each, a whole file stays below 1,000 queries. */
  catalogBatchMax: 50,
  /** A parameter of a D1 statement holds at most 2 MB: half of it, so that the last product always fits. */
  catalogBatchMaxBytes: 1_000_000,
} as const;

/** What a drop document may choose, with its default: [least, default, most], all in milliseconds or counts. */
export const RANGES = {
  /** First come, first served as people mean it, without rewarding distance or a bot's milliseconds. */
  windowMs: [1_000, 5_000, 60_000],
  /** People admitted a second. */
  admitPerSecond: [1, 20, 10_000],
  /** How long after its step a place can be claimed; past that its holder stands by. */
  claimWindowMs: [30_000, 10 * 60_000, 24 * 60 * 60_000],
  /** How long a unit is kept for somebody who is typing an address. */
  reservationTtlMs: [5_000, 5 * 60_000, 60 * 60_000],
  /** How long an order waits for its shopper to pay at the gateway's page. */
  paymentWindowMs: [5_000, 10 * 60_000, 24 * 60 * 60_000],
  /** How long a unit is kept while nobody knows whether money moved. */
  unknownHoldMs: [5_000, 15 * 60_000, 24 * 60 * 60_000],
  /** Re-send of a payment command that no consumer began: longer than a busy queue's backlog. */
  commandResendMs: [1_000, 60_000, 60 * 60_000],
  /** Units of one SKU that one shopper may hold or have bought. */
  perShopper: [1, 1, 10],
  /** How long after its confirmation a shopper may cancel an order that was not shipped. */
  cancelWindowMs: [0, 30 * 60_000, 14 * 24 * 60 * 60_000],
  /** How long a unit that became free is kept for the first who waits for it: long enough to see the mail. */
  offerMs: [5_000, 30 * 60_000, 24 * 60 * 60_000],
} as const satisfies Record<string, readonly [number, number, number]>;
