import { getTableColumns, type SQL, sql } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { LIMITS } from "./limits.ts";

/** As many as D1's limit on a statement's parameters allows, each column of a row being one. */
function rowsPerStatement(table: SQLiteTable): number {
  return Math.floor(LIMITS.d1ParametersMax / Object.keys(getTableColumns(table)).length);
}

/** Rows for one table, as many a statement as can be, in their order. */
export function inStatements<Row>(table: SQLiteTable, rows: readonly Row[]): Row[][] {
  return slices(rows, rowsPerStatement(table));
}

export function slices<Row>(rows: readonly Row[], size: number): Row[][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, index) =>
    rows.slice(index * size, (index + 1) * size),
  );
}

/** For an upsert's `set`: these columns become what the row that was in the way says. */
export function excluded<Table extends SQLiteTable, Name extends keyof Table["_"]["columns"] & string>(
  table: Table,
  names: readonly Name[],
): Record<Name, SQL> {
  const columns = getTableColumns(table);
  const set = names.map((name) => [name, sql`excluded.${sql.identifier(columns[name]?.name ?? name)}`]);
  return Object.fromEntries(set) as Record<Name, SQL>;
}
