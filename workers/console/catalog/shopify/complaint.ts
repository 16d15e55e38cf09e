import type { RowRefusalCode } from "../../../../schema/catalog.ts";

/** What is wrong with a cell, a row or a file, before anybody knows on which line. */
export type Complaint = { code: RowRefusalCode; column: string | null; message: string };
