import type { DropAnswer } from "../../../schema/http.ts";
import { formatMinor } from "../../../schema/money.ts";
import { Layout, Time } from "./layout.tsx";
import { count, PHASE_WORDS, spanWords } from "./words.ts";

/** The same for everybody, so that it can be cached. Joining is a form; nothing here depends on who reads. */
export function DropPage({ drop, nowMs }: { drop: DropAnswer; nowMs: number }) {
  return (
    <Layout title={drop.name}>
      <p class={`phase ${drop.phase}`}>{PHASE_WORDS[drop.phase]}</p>
      <h1>{drop.name}</h1>
      {drop.description === "" ? null : <p class="description">{drop.description}</p>}
      <JoinForm drop={drop} nowMs={nowMs} />
      <h2>What there is</h2>
      <Skus drop={drop} />
      <h2>Times</h2>
      <dl>
        <dt>Lobby opens</dt>
        <dd>
          <Time atMs={Date.parse(drop.lobbyOpensAt)} />
        </dd>
        <dt>Start</dt>
        <dd>
          <Time atMs={Date.parse(drop.opensAt)} />
        </dd>
        <dt>End</dt>
        <dd>
          <Time atMs={Date.parse(drop.closesAt)} />
        </dd>
      </dl>
      <h2>How the line works</h2>
      <p>
        Everybody who joins before the start is shuffled at the start. After it, those who come within the
        same few seconds are equals. Being faster than that gains nothing, and anyone can recompute the order
        from the <a href={`/v1/drops/${drop.id}/record`}>public record</a>.
      </p>
    </Layout>
  );
}

function JoinForm({ drop, nowMs }: { drop: DropAnswer; nowMs: number }) {
  const lobbyInMs = Date.parse(drop.lobbyOpensAt) - nowMs;
  const startsInMs = Date.parse(drop.opensAt) - nowMs;
  if (drop.phase === "closed") return <p class="notice">This drop is over.</p>;
  if (drop.phase === "announced") {
    return (
      <p class="notice">
        The lobby opens {lobbyInMs > 0 ? `in ${spanWords(lobbyInMs)}` : "any moment"}. Come back then: the
        order within it is drawn at the start, so there is no need to hurry.
      </p>
    );
  }
  return (
    <form method="post" action={`/drops/${drop.id}/line`} class="notice">
      {drop.phase === "sold_out" ? <p>Everything is sold. A unit may still come back.</p> : null}
      {startsInMs > 0 ? (
        <p>Starts in {spanWords(startsInMs)}. All who join before are shuffled then.</p>
      ) : null}
      <button type="submit">{startsInMs > 0 ? "Enter the lobby" : "Join the line"}</button>
    </form>
  );
}

function Skus({ drop }: { drop: DropAnswer }) {
  return (
    <ul class="cards">
      {drop.skus.map((sku) => (
        <li class="card sku">
          <h3>{sku.name}</h3>
          <p class="price">{formatMinor(sku.priceMinor, drop.currency)}</p>
          <p class="quiet">
            {stockWords(sku.level)} At most {count(sku.perShopper, "unit")} a shopper.
          </p>
        </li>
      ))}
    </ul>
  );
}

/** "All reserved" and "sold out" are different things: from the first, units may come back. */
export function stockWords(level: DropAnswer["skus"][number]["level"]): string {
  if (level.sold >= level.stock) return "Sold out.";
  if (level.available === 0) return "All reserved at the moment; some may come back.";
  return `${level.available.toLocaleString("en")} of ${count(level.stock, "unit")} free.`;
}
