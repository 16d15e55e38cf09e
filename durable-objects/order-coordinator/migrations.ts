import type { Migration } from "../migrate.ts";

/** Indexes and checks refuse again what decide.ts refuses: two orders of one basket, two open
 * commands, two captures, more sent back than was paid. */
export const MIGRATIONS: readonly Migration[] = [
  {
    id: 1,
    sql: `
CREATE TABLE orders (
  order_id TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  request TEXT NOT NULL,
  facts TEXT NOT NULL,
  effect TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('placing', 'awaiting_payment', 'processing', 'confirmed', 'canceled')),
  version INTEGER NOT NULL,
  projected_version INTEGER NOT NULL DEFAULT 0,
  placed_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  due_at_ms INTEGER
) STRICT;
CREATE INDEX orders_due ON orders (due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX orders_unprojected ON orders (updated_at_ms) WHERE projected_version < version;

CREATE TABLE reservation_keys (
  reservation_id TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
  order_id TEXT NOT NULL REFERENCES orders (order_id),
  attempt INTEGER NOT NULL CHECK (attempt > 0),
  operation TEXT NOT NULL CHECK (operation IN ('session', 'authorize', 'capture', 'void', 'refund')),
  state TEXT NOT NULL CHECK (state IN ('due', 'begun', 'unknown', 'final')),
  outcome TEXT CHECK (outcome IN ('succeeded', 'declined', 'dropped')),
  ref TEXT,
  reason TEXT,
  created_at_ms INTEGER NOT NULL,
  next_at_ms INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  PRIMARY KEY (order_id, attempt),
  CHECK ((state = 'final') = (outcome IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX attempts_one_open ON attempts (order_id) WHERE state <> 'final';
CREATE UNIQUE INDEX attempts_one_capture ON attempts (order_id) WHERE operation = 'capture' AND outcome = 'succeeded';
`,
  },
  {
    id: 2,
    sql: `
DROP TABLE reservation_keys;
CREATE TABLE reservations (
  reservation_id TEXT PRIMARY KEY,
  drop_id TEXT NOT NULL,
  shopper_id TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  lines TEXT NOT NULL,
  claim TEXT,
  is_given_back INTEGER NOT NULL DEFAULT 0 CHECK (is_given_back IN (0, 1))
) STRICT, WITHOUT ROWID;
`,
  },
  {
    id: 3,
    sql: `
ALTER TABLE orders ADD COLUMN captured_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN refunded_minor INTEGER NOT NULL DEFAULT 0
  CHECK (refunded_minor BETWEEN 0 AND captured_minor);
CREATE TABLE commands (
  order_id TEXT NOT NULL,
  command_id TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  act TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (order_id, command_id)
) STRICT, WITHOUT ROWID;
`,
  },
  {
    id: 4,
    sql: `
ALTER TABLE orders ADD COLUMN reservation_id TEXT;
UPDATE orders SET reservation_id = json_extract(request, '$.reservationId')
  WHERE rowid IN (SELECT MIN(rowid) FROM orders GROUP BY json_extract(request, '$.reservationId'));
CREATE UNIQUE INDEX orders_one_per_basket ON orders (reservation_id);
`,
  },
  {
    id: 5,
    sql: "ALTER TABLE reservations ADD COLUMN replaced_by TEXT;",
  },
];
