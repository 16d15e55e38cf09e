import type { Child } from "hono/jsx";
import type { DropAnswer } from "../../../schema/http.ts";
import { formatMinor } from "../../../schema/money.ts";
import type { FoundPlace } from "../verbs/find-place.ts";
import { stockWords } from "./drop-page.tsx";
import { Layout, Reloads, Time } from "./layout.tsx";
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

type ChoosingProps = LineProps & { reservationKey: string; refreshSeconds: number };

/** It is this shopper's turn: choose one. The hidden key makes a second sending of the same form harmless. */
export function ChoosingPage({ drop, reservationKey, refreshSeconds }: ChoosingProps) {
  const free = drop.skus.filter(({ level }) => level.available > 0);
  if (drop.phase === "closed") {
    return (
      <Line drop={drop} title="This drop is over">
        <p>Nothing can be reserved any more.</p>
      </Line>
    );
  }
  if (free.length === 0) {
    const sold = drop.phase === "sold_out";
    return (
      <Line
        drop={drop}
        title={sold ? "Everything is sold" : "All units are reserved"}
        refreshSeconds={refreshSeconds}
      >
        <p>
          {sold ? "A unit may still come back." : "It is your turn, and some units may come back. Stay here."}
        </p>
        <Reloads seconds={refreshSeconds} />
      </Line>
    );
  }
  const most = Math.max(...free.map(({ perShopper }) => perShopper));
  return (
    <Line drop={drop} title="It is your turn">
      <form method="post" action={`/drops/${drop.id}/reservations`}>
        <input type="hidden" name="key" value={reservationKey} />
        <fieldset>
          <legend>Choose one</legend>
          {drop.skus.map((sku) => (
            <label class="choice">
              <input
                type="radio"
                name="sku"
                value={sku.id}
                required
                checked={free[0]?.id === sku.id}
                disabled={sku.level.available === 0}
              />
              <span>
                <strong>{sku.name}</strong> {formatMinor(sku.priceMinor, drop.currency)}
                <small>{stockWords(sku.level)}</small>
              </span>
            </label>
          ))}
        </fieldset>
        {most === 1 ? (
          <input type="hidden" name="quantity" value="1" />
        ) : (
          <label class="field">
            How many?
            <input type="number" name="quantity" value="1" min="1" max={String(most)} required />
          </label>
        )}
        <button type="submit">Reserve</button>
        <p class="quiet">A reservation holds the unit for you while you check out. Nothing is charged yet.</p>
      </form>
    </Line>
  );
}

type FrameProps = { drop: DropAnswer; title: string; refreshSeconds?: number; children?: Child };

function Line({ drop, title, refreshSeconds, children }: FrameProps) {
  return (
    <Layout title={`${title}: ${drop.name}`} refreshSeconds={refreshSeconds}>
      <p class={`phase ${drop.phase}`}>{PHASE_WORDS[drop.phase]}</p>
      <h1>{title}</h1>
      <p>
        <a href={`/drops/${drop.id}`}>{drop.name}</a>
      </p>
      {children}
    </Layout>
  );
}
