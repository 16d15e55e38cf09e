import type { Migration } from "../migrate.ts";

/** The CHECKs say again what decide.ts decides: a bug there is refused here. */
export const MIGRATIONS: readonly Migration[] = [
  {
    id: 1,
    sql: `
CREATE TABLE terms (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  json TEXT NOT NULL
) STRICT;

CREATE TABLE level (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  stock INTEGER NOT NULL CHECK (stock >= 0),
  available INTEGER NOT NULL CHECK (available >= 0),
  reserved INTEGER NOT NULL CHECK (reserved >= 0),
  sold INTEGER NOT NULL CHECK (sold >= 0),
  version INTEGER NOT NULL,
  tickets_seen INTEGER NOT NULL,
  pushed_version INTEGER NOT NULL,
  push_not_before_ms INTEGER NOT NULL,
  CHECK (stock = available + reserved + sold)
) STRICT;

CREATE TABLE reservations (
  row INTEGER PRIMARY KEY,
  reservation_id TEXT NOT NULL UNIQUE,
  fingerprint TEXT NOT NULL,
  shopper_id TEXT NOT NULL,
  ticket_id TEXT NOT NULL,
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  unit_price_minor INTEGER NOT NULL CHECK (unit_price_minor >= 0),
  currency TEXT NOT NULL,
  version TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('held', 'pinned', 'committed', 'released', 'lapsed')),
  created_at_ms INTEGER NOT NULL,
  deadline_at_ms INTEGER NOT NULL,
  order_id TEXT,
  step INTEGER NOT NULL DEFAULT 0,
  CHECK (state NOT IN ('pinned', 'committed') OR order_id IS NOT NULL)
) STRICT;
CREATE INDEX reservations_by_shopper ON reservations (shopper_id);
CREATE INDEX reservations_held ON reservations (deadline_at_ms) WHERE state = 'held';

CREATE TABLE ledger (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('configure', 'reserve', 'lapse', 'release', 'commit', 'reverse', 'late', 'adjust')),
  reservation_id TEXT,
  ticket_id TEXT,
  quantity INTEGER NOT NULL,
  stock INTEGER NOT NULL,
  available INTEGER NOT NULL,
  reserved INTEGER NOT NULL,
  sold INTEGER NOT NULL,
  CHECK (stock = available + reserved + sold)
) STRICT;
CREATE TRIGGER ledger_keeps_rows BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_loses_nothing BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TABLE adjustments (
  adjustment_id TEXT PRIMARY KEY,
  delta INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
`,
  },
  {
    id: 2,
    sql: `
ALTER TABLE level ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0 CHECK (waiting >= 0);
ALTER TABLE reservations ADD COLUMN returned INTEGER NOT NULL DEFAULT 0 CHECK (returned >= 0 AND returned <= quantity);
DROP INDEX reservations_by_shopper;
CREATE INDEX reservations_by_shopper ON reservations (shopper_id, state);

CREATE TABLE waiting (
  seq INTEGER PRIMARY KEY,
  reservation_id TEXT NOT NULL UNIQUE,
  fingerprint TEXT NOT NULL,
  shopper_id TEXT NOT NULL,
  ticket_id TEXT NOT NULL,
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'offered', 'left')),
  since_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX waiting_once ON waiting (shopper_id) WHERE state = 'waiting';
CREATE INDEX waiting_in_order ON waiting (seq, quantity) WHERE state = 'waiting';
CREATE INDEX waiting_by_shopper ON waiting (shopper_id, seq);

DROP TRIGGER ledger_keeps_rows;
DROP TRIGGER ledger_loses_nothing;
ALTER TABLE ledger RENAME TO ledger_1;
CREATE TABLE ledger (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('configure', 'reserve', 'lapse', 'release', 'commit', 'reverse', 'late', 'adjust',
    'give_back', 'offer', 'count', 'return', 'write_off')),
  reservation_id TEXT,
  ticket_id TEXT,
  quantity INTEGER NOT NULL,
  stock INTEGER NOT NULL,
  available INTEGER NOT NULL,
  reserved INTEGER NOT NULL,
  sold INTEGER NOT NULL,
  adjustment_id TEXT,
  reason TEXT,
  CHECK (stock = available + reserved + sold)
) STRICT;
INSERT INTO ledger SELECT *, NULL, NULL FROM ledger_1;
DROP TABLE ledger_1;
CREATE TRIGGER ledger_keeps_rows BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_loses_nothing BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

DROP TABLE adjustments;
CREATE TABLE adjustments (
  adjustment_id TEXT PRIMARY KEY,
  change TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('difference', 'count', 'return')),
  delta INTEGER NOT NULL,
  short INTEGER NOT NULL CHECK (short >= 0),
  as_of_ms INTEGER CHECK ((kind = 'count') = (as_of_ms IS NOT NULL)),
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX adjustments_counted ON adjustments (at_ms, as_of_ms, delta) WHERE kind = 'count';
`,
  },
  {
    id: 3,
    sql: `
ALTER TABLE reservations ADD COLUMN identity TEXT NOT NULL DEFAULT '';
UPDATE reservations SET identity = 'session:' || shopper_id;
ALTER TABLE waiting ADD COLUMN identity TEXT NOT NULL DEFAULT '';
UPDATE waiting SET identity = 'session:' || shopper_id;
DROP INDEX reservations_by_shopper;
CREATE INDEX reservations_by_identity ON reservations (identity, state);
`,
  },
  {
    id: 4,
    sql: `
ALTER TABLE waiting ADD COLUMN next_step INTEGER NOT NULL DEFAULT 0;
`,
  },
  {
    id: 5,
    sql: `
CREATE TABLE ledger_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  rows INTEGER NOT NULL CHECK (rows > 0),
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
`,
  },
  {
    id: 6,
    sql: `
ALTER TABLE level DROP COLUMN pushed_version;
ALTER TABLE level DROP COLUMN push_not_before_ms;
`,
  },
];
