import type { DropAnswer } from "../../../schema/http.ts";
import { formatMinor } from "../../../schema/money.ts";
import { Layout, Time } from "./layout.tsx";
import { Picture } from "./picture.tsx";
import type { Shelf, ShownSku } from "./shelf.ts";
import { count, PHASE_WORDS, spanWords, stockWords } from "./words.ts";

type DropProps = {
  drop: DropAnswer;
  shelves: readonly Shelf[];
  nowMs: number;
  /** While it is announced: then its lobby is open. */
  refreshSeconds: number | undefined;
};

/** The same for everybody, so that it can be cached. Joining is a form; nothing here depends on who reads. */
export function DropPage({ drop, shelves, nowMs, refreshSeconds }: DropProps) {
  return (
    <Layout title={drop.name} mode={drop.mode} refreshSeconds={refreshSeconds}>
      <p class={`phase ${drop.phase}`}>{PHASE_WORDS[drop.phase]}</p>
      <h1>{drop.name}</h1>
      {drop.description === "" ? null : <p class="description">{drop.description}</p>}
      <JoinForm drop={drop} nowMs={nowMs} />
      <h2>What there is</h2>
      <ul class="cards">
        {shelves.map((shelf) => (
          <ShelfCard shelf={shelf} drop={drop} />
        ))}
      </ul>
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
        from the public record: <a href={`/drops/${drop.id}/proof`}>see the proof, and check it</a>.
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
        The lobby opens {lobbyInMs > 0 ? `in ${spanWords(lobbyInMs)}` : "any moment"}, and this page looks
        again by itself then. The order within it is drawn at the start, so there is no need to hurry.
      </p>
    );
  }
  return (
    <form method="post" action={`/drops/${drop.id}/line`} class="notice">
      {drop.phase === "sold_out" ? <p>Everything is sold. A unit may still come back.</p> : null}
      {startsInMs > 0 ? (
        <p>Starts in {spanWords(startsInMs)}. All who join before are shuffled then.</p>
      ) : null}
      {drop.identity === "verified_mail" ? (
        <p>When it is your turn you are asked for your mail address, and for a code that is sent to it.</p>
      ) : null}
      <button type="submit">{startsInMs > 0 ? "Enter the lobby" : "Join the line"}</button>
    </form>
  );
}

function ShelfCard({ shelf, drop }: { shelf: Shelf; drop: DropAnswer }) {
  return (
    <li class="card product">
      <Picture url={shelf.imageUrl} alt={shelf.imageAlt} />
      <h3>{shelf.title}</h3>
      {shelf.description === "" ? null : <p class="description">{shelf.description}</p>}
      <ul class="skus">
        {shelf.skus.map((sku) => (
          <li class="sku">
            {shelf.skus.length === 1 && sku.name === shelf.title ? <span /> : <strong>{sku.name}</strong>}
            <span class="price">{formatMinor(sku.priceMinor, drop.currency)}</span>
            <Options sku={sku} />
            <span class="quiet">
              {stockWords(sku.level)} At most {count(sku.perShopper, "unit")} a shopper.
            </span>
          </li>
        ))}
      </ul>
    </li>
  );
}

function Options({ sku }: { sku: ShownSku }) {
  const told = sku.options.filter(({ value }) => value !== "");
  if (told.length === 0) return null;
  return <span class="quiet">{told.map(({ name, value }) => `${name}: ${value}`).join(", ")}</span>;
}
