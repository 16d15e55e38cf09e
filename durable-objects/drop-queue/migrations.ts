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
  {
    id: 3,
    // Lines from before the proof had neither chain nor roots: nothing of them can be kept.
    sql: `
DROP TABLE drops;
DROP TABLE skus;
DROP TABLE ticket_log;
DROP TABLE cohorts;
DROP TABLE steps;

CREATE TABLE drops (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  published TEXT NOT NULL,
  commitment TEXT NOT NULL,
  hand TEXT NOT NULL,
  pace TEXT NOT NULL,
  put TEXT NOT NULL,
  terms_at_ms INTEGER NOT NULL,
  sold_out_at_ms INTEGER,
  finished_at_ms INTEGER
) STRICT;

CREATE TABLE secrets (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  links INTEGER NOT NULL,
  anchor BLOB NOT NULL CHECK (length(anchor) = 32),
  checkpoints BLOB NOT NULL CHECK (length(checkpoints) % 32 = 0),
  line_key BLOB NOT NULL CHECK (length(line_key) = 32)
) STRICT;
CREATE TRIGGER secrets_stay BEFORE UPDATE ON secrets BEGIN SELECT RAISE(ABORT, 'a chain is drawn once'); END;
CREATE TRIGGER secrets_remain BEFORE DELETE ON secrets BEGIN SELECT RAISE(ABORT, 'a chain is drawn once'); END;

CREATE TABLE skus (
  sku_id TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  terms TEXT NOT NULL,
  configured INTEGER NOT NULL CHECK (configured IN (0, 1)),
  stock INTEGER NOT NULL,
  available INTEGER NOT NULL,
  reserved INTEGER NOT NULL,
  sold INTEGER NOT NULL,
  level_version INTEGER NOT NULL DEFAULT 0,
  tickets_seen INTEGER NOT NULL DEFAULT 0,
  ledger_rows INTEGER NOT NULL DEFAULT 0,
  ledger_hash TEXT NOT NULL,
  CHECK (stock = available + reserved + sold)
) STRICT;

-- 16 bytes a person; small batches are folded into chunks at each tick.
CREATE TABLE ticket_log (
  cohort INTEGER NOT NULL,
  position INTEGER NOT NULL,
  ids BLOB NOT NULL CHECK (length(ids) > 0 AND length(ids) % 16 = 0),
  PRIMARY KEY (cohort, position)
) STRICT, WITHOUT ROWID;

-- Whose holders were judged to be bots: 16 bytes each, folded like the log.
CREATE TABLE held_apart (
  position INTEGER PRIMARY KEY,
  ids BLOB NOT NULL CHECK (length(ids) > 0 AND length(ids) % 16 = 0)
) STRICT;

-- Open, then closed (its root stands), rooted (the root is public), revealed (the seed is out): in order of cohorts.
CREATE TABLE cohorts (
  cohort INTEGER PRIMARY KEY CHECK (cohort >= 0),
  people_before INTEGER NOT NULL CHECK (people_before >= 0),
  count INTEGER NOT NULL CHECK (count > 0),
  closed_at_ms INTEGER,
  root TEXT,
  beacon_round INTEGER,
  rooted_at_ms INTEGER,
  revealed_at_ms INTEGER,
  link BLOB CHECK (length(link) = 32),
  beacon_signature BLOB CHECK (length(beacon_signature) = 48),
  seed BLOB CHECK (length(seed) = 32),
  CHECK ((closed_at_ms IS NULL) = (root IS NULL)),
  CHECK (rooted_at_ms IS NULL OR closed_at_ms IS NOT NULL),
  CHECK (revealed_at_ms IS NULL OR rooted_at_ms IS NOT NULL),
  CHECK ((revealed_at_ms IS NULL) = (link IS NULL) AND (revealed_at_ms IS NULL) = (seed IS NULL)),
  CHECK ((revealed_at_ms IS NOT NULL AND beacon_round IS NOT NULL) = (beacon_signature IS NOT NULL))
) STRICT;
CREATE INDEX cohorts_unrevealed ON cohorts (cohort) WHERE revealed_at_ms IS NULL;
CREATE TRIGGER cohorts_stay_closed
BEFORE UPDATE OF cohort, people_before, count, closed_at_ms, root, beacon_round ON cohorts WHEN OLD.closed_at_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a closed cohort never changes'); END;
CREATE TRIGGER cohorts_stay_rooted BEFORE UPDATE OF rooted_at_ms ON cohorts WHEN OLD.rooted_at_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a root is public once'); END;
CREATE TRIGGER cohorts_stay_revealed BEFORE UPDATE ON cohorts WHEN OLD.revealed_at_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a revealed cohort never changes'); END;
CREATE TRIGGER cohorts_reveal_in_order BEFORE UPDATE OF revealed_at_ms ON cohorts
WHEN EXISTS (SELECT 1 FROM cohorts WHERE cohort < OLD.cohort AND revealed_at_ms IS NULL)
BEGIN SELECT RAISE(ABORT, 'an earlier cohort comes first'); END;
CREATE TRIGGER cohorts_remain BEFORE DELETE ON cohorts WHEN OLD.closed_at_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a closed cohort never goes'); END;
CREATE TRIGGER log_stays_closed BEFORE INSERT ON ticket_log
WHEN EXISTS (SELECT 1 FROM cohorts WHERE cohort = NEW.cohort AND closed_at_ms IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'a closed log never changes'); END;
CREATE TRIGGER log_remains BEFORE DELETE ON ticket_log
WHEN EXISTS (SELECT 1 FROM cohorts WHERE cohort = OLD.cohort AND closed_at_ms IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'a closed log never changes'); END;
CREATE TRIGGER log_is_appended BEFORE UPDATE ON ticket_log BEGIN SELECT RAISE(ABORT, 'the log is only appended to'); END;

CREATE TABLE steps (
  step INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  cohort INTEGER NOT NULL,
  rank REAL NOT NULL CHECK (rank >= 0 AND rank <= 1),
  admitted INTEGER NOT NULL
) STRICT;
CREATE INDEX steps_by_time ON steps (at_ms);
CREATE TRIGGER steps_stay BEFORE UPDATE ON steps BEGIN SELECT RAISE(ABORT, 'steps are public history'); END;
CREATE TRIGGER steps_remain BEFORE DELETE ON steps BEGIN SELECT RAISE(ABORT, 'steps are public history'); END;
CREATE TRIGGER steps_go_forward BEFORE INSERT ON steps
WHEN EXISTS (
  SELECT 1 FROM (SELECT cohort, rank FROM steps ORDER BY step DESC LIMIT 1) AS last
  WHERE last.cohort > NEW.cohort OR (last.cohort = NEW.cohort AND last.rank >= NEW.rank)
)
BEGIN SELECT RAISE(ABORT, 'the watermark never goes back'); END;

CREATE TABLE notes (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  what TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE TRIGGER notes_stay BEFORE UPDATE ON notes BEGIN SELECT RAISE(ABORT, 'notes are public history'); END;
CREATE TRIGGER notes_remain BEFORE DELETE ON notes BEGIN SELECT RAISE(ABORT, 'notes are public history'); END;

-- What was asked by hand, by the id that a repeat has too.
CREATE TABLE commands (
  seq INTEGER PRIMARY KEY,
  command_id TEXT NOT NULL UNIQUE,
  act TEXT NOT NULL
) STRICT;
`,
  },
];
