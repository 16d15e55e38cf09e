import type { TicketId } from "../../../schema/ids.ts";
import { boundedPut } from "../bounded-put.ts";
import type { Clock } from "../deps.ts";
import { TUNING } from "../tuning.ts";
import { isTooMany, type Joining, RULES, type Shown } from "./rules.ts";
import { createVelocity } from "./velocity.ts";

export type Judge = {
  /**
   * Whether who joins is taken for a bot, by how many joins like it this isolate saw of late. The repeat of a join counts
   * once and is judged as before, for as long as it is remembered; the queue's first judgment is the one that stands.
   */
  isBot(ticketId: TicketId, joining: Joining, shown: Shown): boolean;
};

export function createJudge(clock: Pick<Clock, "now">): Judge {
  const velocity = createVelocity(clock, {
    windowMs: TUNING.velocityWindowMs,
    keysMax: TUNING.velocityKeysMax,
  });
  const judged = new Map<TicketId, boolean>();
  return {
    isBot(ticketId, joining, shown) {
      const before = judged.get(ticketId);
      if (before !== undefined) return before;
      // Every rule counts, whichever of them has judged already.
      const counts = RULES.map(({ keyOf }) => velocity.count(keyOf(joining)));
      const isBot = isTooMany(counts, shown);
      boundedPut(judged, ticketId, isBot, TUNING.judgedTicketsMax);
      return isBot;
    },
  };
}
