import * as z from "zod";

/** How the beacon misbehaves. Nothing by default. A body that leaves a field out puts it back to its default. */
export const BeaconFaults = z.strictObject({
  kind: z
    .enum(["none", "late", "hang", "error", "wrong_signature", "other_round", "malformed", "too_large"])
    .default("none"),
  lateMs: z.int().min(0).max(3_600_000).default(10_000).describe("With `late`: how long after it was due"),
  everyNth: z.int().min(1).max(1_000_000).default(1).describe("Only rounds that this divides"),
  times: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1_000_000)
    .describe("How many answers about one round are bad before it is well; `late` goes by the clock alone"),
});
export type BeaconFaults = z.infer<typeof BeaconFaults>;
