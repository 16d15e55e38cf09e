import type { DropAnswer } from "../../../schema/http.ts";
import { Amounts } from "./amounts.tsx";
import type { KeptBasket } from "./kept.ts";
import { Layout, Time } from "./layout.tsx";
import { type FieldProblem, Problems } from "./problems.tsx";
import type { Shelf } from "./shelf.ts";
import { SkuChoice } from "./sku-choice.tsx";
import { namesOf, spanWords, sumOf } from "./words.ts";

type BasketProps = {
  drop: DropAnswer;
  basket: KeptBasket;
  shelves: readonly Shelf[];
  /** For the next basket, should this one be changed. */
  changeKey: string;
  chosen: ReadonlyMap<string, number>;
  problems: readonly FieldProblem[];
  nowMs: number;
};

/** What is held, until when, and what can be done with it: order it, change it, give it back. */
export function BasketPage(props: BasketProps) {
  const { drop, basket, problems, nowMs } = props;
  const path = `/drops/${drop.id}/basket`;
  const leftMs = basket.untilMs - nowMs;
  return (
    <Layout
      title={problems.length > 0 ? "Not changed. Your basket" : "Your basket"}
      mode={drop.mode}
      // Once, at the end of its time: the page then says so by itself.
      refreshSeconds={Math.ceil(leftMs / 1_000) + 1}
    >
      <h1>Reserved for you</h1>
      <p class="big" role="status">
        {spanWords(leftMs)} left
      </p>
      <p>
        Held until <Time atMs={basket.untilMs} />. Nothing is charged before you pay.
      </p>
      <Amounts
        lines={basket.lines}
        charges={[]}
        totalMinor={sumOf(basket.lines)}
        currency={drop.currency}
        names={namesOf(drop.skus)}
      />
      <p>
        <a class="button" href={`/drops/${drop.id}/checkout`}>
          Check out
        </a>
      </p>
      {basket.isOffer ? null : <ChangeForm {...props} />}
      <form method="post" action={`${path}/return`}>
        <input type="hidden" name="reservation" value={basket.reservationId} />
        <button class="plain" type="submit">
          {basket.isOffer ? "Let the next one have it" : "Give everything back"}
        </button>
      </form>
    </Layout>
  );
}

function ChangeForm({ drop, basket, shelves, changeKey, chosen, problems }: BasketProps) {
  return (
    <details class="notice" open={problems.length > 0}>
      <summary>Change the basket</summary>
      <form method="post" action={`/drops/${drop.id}/basket`}>
        <Problems problems={problems}>
          <p>You still hold what you held before.</p>
        </Problems>
        <input type="hidden" name="key" value={changeKey} />
        <input type="hidden" name="reservation" value={basket.reservationId} />
        <SkuChoice
          shelves={shelves}
          currency={drop.currency}
          chosen={chosen}
          problems={problems}
          waitAt={null}
        />
        <button type="submit">Change</button>
        <p class="quiet">
          To change it, your units are given back and the new basket is taken. In a rush somebody else may
          come in between: you are told then, and keep what you had if it is still there.
        </p>
      </form>
    </details>
  );
}

/** The deadline has passed, or the units went while the basket was changed. */
export function BasketGonePage({ drop, words }: { drop: DropAnswer; words: string }) {
  return (
    <Layout title="Your basket is gone" mode={drop.mode}>
      <h1>Your basket is gone</h1>
      <p>{words} You were not charged.</p>
      <p>
        <a class="button" href={`/drops/${drop.id}/line`}>
          Choose again
        </a>
      </p>
    </Layout>
  );
}

/** The same form was sent twice, with other units: the first one counts, and its answer has the browser's basket. */
export function BasketChangedPage({ drop }: { drop: DropAnswer }) {
  return (
    <Layout title="Your basket was changed before" mode={drop.mode}>
      <h1>Your basket was changed before</h1>
      <p>
        This form was sent already, with other units. The first time counts; nothing was taken this time. Look
        at your basket, and change it from there.
      </p>
      <p>
        <a class="button" href={`/drops/${drop.id}/basket`}>
          To your basket
        </a>
      </p>
    </Layout>
  );
}
