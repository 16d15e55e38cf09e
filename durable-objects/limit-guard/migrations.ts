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
];
