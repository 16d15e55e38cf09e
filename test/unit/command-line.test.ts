import { afterEach, describe, expect, test, vi } from "vitest";
import { commandLine, understood } from "../../scripts/command-line.ts";

const HELP = "script --size N\n";
const argv = process.argv;

afterEach(() => {
  process.argv = argv;
  vi.restoreAllMocks();
});

/** What a script of these words says, and how it ends; `options`: what it was told, if it goes on. */
function run(words: string[], read: (words: string[]) => number | null) {
  process.argv = ["node", "script", ...words];
  const said = { out: [] as unknown[], error: [] as unknown[] };
  vi.spyOn(console, "log").mockImplementation((text) => void said.out.push(text));
  vi.spyOn(console, "error").mockImplementation((text) => void said.error.push(text));
  vi.spyOn(process, "exit").mockImplementation((code) => {
    throw { code };
  });
  try {
    return { ...said, options: commandLine(read, HELP) };
  } catch (ended) {
    return { ...said, code: (ended as { code: number }).code };
  }
}

describe("a script", () => {
  test("gets its own words alone, and goes on with what it made of them", () => {
    const read = vi.fn(() => 0);
    expect(run(["--size", "3"], read)).toEqual({ out: [], error: [], options: 0 });
    expect(read).toHaveBeenCalledWith(["--size", "3"]);
  });

  test.each(["--help", "-h"])("that is asked for help with %s gives it, whatever else it is told", (word) => {
    const read = () => {
      throw new Error("not read");
    };
    expect(run(["--sise", word], read)).toEqual({ out: ["script --size N"], error: [], code: 0 });
  });

  test("whose reader asks for help gives it", () => {
    expect(run([], () => null)).toEqual({ out: ["script --size N"], error: [], code: 0 });
  });

  test("that does not understand says why, with the help, and ends with 2", () => {
    const read = () => understood<number>({ ok: false, complaint: "How large?" });
    expect(run(["--size"], read)).toEqual({ out: [], error: ["How large?\n\nscript --size N"], code: 2 });
    expect(understood({ ok: true, options: 3 })).toBe(3);
  });
});
