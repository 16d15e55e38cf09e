import { createHash } from "node:crypto";
import * as z from "zod";

const Rate = z.number().min(0).max(1).default(0);
const DelayMs = z.int().min(0).max(600_000);

/** How the gateway misbehaves. Nothing by default. A body that leaves a field out puts it back to its default. */
export const Faults = z
  .strictObject({
    seed: z.union([z.int(), z.string().max(64)]).default(0),
    declineRate: Rate.describe("Authorizations refused with 402"),
    timeoutBeforeRate: Rate.describe("Requests that hang and are not carried out"),
    timeoutAfterRate: Rate.describe("Requests that are carried out and then hang"),
    errorRate: Rate.describe("Requests answered 500 and not carried out"),
    lateRate: Rate.describe("Requests that are carried out, and answered, only after lateMs"),
    lateMs: DelayMs.default(3_000),
    latencyMs: DelayMs.default(0).describe("Every request waits this long first"),
    hangMs: DelayMs.default(30_000).describe("A request that hangs loses its connection after this"),
    webhookDropRate: Rate.describe("Events that are never sent"),
    webhookDuplicateRate: Rate.describe("Events that are sent twice"),
    webhookDelayMs: DelayMs.default(0).describe(
      "Events are held back for up to this long, so they overtake each other",
    ),
  })
  .refine(
    (faults) => faults.timeoutBeforeRate + faults.timeoutAfterRate + faults.errorRate + faults.lateRate <= 1,
    {
      message: "timeoutBeforeRate, timeoutAfterRate, errorRate and lateRate together must not exceed 1",
    },
  );
export type Faults = z.infer<typeof Faults>;

export type Fault = "none" | "timeout_before" | "timeout_after" | "error" | "late";

/** A fraction in [0, 1) that follows from the seed, the subject, the number of the try and the question alone. */
export function roll(
  faults: Faults,
  { subject, nth, question }: { subject: string; nth: number; question: string },
): number {
  const digest = createHash("sha256").update(`${faults.seed}|${subject}|${nth}|${question}`).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** What befalls the nth request with this idempotency key (or, for a read, of this path). At most one fault. */
export function chooseFault(faults: Faults, subject: string, nth: number): Fault {
  const rates: [Fault, number][] = [
    ["timeout_before", faults.timeoutBeforeRate],
    ["timeout_after", faults.timeoutAfterRate],
    ["error", faults.errorRate],
    ["late", faults.lateRate],
  ];
  let below = 0;
  const rolled = roll(faults, { subject, nth, question: "fault" });
  for (const [fault, rate] of rates) {
    below += rate;
    if (rolled < below) return fault;
  }
  return "none";
}

/** Tokens that misbehave by themselves. The timeouts and the lateness befall the first try of a key only. */
export function faultOfToken(written: string | null, operation: string, nth: number): Fault {
  const token = written?.split("#", 1)[0];
  if (operation === "authorize" && token === "tok_error_500") return "error";
  if (nth > 1) return "none";
  if (operation === "authorize" && token === "tok_timeout_before") return "timeout_before";
  if (operation === "authorize" && token === "tok_timeout_after") return "timeout_after";
  if (operation === "authorize" && token === "tok_late") return "late";
  if (operation === "capture" && token === "tok_capture_timeout_after") return "timeout_after";
  return "none";
}
