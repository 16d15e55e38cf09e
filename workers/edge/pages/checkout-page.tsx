import type { DropDocument } from "../../../schema/drop-document.ts";
import type { OrderCharge } from "../../../schema/http.ts";
import { type AmountMinor, formatMinor } from "../../../schema/money.ts";
import { Address } from "./address.tsx";
import { Amounts } from "./amounts.tsx";
import { AddressFields, EmailField, TermsField } from "./checkout-fields.tsx";
import type { KeptBasket } from "./kept.ts";
import { Layout, Time } from "./layout.tsx";
import { type FieldProblem, Problems } from "./problems.tsx";
import type { Typed } from "./typed.ts";
import { namesOf, spanWords, TEST_PAYMENTS } from "./words.ts";

type CheckoutProps = {
  document: DropDocument;
  basket: KeptBasket;
  typed: Typed;
  problems: readonly FieldProblem[];
  nowMs: number;
  /** `contact`: where to, before it can be said what that costs. `order`: with every amount, before the last button. */
  step: "contact" | "order";
  countries: readonly string[];
  charges: readonly OrderCharge[];
  totalMinor: AmountMinor;
};

/** The order is made from the reservation alone; its id is the key too, so that one basket becomes one order. */
export function CheckoutPage(props: CheckoutProps) {
  const { document, basket, typed, problems, nowMs, step, countries, charges, totalMinor } = props;
  const ships = document.shipping !== null;
  const asksAddress = ships && step === "contact";
  return (
    <Layout title={problems.length > 0 ? "Please look again. Checkout" : "Checkout"} mode={document.mode}>
      <h1>{ships && step === "order" ? "Is this right?" : "Checkout"}</h1>
      <p class="big" role="status">
        {spanWords(basket.untilMs - nowMs)} left
      </p>
      <p>
        Held until <Time atMs={basket.untilMs} />. Nothing is charged before you pay.{" "}
        <a href={`/drops/${document.id}/basket`}>Back to the basket</a>
      </p>
      <Amounts
        lines={basket.lines}
        charges={charges}
        totalMinor={totalMinor}
        totalLabel={asksAddress ? "Before shipping" : "Total"}
        currency={document.currency}
        names={namesOf(document.skus)}
      />
      <form method="post" action={`/drops/${document.id}/checkout`} novalidate>
        <Problems problems={problems} />
        <input type="hidden" name="key" value={basket.reservationId} />
        <input type="hidden" name="reservation" value={basket.reservationId} />
        {ships && step === "order" ? (
          <Told typed={typed} />
        ) : (
          <>
            <EmailField typed={typed} problems={problems} />
            {ships ? <AddressFields typed={typed} problems={problems} countries={countries} /> : null}
          </>
        )}
        {asksAddress ? (
          <>
            <button type="submit" name="step" value="contact">
              Go on
            </button>
            <p class="quiet">Next you see shipping, tax and total. Nothing is ordered yet.</p>
          </>
        ) : (
          <>
            <TermsField terms={document.terms} typed={typed} problems={problems} />
            {document.mode === "test" ? (
              <TestPayments gateway={document.gateway} chosen={typed.payment} />
            ) : null}
            <button type="submit" name="step" value="order">
              Order and pay {formatMinor(totalMinor, document.currency)}
            </button>
            <p class="quiet">You pay at the gateway's own page. No card number reaches us.</p>
          </>
        )}
      </form>
    </Layout>
  );
}

/** What was typed a step before, to be read and carried on; the button leads back to it. */
function Told({ typed }: { typed: Typed }) {
  const { payment, terms, ...carried } = typed;
  return (
    <div class="card">
      {Object.entries(carried).map(([field, value]) => (
        <input type="hidden" name={field} value={value} />
      ))}
      <p>{typed.email}</p>
      <Address address={typed} />
      <button class="plain" type="submit" name="step" value="edit">
        Change this
      </button>
    </div>
  );
}

/** Only in test mode: what the gateway would do, chosen beforehand. */
function TestPayments({ gateway, chosen }: { gateway: string; chosen: string }) {
  return (
    <details class="notice" open={chosen !== "redirect"}>
      <summary>Test payments</summary>
      <fieldset class="bare">
        <legend>How the payment goes</legend>
        {[["redirect", `I pay at the page of the ${gateway}`] as const, ...TEST_PAYMENTS].map(
          ([token, words]) => (
            <label class="radio">
              <input type="radio" name="payment" value={token} checked={token === chosen} />
              <span>
                {words}
                {token === "redirect" ? null : (
                  <small>
                    <code>{token}</code>
                  </small>
                )}
              </span>
            </label>
          ),
        )}
      </fieldset>
    </details>
  );
}
