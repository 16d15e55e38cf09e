import { drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../../schema/limits.ts";
import { type ParkedMessageRow, parkedMessages } from "../../schema/tables.ts";

/** Where messages wait for a person. */
export type Parking = {
  /** All rows or none. A message that is there already stays as it is. */
  park(rows: ParkedMessageRow[]): Promise<void>;
};

const ROWS_PER_STATEMENT = Math.floor(LIMITS.d1ParametersMax / Object.keys(parkedMessages).length);

export function d1Parking(database: D1Database): Parking {
  const db = drizzle(database);
  return {
    async park(rows) {
      const statements = [];
      for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
        const some = rows.slice(from, from + ROWS_PER_STATEMENT);
        statements.push(db.insert(parkedMessages).values(some).onConflictDoNothing());
      }
      const [first, ...rest] = statements;
      if (first !== undefined) await db.batch([first, ...rest]);
    },
  };
}
