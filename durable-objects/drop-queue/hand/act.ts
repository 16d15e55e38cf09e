import { LIMITS } from "../../../schema/limits.ts";
import type { LineAct, LineNote } from "../../../schema/line.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import { cohortsOf, type Hand, isPaused, type Schedule } from "../decide.ts";

/** `movesTimes`: the SKUs must hear of it. A note of null: nothing of it shows in the record. */
export type Acted = { hand: Hand; note: LineNote | null; movesTimes: boolean };

/**
 * What an operator's act makes of a line that has not ended. One that says what is so already changes nothing. `notes`:
 * how many there are; past the limit only what stops a line, or starts one that was stopped, is taken.
 */
export function decideAct(
  hand: Hand,
  act: LineAct,
  now: { nowMs: number; schedule: Schedule; links: number; documentPace: number; notes: number },
): Result<Acted, Refusal<"invalid_request">> {
  const { nowMs, schedule } = now;
  const same: Acted = { hand, note: null, movesTimes: false };
  const noted = (change: Partial<Hand>, what: LineNote["what"], detail = "", movesTimes = false) => {
    if (now.notes >= LIMITS.lineNotesMax && what !== "ended" && what !== "resumed")
      return refuse({
        code: "invalid_request" as const,
        detail: `A line's record takes ${LIMITS.lineNotesMax} notes, and this one has as many.`,
      });
    return ok({ hand: { ...hand, ...change }, note: { atMs: nowMs, what, detail }, movesTimes });
  };
  switch (act.kind) {
    case "say":
      return ok({ ...same, hand: { ...hand, message: act.message } });
    case "pause":
      return isPaused(hand)
        ? ok(same)
        : noted({ pauses: [...hand.pauses, { fromMs: nowMs, toMs: null }] }, "paused");
    case "resume":
      return isPaused(hand)
        ? noted({ pauses: hand.pauses.map((pause) => ({ ...pause, toMs: pause.toMs ?? nowMs })) }, "resumed")
        : ok(same);
    case "pace":
      return act.admitPerSecond === hand.admitPerSecond
        ? ok(same)
        : noted(
            { admitPerSecond: act.admitPerSecond },
            "paced",
            String(act.admitPerSecond ?? now.documentPace),
          );
    case "open": {
      if (nowMs >= schedule.opensAtMs)
        return refuse({ code: "invalid_request", detail: "This drop has opened already." });
      const cohorts = cohortsOf({ ...schedule, opensAtMs: nowMs });
      if (cohorts > now.links)
        return refuse({
          code: "invalid_request",
          detail: `Opened now it would need ${cohorts} windows until it closes, and its chain has ${now.links} links.`,
        });
      return noted({ openedAtMs: nowMs }, "opened", "", true);
    }
    case "end":
      return noted({ endedAtMs: nowMs }, "ended", "", true);
  }
}
