import type { Migration } from "../migrate.ts";

export const MIGRATIONS: readonly Migration[] = [
  {
    id: 1,
    sql: `
CREATE TABLE claims (
  identity TEXT NOT NULL,
  claim_id TEXT NOT NULL,
  units INTEGER NOT NULL CHECK (units > 0),
  until_ms INTEGER,
  PRIMARY KEY (identity, claim_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_until ON claims (until_ms) WHERE until_ms IS NOT NULL;
`,
  },
  {
    id: 2,
    sql: `
ALTER TABLE claims ADD COLUMN step INTEGER NOT NULL DEFAULT 0;
CREATE TABLE fences (
  identity TEXT NOT NULL,
  claim_id TEXT NOT NULL,
  step INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (identity, claim_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX fences_until ON fences (until_ms);
`,
  },
];
