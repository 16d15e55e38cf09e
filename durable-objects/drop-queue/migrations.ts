import type { Migration } from "../migrate.ts";

export const MIGRATIONS: readonly Migration[] = [
  {
    id: 1,
    sql: `
CREATE TABLE drops (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  published TEXT NOT NULL,
  sold_out_at_ms INTEGER,
  last_tick_ms INTEGER NOT NULL,
  carry REAL NOT NULL
) STRICT;

CREATE TABLE skus (
  sku_id TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  terms TEXT NOT NULL,
  configured INTEGER NOT NULL CHECK (configured IN (0, 1)),
  stock INTEGER NOT NULL,
  available INTEGER NOT NULL,
  reserved INTEGER NOT NULL,
  sold INTEGER NOT NULL,
  level_version INTEGER NOT NULL,
  tickets_seen INTEGER NOT NULL,
  CHECK (stock = available + reserved + sold)
) STRICT;

-- 16 bytes a person; small batches are folded into chunks at each tick.
CREATE TABLE ticket_log (
  cohort INTEGER NOT NULL,
  position INTEGER NOT NULL,
  ids BLOB NOT NULL CHECK (length(ids) > 0 AND length(ids) % 16 = 0),
  PRIMARY KEY (cohort, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE cohorts (
  cohort INTEGER PRIMARY KEY,
  count INTEGER NOT NULL CHECK (count >= 0),
  closed_at_ms INTEGER,
  seed BLOB CHECK (seed IS NULL OR length(seed) = 32),
  CHECK ((closed_at_ms IS NULL) = (seed IS NULL))
) STRICT;
CREATE TRIGGER cohorts_stay_closed BEFORE UPDATE ON cohorts WHEN OLD.closed_at_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a closed cohort never changes'); END;

CREATE TABLE steps (
  step INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  cohort INTEGER NOT NULL,
  rank REAL NOT NULL CHECK (rank >= 0 AND rank <= 1),
  admitted INTEGER NOT NULL
) STRICT;
CREATE TRIGGER steps_stay BEFORE UPDATE ON steps BEGIN SELECT RAISE(ABORT, 'steps are public history'); END;
CREATE TRIGGER steps_remain BEFORE DELETE ON steps BEGIN SELECT RAISE(ABORT, 'steps are public history'); END;
`,
  },
  {
    id: 2,
    sql: `
CREATE TRIGGER cohorts_remain BEFORE DELETE ON cohorts WHEN OLD.closed_at_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a closed cohort never goes'); END;
`,
  },
];
