import { LIMITS } from "../../../../schema/limits.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";
import type { Complaint } from "./complaint.ts";

const LINE_FEED = 0x0a;

/** A file's bytes as text, without a byte order mark. Nothing is guessed: what is not UTF-8 is refused with its line. */
export function decode(bytes: Uint8Array): Result<string, Complaint & { line: number }> {
  const no = (code: Complaint["code"], message: string, line = 1) =>
    refuse({ code, column: null, message, line });
  if (bytes.length > LIMITS.catalogFileMaxBytes)
    return no(
      "file_too_large",
      `The file has ${bytes.length} bytes; at most ${LIMITS.catalogFileMaxBytes} are taken. Split it between two products.`,
    );
  const [first = 0, second = 0] = bytes;
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  // Every file begins with ASCII letters; in UTF-16 each of them has a zero beside it.
  if (isMarked || (bytes.length > 1 && (first === 0) !== (second === 0)))
    return no("encoding_utf16", "The file is in UTF-16. Save it as CSV in UTF-8.");
  try {
    // The decoder takes a byte order mark away by itself.
    return ok(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    return no(
      "encoding_not_utf8",
      "This line is not UTF-8; perhaps Latin-1 or Windows-1252. Save the file as CSV in UTF-8.",
      firstBrokenLine(bytes),
    );
  }
}

function firstBrokenLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let line = 1;
  for (let start = 0; start < bytes.length; line += 1) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found === -1 ? bytes.length : found + 1;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end;
  }
  return line;
}
