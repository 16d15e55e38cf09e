import type { DropDocument, SkuDocument } from "../../../schema/drop-document.ts";
import { formatMinor, totalMinor } from "../../../schema/money.ts";
import { Layout, Time } from "./layout.tsx";
import { spanWords } from "./words.ts";

/** What the line's page handed on, in the address. Only shown: the order is made from the reservation itself. */
export type Held = { reservation: string; sku: string; quantity: number; until: number };

type CheckoutProps = {
  document: DropDocument;
  sku: SkuDocument;
  held: Held;
  nowMs: number;
  badEmail: boolean;
};

export function CheckoutPage({ document, sku, held, nowMs, badEmail }: CheckoutProps) {
  const leftMs = held.until - nowMs;
  if (leftMs <= 0) {
    return (
      <Layout title="Your time ran out">
        <h1>Your time ran out</h1>
        <p>The unit was offered to the next in line. You were not charged.</p>
        <p>
          <a class="button" href={`/drops/${document.id}/line`}>
            Back to the line
          </a>
        </p>
      </Layout>
    );
  }
  return (
    <Layout title="Checkout">
      <h1>Reserved for you</h1>
      <p class="big" role="status">
        {spanWords(leftMs)} left
      </p>
      <p>
        Held until <Time atMs={held.until} />. Nothing is charged before you pay.
      </p>
      <dl>
        <dt>
          {held.quantity} × {sku.name}
        </dt>
        <dd class="price">{formatMinor(totalMinor(sku.priceMinor, held.quantity), document.currency)}</dd>
      </dl>
      <form method="post" action={`/drops/${document.id}/checkout`}>
        <input type="hidden" name="key" value={held.reservation} />
        <input type="hidden" name="reservation" value={held.reservation} />
        <input type="hidden" name="sku" value={sku.id} />
        <input type="hidden" name="quantity" value={String(held.quantity)} />
        <input type="hidden" name="until" value={String(held.until)} />
        <label class="field" for="email">
          Email, for the confirmation
        </label>
        <input
          id="email"
          type="email"
          name="email"
          autocomplete="email"
          required
          {...(badEmail ? { "aria-invalid": "true", "aria-describedby": "email-problem" } : {})}
        />
        {badEmail ? (
          <p id="email-problem" class="problem" role="alert">
            This is not a complete email address.
          </p>
        ) : null}
        <button type="submit">Pay at the {document.gateway}</button>
        <p class="quiet">You pay at the gateway's own page. No card number reaches us.</p>
      </form>
    </Layout>
  );
}
