import type { DropAnswer } from "../../../schema/http.ts";
import type { TicketId } from "../../../schema/ids.ts";
import { toldOf } from "../line/told.ts";
import type { FoundPlace } from "../verbs/find-place.ts";
import { ISLANDS } from "./islands.ts";
import type { Kept } from "./kept.ts";
import { Reloads, Time } from "./layout.tsx";
import { HeldNotice, Line } from "./line-page.tsx";

type WaitingProps = {
  drop: DropAnswer;
  nowMs: number;
  ticketId: TicketId;
  place: FoundPlace;
  kept: Kept;
  /** For browsers without JavaScript; null: nothing on it changes any more. */
  refreshSeconds: number | null;
};

/**
 * For somebody in the line whose turn has not come. The script keeps it up to date from the public snapshot (its parts are named
 * `line-...`); without JavaScript it reloads itself. What it says is the same either way.
 */
export function WaitingPage({ drop, nowMs, ticketId, place, kept, refreshSeconds }: WaitingProps) {
  const { snapshot, ticket, standing } = place;
  const { title, main, more } = toldOf(ticket, standing, snapshot, nowMs);
  return (
    <Line drop={drop} title={title} refreshSeconds={refreshSeconds ?? undefined} script={ISLANDS.waiting}>
      <HeldNotice drop={drop} kept={kept} nowMs={nowMs} />
      <div
        id="line"
        data-drop={drop.id}
        data-name={drop.name}
        data-ticket={ticketId}
        data-cohort={ticket.cohort}
        data-made-at={nowMs}
      >
        <p class="big" id="line-main">
          {main}
        </p>
        <div class="notice" id="line-message" hidden={snapshot.message === null}>
          <p>
            <strong>From the shop:</strong> <span id="line-message-words">{snapshot.message}</span>
          </p>
        </div>
        <div id="line-more">
          {more.map((line) => (
            <p>{line}</p>
          ))}
        </div>
        <p class="quiet" id="line-as-of">
          As it was at <Time atMs={snapshot.atMs} />.
        </p>
        <div id="line-two-roots" role="alert" hidden>
          <p class="problem">
            Two different records of your window have been published. That must not happen: see the proof
            below.
          </p>
        </div>
        <p class="unseen" role="status" id="line-said" />
        <p class="unseen" role="alert" id="line-turn" />
      </div>
      {refreshSeconds === null ? null : (
        <noscript>
          <Reloads seconds={refreshSeconds} />
        </noscript>
      )}
      <p>
        <a href={`/drops/${drop.id}/line`}>Look again now</a>
      </p>
      <p>
        <a href={`/drops/${drop.id}/proof`}>How you can check that nobody was moved in this line</a>
      </p>
    </Line>
  );
}
