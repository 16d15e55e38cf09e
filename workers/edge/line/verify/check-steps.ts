import type { WatermarkStep } from "../../../../schema/line.ts";
import { Admissions, isBefore } from "./admissions.ts";
import { BOUNDS, FORMAT } from "./bounds.ts";
import type { Cohorts } from "./check-cohorts.ts";
import type { Context } from "./context.ts";
import { ahead, numbers } from "./read-record.ts";
import { stepPage } from "./shapes.ts";

/** The watermark's history. Not whole: a part could not be read, and a place that seems never admitted may have been. */
export type History = { admissions: Admissions; isWhole: boolean };

/** `admitted` is an expectation over uniform ranks, rounded one way or the other. */
const ROUNDING = 1;

/** Steps only go forward, each over windows whose seeds were out by then, and say rightly how many they let in. */
export async function checkSteps(context: Context, cohorts: Cohorts): Promise<History> {
  const { reader, report, head } = context;
  const history: History = { admissions: new Admissions(), isWhole: true };
  if (head.steps > BOUNDS.stepsMax)
    report.found("steps", "too_large", `${head.steps} steps are more than a drop can take.`);
  const wanted = Math.min(head.steps, BOUNDS.stepsMax);
  const pages = Math.ceil(wanted / FORMAT.stepsPerPage);
  let before: WatermarkStep | null = null;
  let number = 0;
  const read = ahead(numbers(0, pages - 1), (page) =>
    reader.need({
      check: "steps",
      path: `record/steps/${page}`,
      shape: stepPage,
      isGrown:
        page === pages - 1 ? ({ steps }) => steps.length >= wanted - page * FORMAT.stepsPerPage : undefined,
    }),
  );
  for await (const page of read) {
    const first = number * FORMAT.stepsPerPage + 1;
    const last = Math.min(wanted, first + FORMAT.stepsPerPage - 1);
    // Newer steps than the head's are not part of what is checked here.
    const steps = page?.steps.slice(0, last - first + 1) ?? [];
    if (page === null) history.isWhole = false;
    else if (page.page !== number || steps.length !== last - first + 1) {
      history.isWhole = false;
      report.found(
        "steps",
        "step_order",
        `Page ${number} of the steps does not have steps ${first} to ${last}.`,
      );
    }
    steps.forEach((step, at) => {
      if (step.step !== first + at)
        report.found("steps", "step_order", `Step ${step.step} stands where step ${first + at} belongs.`);
      checkStep(context, cohorts, { step, before });
      history.admissions.add(step);
      before = step;
    });
    number += 1;
    context.progress({ check: "steps", done: number, total: pages });
  }
  return history;
}

function checkStep(
  { report, head }: Context,
  cohorts: Cohorts,
  { step, before }: { step: WatermarkStep; before: WatermarkStep | null },
): void {
  const found = (code: "step_order" | "step_unrevealed" | "admitted_wrong", words: string) =>
    report.found("steps", code, `Step ${step.step} ${words}.`, { cohort: step.cohort });
  report.looked("steps");
  if (before !== null) {
    if (isBefore(step, before)) found("step_order", `goes back behind step ${before.step}`);
    if (step.atMs < before.atMs) found("step_order", `is older than step ${before.step}`);
    if (step.admitted < before.admitted)
      found("admitted_wrong", `lets in fewer people than step ${before.step}`);
  }
  if (step.atMs > head.atMs + BOUNDS.clockToleranceMs)
    found("step_order", "is younger than the record itself");

  const cohort = cohorts.byNumber.get(step.cohort);
  if (cohort === undefined) {
    if (cohorts.isWhole) found("step_unrevealed", `is over window ${step.cohort}, whose seed is not out`);
    return;
  }
  if (step.atMs + BOUNDS.clockToleranceMs < cohort.revealedAtMs)
    found("step_unrevealed", `is over window ${step.cohort} before its seed was out`);
  const expected = cohort.before + step.rank * cohort.count;
  if (Math.abs(step.admitted - expected) > ROUNDING)
    found("admitted_wrong", `says ${step.admitted} people where ${Math.round(expected)} are`);
}
