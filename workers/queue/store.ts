import { drizzle } from "drizzle-orm/d1";
import { inStatements } from "../../schema/d1-statements.ts";
import { type ParkedMessageRow, parkedMessages } from "../../schema/tables.ts";

/** Where messages wait for a person. */
export type Parking = {
  /** All rows or none. A message that is there already stays as it is. */
  park(rows: ParkedMessageRow[]): Promise<void>;
};

export function d1Parking(database: D1Database): Parking {
  const db = drizzle(database);
  return {
    async park(rows) {
      const statements = inStatements(parkedMessages, rows).map((some) =>
        db.insert(parkedMessages).values(some).onConflictDoNothing(),
      );
      const [first, ...rest] = statements;
      if (first !== undefined) await db.batch([first, ...rest]);
    },
  };
}
