import { readFile, stat } from "node:fs/promises";
import { LIMITS } from "../../schema/limits.ts";

/** A file's JSON. @throws with a sentence for people when there is none, it is too large, or it is no JSON. */
export async function readJsonFile(path: string): Promise<unknown> {
  const size = await stat(path).then(
    (found) => (found.isFile() ? found.size : null),
    () => null,
  );
  if (size === null) throw new Error(`There is no file ${path}.`);
  if (size > LIMITS.documentMaxBytes)
    throw new Error(`${path} has ${size} bytes; a document has at most ${LIMITS.documentMaxBytes}.`);
  // A byte order mark is how some editors begin a file, and no part of JSON.
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  try {
    return JSON.parse(text.decode(await readFile(path)));
  } catch (error) {
    throw new Error(`${path} is no JSON: ${(error as Error).message}.`);
  }
}
