import type { DropAnswer, WaitingEntryAnswer } from "../../../schema/http.ts";
import { Layout, Reloads, Time } from "./layout.tsx";
import { count, namesOf, spanWords } from "./words.ts";

type WaitingProps = {
  drop: DropAnswer;
  entry: WaitingEntryAnswer;
  nowMs: number;
  refreshSeconds: number | undefined;
  /** The order that has the offer, where this shopper made it on these pages. */
  orderPath: string | undefined;
};

const TITLES: Record<WaitingEntryAnswer["state"], string> = {
  waiting: "You are on the waiting list",
  offered: "One came back for you",
  taken: "You took the offer",
  lapsed: "The offer's time ran out",
  left: "You left the waiting list",
};

/** A place on one SKU's waiting list, and the offer that comes of it. */
export function WaitingListPage({ drop, entry, nowMs, refreshSeconds, orderPath }: WaitingProps) {
  const name = namesOf(drop.skus).get(entry.skuId) ?? entry.skuId;
  const title = TITLES[entry.state];
  const path = `/drops/${drop.id}/waiting-list/${entry.reservationId}`;
  return (
    <Layout title={`${title}: ${name}`} mode={drop.mode} refreshSeconds={refreshSeconds}>
      <h1>{title}</h1>
      <p>
        {entry.quantity} × {name}, <a href={`/drops/${drop.id}`}>{drop.name}</a>
      </p>
      <div role="status">
        <StateWords entry={entry} nowMs={nowMs} orderPath={orderPath} />
      </div>
      {entry.state === "offered" ? (
        <form method="post" action={`${path}/take`}>
          <input type="hidden" name="sku" value={entry.skuId} />
          <button type="submit">To the checkout</button>
        </form>
      ) : null}
      {entry.state === "waiting" || entry.state === "offered" ? (
        <form method="post" action={`${path}/leave`}>
          <input type="hidden" name="sku" value={entry.skuId} />
          <button class="plain" type="submit">
            {entry.state === "offered" ? "Let the next one have it" : "Leave the waiting list"}
          </button>
        </form>
      ) : (
        <p>
          <a class="button" href={`/drops/${drop.id}/line`}>
            Back to the line
          </a>
        </p>
      )}
      {refreshSeconds === undefined || entry.state === "offered" ? null : (
        <Reloads seconds={refreshSeconds} />
      )}
    </Layout>
  );
}

function StateWords({ entry, nowMs, orderPath }: Pick<WaitingProps, "entry" | "nowMs" | "orderPath">) {
  switch (entry.state) {
    case "waiting":
      return (
        <>
          <p class="big">
            {entry.ahead === 0
              ? "You are next."
              : `${count(entry.ahead ?? 0, "person is", "people are")} before you.`}
          </p>
          <p>
            A unit comes back when somebody does not pay in time, or returns it. It is then offered here, and
            kept for you for a while. Keep this page, or come back to it from the line.
          </p>
        </>
      );
    case "offered":
      return entry.offer === null ? null : (
        <>
          <p class="big">{spanWords(entry.offer.expiresAtMs - nowMs)} left</p>
          <p>
            Kept for you until <Time atMs={entry.offer.expiresAtMs} />; after that it is offered to the next.
            Nothing is charged before you pay.
          </p>
        </>
      );
    case "taken":
      return (
        <>
          <p class="big">An order of yours has it.</p>
          {orderPath === undefined ? (
            <p>It was not ordered on these pages: where it was, you see how far it is.</p>
          ) : (
            <p>
              <a href={orderPath}>See how far that order is</a>, and pay while there is time.
            </p>
          )}
        </>
      );
    case "lapsed":
      return (
        <p>
          It goes to whoever waits next, or is free again. You were not charged, and may get on the list anew.
        </p>
      );
    case "left":
      return <p>You were not charged, and nothing is kept for you here.</p>;
  }
}
