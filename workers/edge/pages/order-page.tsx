import type { Mode } from "../../../schema/drop-document.ts";
import type { OrderAnswer } from "../../../schema/http.ts";
import type { SkuId } from "../../../schema/ids.ts";
import { formatMinor } from "../../../schema/money.ts";
import { Address } from "./address.tsx";
import { Amounts } from "./amounts.tsx";
import { Layout, Reloads, Time } from "./layout.tsx";
import { type FieldProblem, Problems } from "./problems.tsx";
import { CANCEL_WORDS, canceledMoneyWords, FULFILLMENT_WORDS, STATUS_WORDS } from "./words.ts";

type OrderProps = {
  order: OrderAnswer;
  names: ReadonlyMap<SkuId, string>;
  mode: Mode | undefined;
  payUrl: string | undefined;
  refreshSeconds: number | undefined;
  /** Of the form that cancels; undefined for who may only read, by the link of a mail. */
  cancelKey: string | undefined;
  problems: readonly FieldProblem[];
};

/** Where the gateway sends its shopper back to, and where a mail's link leads. */
export function OrderPage(props: OrderProps) {
  const { order, names, mode, payUrl, refreshSeconds, cancelKey, problems } = props;
  const { title, text } = STATUS_WORDS[order.status];
  const isPaying = order.status === "awaiting_payment";
  return (
    <Layout title={title} mode={mode} refreshSeconds={refreshSeconds}>
      <p class={`phase ${order.status}`}>Order</p>
      <h1>{title}</h1>
      <Problems problems={problems} />
      <div role="status">
        {order.status === "canceled" ? <CanceledWords order={order} /> : <p class="big">{text}</p>}
        {order.status === "processing" ? <p>You are charged only once your units are certain.</p> : null}
        {isPaying && payUrl === undefined ? <p>We are preparing the payment page.</p> : null}
        {order.status === "confirmed" && isShippedAtAll(order) ? (
          <p>{FULFILLMENT_WORDS[order.fulfillment]}</p>
        ) : null}
      </div>
      {isPaying && payUrl !== undefined ? (
        <>
          <p>
            <a class="button" href={payUrl}>
              Pay now
            </a>
          </p>
          <p>If you have paid just now, this page says so within seconds.</p>
        </>
      ) : null}
      <Shipments order={order} names={names} />
      <h2>What you ordered</h2>
      <Amounts
        lines={order.lines}
        charges={order.charges}
        totalMinor={order.totalMinor}
        currency={order.currency}
        names={names}
      />
      <RefundWords order={order} />
      <dl>
        {order.shippingAddress === null ? null : (
          <>
            <dt>To</dt>
            <dd>
              <Address address={order.shippingAddress} />
            </dd>
          </>
        )}
        <dt>Order</dt>
        <dd>
          <code>{order.orderId}</code>
        </dd>
        <dt>Placed</dt>
        <dd>
          <Time atMs={order.placedAtMs} />
        </dd>
        {order.consents === null ? null : (
          <>
            <dt>Terms</dt>
            <dd>version {order.consents.termsVersion}</dd>
          </>
        )}
      </dl>
      {refreshSeconds === undefined ? null : <Reloads seconds={refreshSeconds} />}
      {order.isCancelable && cancelKey !== undefined ? (
        <CancelForm order={order} cancelKey={cancelKey} />
      ) : null}
    </Layout>
  );
}

/** A drop that ships nothing has neither address nor parcels. */
function isShippedAtAll({ shippingAddress, fulfillment }: OrderAnswer): boolean {
  return shippingAddress !== null || fulfillment !== "unshipped";
}

function CanceledWords({ order }: { order: OrderAnswer }) {
  return (
    <>
      <p class="big">{canceledMoneyWords(order)}</p>
      {order.cancelReason === null ? null : <p>{CANCEL_WORDS[order.cancelReason]}</p>}
    </>
  );
}

/** Folded, so that nobody presses it in passing; it cannot be taken back. */
function CancelForm({ order, cancelKey }: { order: OrderAnswer; cancelKey: string }) {
  return (
    <details class="notice">
      <summary>Cancel this order</summary>
      <form method="post" action={`/orders/${order.orderId}/cancel`}>
        <input type="hidden" name="key" value={cancelKey} />
        <p>
          Your units are offered to others at once, and this cannot be taken back.{" "}
          {order.money === "captured" ? "The whole amount is refunded." : "You are not charged."}
        </p>
        <button type="submit">Cancel the order</button>
      </form>
    </details>
  );
}

function RefundWords({ order }: { order: OrderAnswer }) {
  if (order.refund === "none") return null;
  const amount = formatMinor(order.refundedMinor, order.currency);
  return (
    <p class="notice">
      {order.refund === "refunded"
        ? `All of it went back to you: ${amount}.`
        : `${amount} of it went back to you.`}{" "}
      Your bank may take some days to show it.
    </p>
  );
}

function Shipments({ order, names }: Pick<OrderProps, "order" | "names">) {
  if (order.shipments.length === 0) return null;
  return (
    <>
      <h2>On its way</h2>
      <ul class="cards">
        {order.shipments.map(({ carrier, trackingNumber, trackingUrl, lines, atMs }) => (
          <li class="card">
            <p>
              {carrier}:{" "}
              {trackingUrl !== null && /^https?:\/\//.test(trackingUrl) ? (
                <a href={trackingUrl} rel="noopener noreferrer">
                  {trackingNumber}
                </a>
              ) : (
                <code>{trackingNumber}</code>
              )}
            </p>
            <p>
              {lines.map(({ skuId, quantity }) => `${quantity} × ${names.get(skuId) ?? skuId}`).join(", ")}
            </p>
            <p class="quiet">
              <Time atMs={atMs} />
            </p>
          </li>
        ))}
      </ul>
    </>
  );
}
