import type { Child } from "hono/jsx";
import type { DropAnswer } from "../../../schema/http.ts";
import type { FoundPlace } from "../verbs/find-place.ts";
import { type Kept, waitingPath } from "./kept.ts";
import { Layout, Reloads, Time } from "./layout.tsx";
import { type FieldProblem, Problems } from "./problems.tsx";
import type { Shelf } from "./shelf.ts";
import { SkuChoice } from "./sku-choice.tsx";
import { count, PHASE_WORDS, spanWords } from "./words.ts";

type LineProps = { drop: DropAnswer; nowMs: number };

/** For somebody who has no ticket (any more). */
export function OutsidePage({ drop }: LineProps) {
  return (
    <Line drop={drop} title="You are not in this line yet">
      <p>This browser holds no ticket for {drop.name}.</p>
      <form method="post" action={`/drops/${drop.id}/line`}>
        <button type="submit">Join the line</button>
      </form>
    </Line>
  );
}

type WaitingProps = LineProps & { place: Exclude<FoundPlace, { kind: "admitted" }>; refreshSeconds: number };

export function WaitingPage({ drop, nowMs, place, refreshSeconds }: WaitingProps) {
  if (drop.phase === "closed") {
    return (
      <Line drop={drop} title="This drop is over">
        <p>Your turn did not come before the end. You were not charged.</p>
      </Line>
    );
  }
  return (
    <Line drop={drop} title={titleOf(drop, place)} refreshSeconds={refreshSeconds}>
      <div role="status">
        {place.kind === "gathering" ? gatheringWords(place, nowMs) : waitingWords(place)}
      </div>
      <p>Your ticket is kept in this browser: you may close the page and come back to it.</p>
      <Reloads seconds={refreshSeconds} />
    </Line>
  );
}

function titleOf(drop: DropAnswer, place: WaitingProps["place"]): string {
  if (drop.phase === "sold_out") return "Everything is sold";
  return place.kind === "gathering" && drop.phase === "lobby"
    ? "You are in the lobby"
    : "You are in the line";
}

function gatheringWords(place: Extract<FoundPlace, { kind: "gathering" }>, nowMs: number) {
  const { snapshot, closesAtMs } = place;
  return (
    <>
      <p class="big">{count(snapshot.joined, "person has", "people have")} joined so far.</p>
      <p>
        Places among all who came within your window are drawn at <Time atMs={closesAtMs} />, in{" "}
        {spanWords(closesAtMs - nowMs)}. Nobody knows them before.
      </p>
    </>
  );
}

function waitingWords({ snapshot, ahead, margin, waitMs }: Extract<FoundPlace, { kind: "waiting" }>) {
  if (snapshot.phase === "sold_out") {
    return <p class="big">All units are sold. If one comes back, the line moves on.</p>;
  }
  if (ahead === null || waitMs === null)
    return <p class="big">Your place is not known yet. It will be in a moment.</p>;
  return (
    <>
      <p class="big">
        About {count(ahead, "person is", "people are")} before you
        {margin > 0 ? ` (give or take ${margin})` : ""}.
      </p>
      <p>
        At the present pace that is about {spanWords(waitMs)}, if units last until then. The order is exact;
        the count and the wait are estimates.
      </p>
    </>
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
function HeldNotice({ drop, kept, nowMs }: { drop: DropAnswer; kept: Kept; nowMs: number }) {
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
  refreshSeconds?: number;
  children?: Child;
};

function Line({ drop, title, isRefused, refreshSeconds, children }: FrameProps) {
  const told = `${title}: ${drop.name}`;
  return (
    <Layout
      title={isRefused ? `Not reserved. ${told}` : told}
      mode={drop.mode}
      refreshSeconds={refreshSeconds}
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
