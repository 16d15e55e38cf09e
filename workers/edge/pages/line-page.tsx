import type { Child } from "hono/jsx";
import type { DropAnswer } from "../../../schema/http.ts";
import { type Kept, waitingPath } from "./kept.ts";
import { Layout, Reloads, Time } from "./layout.tsx";
import { type FieldProblem, Problems } from "./problems.tsx";
import type { Shelf } from "./shelf.ts";
import { SkuChoice } from "./sku-choice.tsx";
import { PHASE_WORDS, spanWords } from "./words.ts";

type LineProps = { drop: DropAnswer; nowMs: number };

/** For somebody who has no ticket (any more). */
export function OutsidePage({
  drop,
  nowMs,
  refreshSeconds,
}: LineProps & { refreshSeconds: number | undefined }) {
  const lobbyInMs = Date.parse(drop.lobbyOpensAt) - nowMs;
  if (drop.phase === "closed") {
    return (
      <Line drop={drop} title="This drop is over">
        <p>This browser holds no ticket for {drop.name}, and nobody can join its line any more.</p>
      </Line>
    );
  }
  if (drop.phase === "announced") {
    return (
      <Line drop={drop} title="This line is not open yet" refreshSeconds={refreshSeconds}>
        <p>
          The lobby opens {lobbyInMs > 0 ? `in ${spanWords(lobbyInMs)}` : "any moment"}, at{" "}
          <Time atMs={Date.parse(drop.lobbyOpensAt)} />, and this page looks again by itself then. The order
          within it is drawn at the start, so there is no need to hurry.
        </p>
      </Line>
    );
  }
  const startsInMs = Date.parse(drop.opensAt) - nowMs;
  return (
    <Line drop={drop} title="You are not in this line yet">
      <p>This browser holds no ticket for {drop.name}.</p>
      {drop.phase === "sold_out" ? <p>Everything is sold. A unit may still come back.</p> : null}
      {startsInMs > 0 ? (
        <p>It starts in {spanWords(startsInMs)}. All who join before are shuffled then.</p>
      ) : null}
      <form method="post" action={`/drops/${drop.id}/line`}>
        <button type="submit">{startsInMs > 0 ? "Enter the lobby" : "Join the line"}</button>
      </form>
    </Line>
  );
}

type ChoosingProps = LineProps & {
  shelves: readonly Shelf[];
  reservationKey: string;
  refreshSeconds: number;
  kept: Kept;
  chosen: ReadonlyMap<string, number>;
  problems: readonly FieldProblem[];
  hasWaitingList: boolean;
};

/** It is this shopper's turn: choose. The hidden key makes a second sending of the same form harmless. */
export function ChoosingPage(props: ChoosingProps) {
  const { drop, kept, problems, nowMs } = props;
  const free = drop.skus.filter(({ level }) => level.available > 0);
  if (drop.phase === "closed") {
    return (
      <Line drop={drop} title="This drop is over">
        <HeldNotice drop={drop} kept={kept} nowMs={nowMs} />
        <p>Nothing can be reserved any more.</p>
      </Line>
    );
  }
  if (free.length > 0 || problems.length > 0) {
    return (
      <Line drop={drop} title="It is your turn" isRefused={problems.length > 0}>
        <HeldNotice drop={drop} kept={kept} nowMs={nowMs} />
        <ChoiceForm {...props} free={free} />
      </Line>
    );
  }
  const sold = drop.phase === "sold_out";
  return (
    <Line
      drop={drop}
      title={sold ? "Everything is sold" : "All units are reserved"}
      refreshSeconds={props.refreshSeconds}
    >
      <HeldNotice drop={drop} kept={kept} nowMs={nowMs} />
      <p>
        {sold ? "A unit may still come back." : "It is your turn, and some units may come back. Stay here."}
      </p>
      {props.hasWaitingList ? (
        <>
          <p>
            Or get on the waiting list: a unit that comes back is offered to those who wait, first come, first
            served, and kept for each of them for a while.
          </p>
          <ChoiceForm {...props} free={free} />
        </>
      ) : null}
      <Reloads seconds={props.refreshSeconds} />
    </Line>
  );
}

function ChoiceForm(props: ChoosingProps & { free: DropAnswer["skus"] }) {
  const { drop, shelves, reservationKey, problems, hasWaitingList, free } = props;
  const only = free.length === 1 && props.chosen.size === 0 ? free[0] : undefined;
  const chosen = only === undefined ? props.chosen : new Map([[only.id as string, 1]]);
  return (
    <form method="post" action={`/drops/${drop.id}/reservations`}>
      <Problems problems={problems}>
        {problems.some(({ field }) => field !== null) ? (
          <p>Nothing was reserved: a basket is all of its lines or none.</p>
        ) : null}
      </Problems>
      <input type="hidden" name="key" value={reservationKey} />
      {free.length === 0 && problems.length === 0 ? null : (
        <p>Choose one or several; they are reserved together, or none of them.</p>
      )}
      <SkuChoice
        shelves={shelves}
        currency={drop.currency}
        chosen={chosen}
        problems={problems}
        waitAt={hasWaitingList ? `/drops/${drop.id}/waiting-list` : null}
      />
      {free.length === 0 && problems.length === 0 ? null : (
        <>
          <button type="submit">Reserve</button>
          <p class="quiet">
            A reservation holds the units for you while you check out. Nothing is charged yet.
          </p>
        </>
      )}
    </form>
  );
}

/** What this browser holds already, or waits for: else somebody who came back here would not find it again. */
export function HeldNotice({ drop, kept, nowMs }: { drop: DropAnswer; kept: Kept; nowMs: number }) {
  const names = new Map(drop.skus.map(({ id, name }) => [id, name]));
  const { basket, waiting } = kept;
  return (
    <>
      {basket !== undefined && basket.untilMs > nowMs ? (
        <div class="notice">
          <p>You hold a basket, for {spanWords(basket.untilMs - nowMs)} more.</p>
          <a class="button" href={`/drops/${drop.id}/basket`}>
            To your basket
          </a>
        </div>
      ) : null}
      {waiting.map(({ reservationId, skuId }) => (
        <p>
          <a href={waitingPath(drop.id, reservationId, skuId)}>
            Your place on the waiting list for {names.get(skuId) ?? skuId}
          </a>
        </p>
      ))}
    </>
  );
}

type FrameProps = {
  drop: DropAnswer;
  title: string;
  isRefused?: boolean;
  refreshSeconds?: number | undefined;
  script?: string;
  children?: Child;
};

export function Line({ drop, title, isRefused, refreshSeconds, script, children }: FrameProps) {
  const told = `${title}: ${drop.name}`;
  return (
    <Layout
      title={isRefused ? `Not reserved. ${told}` : told}
      mode={drop.mode}
      refreshSeconds={refreshSeconds}
      script={script}
    >
      <p class={`phase ${drop.phase}`}>{PHASE_WORDS[drop.phase]}</p>
      <h1>{title}</h1>
      <p>
        <a href={`/drops/${drop.id}`}>{drop.name}</a>
      </p>
      {children}
    </Layout>
  );
}
