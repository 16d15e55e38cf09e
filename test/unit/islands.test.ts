import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { bundleIslands, type Island, namesOf } from "../../scripts/islands.ts";

const NAMES = join(import.meta.dirname, "../../workers/edge/pages/islands.ts");
/** What a phone loads for the page itself; the checker comes only when its reader asks for a check. */
const MAX_BYTES: Record<string, number> = { checker: 150_000 };
const PAGE_MAX_BYTES = 25_000;

describe("the pages' scripts", () => {
  let islands: Island[];
  beforeAll(async () => {
    islands = await bundleIslands();
  });

  test("are named by their content, as the pages name them", () => {
    expect(readFileSync(NAMES, "utf8")).toBe(namesOf(islands));
  });

  test("come out the same each time", async () => {
    expect((await bundleIslands()).map(({ path }) => path)).toEqual(islands.map(({ path }) => path));
  });

  test("are small, and hold nothing of the server's libraries", () => {
    for (const { name, content } of islands) {
      expect(content.byteLength, name).toBeLessThan(MAX_BYTES[name] ?? PAGE_MAX_BYTES);
      expect(new TextDecoder().decode(content)).not.toMatch(/ZodError|hono/i);
    }
    expect(islands.length).toBeGreaterThan(1);
  });
});
