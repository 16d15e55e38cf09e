import { ImageUrl } from "../../../../schema/catalog.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import type { AmountMinor, Currency } from "../../../../schema/money.ts";
import type { Result } from "../../../../schema/result.ts";
import { type CellComplaint, checkLabel, checkNumber, readBoolean, readPrice, shown } from "./cells.ts";
import { FIELDS, type Field, type Layout } from "./columns.ts";
import type { Complaint } from "./complaint.ts";

/** `row` counts from 0 within the product. */
export type ProductComplaint = Complaint & { row: number };

/** Looks into cells by field, and gathers what is wrong with them. A column that is not there reads as empty. */
export class RowReader {
  readonly complaints: ProductComplaint[] = [];
  readonly #layout: Layout;
  readonly #rows: readonly (readonly string[])[];

  constructor(layout: Layout, rows: readonly (readonly string[])[]) {
    this.#layout = layout;
    this.#rows = rows;
  }

  text(row: number, field: Field): string {
    const index = this.#layout.at.get(field);
    return index === undefined ? "" : (this.#rows[row]?.[index] ?? "");
  }

  label(row: number, field: Field): string {
    const text = this.text(row, field);
    this.take(row, field, checkLabel(text), null);
    return text;
  }

  address(row: number, field: Field): string | null {
    const text = this.text(row, field).trim();
    if (text === "") return null;
    if (ImageUrl.safeParse(text).success) return text;
    const message = `"${shown(text)}" is not an address of a picture: https://… or a path that begins with /.`;
    this.complain(row, field, { code: "not_an_address", message });
    return null;
  }

  price(row: number, field: Field, currency: Currency): AmountMinor | null {
    const text = this.text(row, field);
    return text.trim() === "" ? null : this.take(row, field, readPrice(text, currency), null);
  }

  take<Value>(row: number, field: Field, read: Result<Value, CellComplaint>, otherwise: Value): Value {
    if (read.ok) return read.value;
    this.complain(row, field, read.refusal);
    return otherwise;
  }

  complain(row: number, field: Field | null, { code, message }: CellComplaint): void {
    const index = field === null ? undefined : this.#layout.at.get(field);
    const column = field === null ? null : (this.#layout.columns[index ?? -1] ?? FIELDS[field][1]);
    this.complaints.push({ row, column, code, message });
  }

  /** What holds for the cells of any row, whatever it is. */
  checkRow(row: number): void {
    const cells = this.#rows[row] ?? [];
    const { columns } = this.#layout;
    const refuse = (column: string | null, code: Complaint["code"], message: string) =>
      this.complaints.push({ row, column, code, message });
    if (cells.length > columns.length)
      refuse(null, "too_many_cells", `The row has ${cells.length} cells, the first line ${columns.length}.`);
    for (const [index, cell] of cells.entries()) {
      const column = columns[index] ?? null;
      if (cell.length > LIMITS.catalogCellMaxChars)
        refuse(
          column,
          "cell_too_long",
          `It has ${cell.length} characters; at most ${LIMITS.catalogCellMaxChars} are taken.`,
        );
      if (cell.includes("\0")) refuse(column, "cell_has_nul", "It has a NUL character; is this a text file?");
    }
    for (const [field, form] of NUMBERS) {
      const text = this.text(row, field);
      if (text.trim() !== "") this.take(row, field, checkNumber(text, form), null);
    }
    for (const field of BOOLEANS) {
      const text = this.text(row, field);
      if (text.trim() !== "") this.take(row, field, readBoolean(text), false);
    }
  }
}

const NUMBERS: [Field, "whole" | "decimal"][] = [
  ["grams", "decimal"],
  ["inventoryQuantity", "whole"],
  ["imagePosition", "whole"],
  ["cost", "decimal"],
];
const BOOLEANS: Field[] = ["published", "requiresShipping", "taxable", "giftCard"];
