import Papa from "papaparse";
import { type Field, fieldOf, type Layout } from "./columns.ts";
import { guard } from "./guard.ts";

export type FileWriter = {
  /** The first line. */
  header: string;
  /** The lines of one product. @throws when its layout was not among those that the writer was made for. */
  lines(layoutId: string, rows: readonly (readonly string[])[]): string;
};

/**
 * Writes products of one or several layouts as one file: with the columns of the first layout, and then those that only others
 * have. Rows of the first come out cell for cell; of others each cell goes to the column that means the same. Quoting is as
 * RFC 4180 has it, lines end with LF, and cells that a spreadsheet would run are guarded.
 */
export function fileWriter(layouts: ReadonlyMap<string, Layout>): FileWriter {
  const [first] = layouts.values();
  const columns = [...(first?.columns ?? [])];
  const places = new Map<string, number[]>();
  for (const [layoutId, layout] of layouts)
    places.set(
      layoutId,
      layout.columns.map((column) => placeOf(column, first ?? layout, columns)),
    );
  return {
    header: text([columns]),
    lines(layoutId, rows) {
      const to = places.get(layoutId);
      if (to === undefined) throw new Error("the catalog got another layout while it was written");
      return text(rows.map((row) => moved(row, to)));
    },
  };
}

/** Where a cell of this column goes; a column that nothing there stands for is added at the end. */
function placeOf(column: string, base: Layout, columns: string[]): number {
  const field: Field | null = fieldOf(column);
  const known = field === null ? undefined : base.at.get(field);
  if (known !== undefined) return known;
  const named = columns.indexOf(column);
  return named === -1 ? columns.push(column) - 1 : named;
}

/** A row that is shorter than its header stays so. */
function moved(row: readonly string[], to: readonly number[]): string[] {
  const cells: string[] = [];
  for (const [index, cell] of row.entries()) cells[to[index] ?? index] = cell;
  return Array.from(cells, (cell) => cell ?? "");
}

function text(records: string[][]): string {
  const guarded = records.map((record) => record.map(guard));
  return `${Papa.unparse(guarded, { newline: "\n" })}\n`;
}
