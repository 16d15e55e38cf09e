import { expect, test } from "vitest";
import { parseOptions } from "../../scripts/fuzz/options.ts";
import { fuzz } from "../../scripts/fuzz/run.ts";
import { buildTarget } from "../../scripts/fuzz/stage.ts";
import { silentProgress } from "../../scripts/rehearse/progress.ts";

/** With fewer it is over before the first window of the line has closed. */
const REQUESTS = 2_000;

test("2,000 requests made from /openapi.json are all answered as it declares, and bad ones change nothing", async () => {
  const parsed = parseOptions(["--requests", String(REQUESTS), "--seed", "11", "--seconds", "120"]);
  if (!parsed.ok) throw new Error(parsed.complaint);
  const target = await buildTarget(parsed.options, () => {});
  const result = await fuzz({ ...parsed.options, ...target, progress: silentProgress }).finally(target.stop);
  expect({ found: result.found, failed: result.failed }).toEqual({ found: [], failed: {} });
  expect(result.requests).toBe(REQUESTS);
  expect(result.comparisons).toBeGreaterThan(0);
  for (const reached of ["joinLine", "issuePass", "reserveBasket", "placeOrder", "readRoot", "readChunk"])
    expect(result.unreached).not.toContain(reached);
});
