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
];
