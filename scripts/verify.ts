// What CI runs: format and lint, types, tests.
import { run } from "./run.ts";

await run("format and lint", "biome", ["check", "."]);
await import("./types.ts");
await run("tests", "vitest", ["run"]);
