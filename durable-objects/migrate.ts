/** One step of an object's schema. Steps are only ever appended; a shipped step never changes. */
export type Migration = { id: number; sql: string };

/**
 * Has this object ever been written to? Objects come to be when their name is called, and anybody can make up names: one
 * that nobody published must answer without writing a row.
 */
export function isBorn(storage: DurableObjectStorage): boolean {
  return storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'schema_steps'").toArray().length > 0;
}

/**
 * Brings an object's tables to the newest step. A repeat does nothing.
 * @throws when a step that ran before reads differently now, or is missing: the code is not the one that wrote these rows.
 */
export function migrate(storage: DurableObjectStorage, migrations: readonly Migration[]): void {
  storage.transactionSync(() => {
    storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS schema_steps (id INTEGER PRIMARY KEY, sql TEXT NOT NULL) STRICT",
    );
    const done = storage.sql.exec<Migration>("SELECT id, sql FROM schema_steps ORDER BY id").toArray();
    for (const [index, step] of done.entries()) {
      if (migrations[index]?.id !== step.id || migrations[index].sql !== step.sql) {
        throw new Error(`migration ${step.id} differs from the one that made these tables`);
      }
    }
    for (const step of migrations.slice(done.length)) {
      storage.sql.exec(step.sql);
      storage.sql.exec("INSERT INTO schema_steps (id, sql) VALUES (?, ?)", step.id, step.sql);
    }
  });
}
