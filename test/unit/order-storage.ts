import { countedStorage } from "../../scripts/simulate/object-storage.ts";

/**
 * An object's storage in memory, so that the real stores, with their CHECKs and indexes, run in plain Node. `onChange` hears
 * of every statement that changed rows.
 */
export function memoryStorage(onChange = () => {}): DurableObjectStorage {
  const { storage } = countedStorage();
  const { sql } = storage;
  const exec = (query: string, ...bindings: unknown[]) => {
    const cursor = sql.exec(query, ...bindings);
    if (cursor.rowsWritten > 0) onChange();
    return cursor;
  };
  return Object.assign(storage, { sql: { exec } });
}
