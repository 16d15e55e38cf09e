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
  urlMaxChars: 2_048,

  /** One product in all sizes and widths has fewer than 100; the level pushes of a drop are paced by this too. */
  skusPerDropMax: 100,
  /** More than any limited drop; a billion would still be exact in a double. */
  stockMax: 1_000_000,
  /** ISO 4217 amounts below this stay exact integers, even times quantity. */
  amountMinorMax: 1_000_000_000,
  /** A shopper's share of a limited drop. */
  unitsPerReservationMax: 10,

  /**
   * Fixed: the number of its shard is inside each order id. One shard has all orders of a drop: more than 100 a second beside
   * everything else on two cores (`npm run rehearse`), and a gateway takes fewer (Stripe: 50). Drops spread over the shards.
   */
  orderShardCount: 16,

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

  /** Each tick of the line closes cohorts, moves the watermark and folds the log. */
  lineTickMs: 1_000,
  /** When every unit is held by somebody, ask again after this: some reservation ends about then. */
  allReservedRetryMs: 5_000,
  /** Tells the line at most four times a second how much is left ... */
  levelPushMinIntervalMs: 250,
  /** ... and all SKUs of one drop together at most a hundred times a second. */
  levelPushPerSkuMs: 10,

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
   * A call to another object or to D1 that failed is repeated after this, doubling up to the maximum. Longer than a call
   * takes in a rush: the alarm is for work whose call died, and must not chase calls that are under way.
   */
  effectRetryBaseMs: 2_000,
  effectRetryMaxMs: 30_000,
  /** An order's changes within this reach D1 as one: most purchases are over by then, and D1 has one row to write. */
  projectionDelayMs: 3_000,
  /** A batch to D1 takes some ten milliseconds; an alarm waits so long for it and no longer. */
  projectionPatienceMs: 1_000,
  /** Orders of one shard held in memory, about 3 KB each; objects of one kind share an isolate of 128 MB. */
  ordersCachedMax: 2_000,
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
  /** Orders projected in one D1 batch. */
  projectionBatchMax: 200,
  /** Queues: 100 messages a batch, 128 KB each; ours are below 200 bytes. */
  queueBatchMax: 100,
  /** A failed message comes back after full jitter below this, doubling, at most the maximum. */
  queueRetryBaseSeconds: 2,
  queueRetryMaxSeconds: 300,
  /** The soonest that an alarm comes back for work that is already due: under way, or just failed. */
  alarmMinDelayMs: 50,
  /** How long after its end a drop's objects are still knocked on: payments settle long after the last sale. */
  knockAfterCloseMs: 30 * 24 * 60 * 60 * 1_000,
  /** Due orders handled in one alarm; the rest in the next, so that requests get their turn in between. */
  alarmOrdersMax: 200,
} as const;

/** What a drop document may choose, with its default: [least, default, most], all in milliseconds or counts. */
export const RANGES = {
  /** First come, first served as people mean it, without rewarding distance or a bot's milliseconds. */
  windowMs: [1_000, 5_000, 60_000],
  /** People admitted a second. */
  admitPerSecond: [1, 20, 10_000],
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
} as const satisfies Record<string, readonly [number, number, number]>;
