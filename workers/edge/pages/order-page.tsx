import type { OrderAnswer } from "../../../schema/http.ts";
import { formatMinor } from "../../../schema/money.ts";
import { Layout, Reloads, Time } from "./layout.tsx";
import { CANCEL_WORDS, canceledMoneyWords, STATUS_WORDS } from "./words.ts";

type OrderProps = { order: OrderAnswer; payUrl: string | undefined; refreshSeconds: number | undefined };

export function OrderPage({ order, payUrl, refreshSeconds }: OrderProps) {
  const { title, text } = STATUS_WORDS[order.status];
  const isPaying = order.status === "awaiting_payment";
  return (
    <Layout title={title} refreshSeconds={refreshSeconds}>
      <p class={`phase ${order.status}`}>Order</p>
      <h1>{title}</h1>
      <div role="status">
        {order.status === "canceled" ? <CanceledWords order={order} /> : <p class="big">{text}</p>}
        {order.status === "processing" ? <p>You are charged only once your unit is certain.</p> : null}
        {isPaying && payUrl === undefined ? <p>We are preparing the payment page.</p> : null}
      </div>
      {isPaying && payUrl !== undefined ? (
        <p>
          <a class="button" href={payUrl}>
            Pay now
          </a>
        </p>
      ) : null}
      <dl>
        <dt>
          {order.quantity} × {order.skuId}
        </dt>
        <dd class="price">{formatMinor(order.totalMinor, order.currency)}</dd>
        <dt>Order</dt>
        <dd>
          <code>{order.orderId}</code>
        </dd>
        <dt>Placed</dt>
        <dd>
          <Time atMs={order.placedAtMs} />
        </dd>
      </dl>
      {refreshSeconds === undefined ? null : <Reloads seconds={refreshSeconds} />}
    </Layout>
  );
}

function CanceledWords({ order }: { order: OrderAnswer }) {
  return (
    <>
      <p class="big">{canceledMoneyWords(order)}</p>
      {order.cancelReason === null ? null : <p>{CANCEL_WORDS[order.cancelReason]}</p>}
    </>
  );
}
