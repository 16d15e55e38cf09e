import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

/**
 * An object's storage in memory, so that the real stores, with their CHECKs and indexes, run in plain Node. Only what
 * the stores use: `sql.exec` (eager) and `transactionSync` (a savepoint that a throw undoes).
 */
export function memoryStorage(): DurableObjectStorage {
  const db = new DatabaseSync(":memory:");
  const prepared = new Map<string, StatementSync>();
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
    if (/^\s*(?:SELECT|EXPLAIN)/.test(query)) return cursor(prepare(query).all(...bindings), 0);
    return cursor([], Number(prepare(query).run(...bindings).changes));
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
  return { sql: { exec }, transactionSync } as unknown as DurableObjectStorage;
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
