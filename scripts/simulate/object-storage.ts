import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

/** What was written to an object since it came to be, and what it holds now. */
export type Held = {
  /** Rows by table. */
  rows: Record<string, number>;
  /** Pages that are in use, in bytes: everything, indexes too. */
  bytes: number;
  rowsWritten: number;
};

export type CountedStorage = { storage: DurableObjectStorage; held(): Held };

/**
 * An object's storage over an SQLite in memory, with every row that is written counted. Only what stores use: `sql.exec`
 * (eager) and `transactionSync` (a savepoint that a throw undoes).
 */
export function countedStorage(): CountedStorage {
  const db = new DatabaseSync(":memory:");
  const prepared = new Map<string, StatementSync>();
  let rowsWritten = 0;
  let depth = 0;

  const prepare = (query: string): StatementSync => {
    const statement = prepared.get(query) ?? db.prepare(query);
    prepared.set(query, statement);
    return statement;
  };

  const exec = (query: string, ...bindings: SQLInputValue[]) => {
    if (bindings.length === 0 && /^\s*(CREATE|ALTER|DROP|--)/.test(query)) {
      db.exec(query);
      return cursor([], 0);
    }
    if (/^\s*(SELECT|WITH|EXPLAIN)/.test(query)) return cursor(prepare(query).all(...bindings), 0);
    if (/\bRETURNING\b/.test(query)) {
      const rows = prepare(query).all(...bindings);
      rowsWritten += rows.length;
      return cursor(rows, rows.length);
    }
    const changes = Number(prepare(query).run(...bindings).changes);
    rowsWritten += changes;
    return cursor([], changes);
  };

  const transactionSync = <Value>(act: () => Value): Value => {
    depth += 1;
    db.exec(`SAVEPOINT s${depth}`);
    try {
      const value = act();
      db.exec(`RELEASE s${depth}`);
      return value;
    } catch (error) {
      db.exec(`ROLLBACK TO s${depth}; RELEASE s${depth}`);
      throw error;
    } finally {
      depth -= 1;
    }
  };

  const pragma = (name: string) => Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);

  return {
    storage: { sql: { exec }, transactionSync } as unknown as DurableObjectStorage,
    held() {
      const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all();
      const rows = Object.fromEntries(
        tables.map(({ name }) => [
          String(name),
          Number(db.prepare(`SELECT COUNT(*) AS rows FROM "${String(name)}"`).get()?.rows),
        ]),
      );
      const bytes = (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
      return { rows, bytes, rowsWritten };
    },
  };
}

function cursor(rows: unknown[], rowsWritten: number) {
  return {
    rowsWritten,
    [Symbol.iterator]: () => rows.values(),
    toArray: () => rows.map((row) => ({ ...(row as object) })),
    raw: () => rows.map((row) => Object.values(row as object)).values(),
    one: () => {
      if (rows.length !== 1) throw new Error(`expected one row, found ${rows.length}`);
      return { ...(rows[0] as object) };
    },
  };
}
