import Papa from "papaparse";
import { LIMITS } from "../../../../schema/limits.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";
import type { Complaint } from "./complaint.ts";
import { unguard } from "./guard.ts";

const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A line of the file as it is written there, except that the guards against formulas are taken off. */
export type CsvRecord = { line: number; cells: string[] };

/**
 * Splits text into records. Line ends are CRLF, LF or CR, also mixed; inside of quotes they are part of the cell. Records in
 * which nothing stands are left out. A file whose quotes do not match is refused whole: what a stray quote swallowed is anybody's guess.
 */
export function readRecords(text: string): Result<CsvRecord[], Complaint & { line: number }> {
  const cells = countCells(text);
  if (cells > LIMITS.catalogCellsMax)
    return refuse({
      code: "too_many_cells",
      column: null,
      line: 1,
      message: `The file has about ${cells} cells; at most ${LIMITS.catalogCellsMax} are taken. Split it between two products.`,
    });
  const { data, errors } = Papa.parse<string[]>(withLineFeeds(text), {
    delimiter: ",",
    newline: "\n",
    preview: LIMITS.catalogRowsMax + 2,
  });
  const records: CsvRecord[] = [];
  let line = 1;
  const lines: number[] = [];
  for (const cells of data) {
    lines.push(line);
    if (cells.some((cell) => cell !== "")) records.push({ line, cells: cells.map(unguard) });
    line += 1 + cells.reduce((sum, cell) => sum + lineEndsIn(cell), 0);
  }
  const broken = errors.find(({ type }) => type === "Quotes");
  if (broken !== undefined) {
    const isOpen = broken.code === "MissingQuotes";
    const last = broken.row ?? 0;
    return refuse({
      code: isOpen ? "quote_unclosed" : "quote_misplaced",
      column: null,
      line: lines[last] ?? 1,
      message: isOpen
        ? "A quote opens in this row and never closes."
        : 'A quoted cell must end at its second quote; a quote inside of it is written as "".',
    });
  }
  if (records.length > LIMITS.catalogRowsMax + 1)
    return refuse({
      code: "too_many_rows",
      column: null,
      line: records[LIMITS.catalogRowsMax + 1]?.line ?? 1,
      message: `At most ${LIMITS.catalogRowsMax} rows are taken. Split the file between two products.`,
    });
  return ok(records);
}

/** At most so many: commas and line ends inside of quotes are counted too. */
function countCells(text: string): number {
  let count = 1;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === COMMA || code === LINE_FEED || code === CARRIAGE_RETURN) count += 1;
  }
  return count;
}

/** As a text editor counts. */
function lineEndsIn(cell: string): number {
  return cell.match(/\r\n|\r|\n/g)?.length ?? 0;
}

/** Line ends between records become LF; those inside of quotes stay. A quote opens a cell only at its start. */
function withLineFeeds(text: string): string {
  if (!text.includes("\r")) return text;
  let result = "";
  let kept = 0;
  let isQuoted = false;
  let isAtStart = true;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (isQuoted) {
      if (char !== '"') continue;
      if (text[index + 1] === '"') index += 1;
      else isQuoted = false;
      continue;
    }
    if (char === '"' && isAtStart) isQuoted = true;
    isAtStart = char === "," || char === "\n" || char === "\r";
    if (char !== "\r") continue;
    result += `${text.slice(kept, index)}\n`;
    if (text[index + 1] === "\n") index += 1;
    kept = index + 1;
  }
  return result + text.slice(kept);
}
