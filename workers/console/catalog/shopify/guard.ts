/**
 * A spreadsheet runs a cell that begins with one of these as a formula (OWASP, CSV injection; the wide forms are what some
 * locales type). Numbers, also negative ones, are no formulas.
 */
const RUNS = /^'*[=+\-@\t\r\n＝＋－＠]/;
const NUMBER = /^[-+]?\d+(?:[.,]\d+)?$/;

const isFormula = (cell: string) => RUNS.test(cell) && !NUMBER.test(cell.replace(/^'+/, ""));

/** Puts the apostrophe in front that makes a spreadsheet show a formula as text. `unguard` takes exactly that one away. */
export function guard(cell: string): string {
  return isFormula(cell) ? `'${cell}` : cell;
}

/** What a file says is taken without its guard: `'=1` is kept as `=1`, and written as `'=1` again. */
export function unguard(cell: string): string {
  return cell.startsWith("'") && isFormula(cell) ? cell.slice(1) : cell;
}
