// Buys a basket of two at a Dropline shop: `node buy.ts http://localhost:8787 [drop]`. Everything it knows of the shop is in
// the types that openapi-typescript made of its /openapi.json: `npm run generate`.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./dropline.d.ts";

type Order = components["schemas"]["Order"];
type Problem = components["schemas"]["Problem"];

const PATIENCE_MS = 60_000;
const PAUSE_MS = 500;

const ADDRESS = {
  name: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postalCode: "SW1Y 4JH",
  country: "GB" as const,
};

const [origin = "http://localhost:8787", wantedDrop] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl: origin });

/** What was answered. @throws with the shop's own words when it refused. */
function told<Data>(answer: { data?: Data; error?: unknown }): Data {
  if (answer.data !== undefined) return answer.data;
  const { code, title, detail } = answer.error as Problem;
  throw new Error(`${code}: ${detail ?? title}`);
}

/** Asks again after `Retry-After` while the shop says "not yet". */
async function untilTold<Data>(
  ask: () => Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<Data> {
  const untilMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    const { status, headers } = answer.response;
    const isPassing =
      status === 429 || status === 503 || (answer.error as Problem | undefined)?.code === "not_admitted_yet";
    if (!isPassing || Date.now() > untilMs) return told(answer);
    await sleep(Number(headers.get("Retry-After") ?? 1) * 1_000);
  }
}

// Which drop is open, and which two of its SKUs are there to be had.
const { drops } = told(await api.GET("/v1/drops"));
let drop: components["schemas"]["ShowDropAnswer"] | undefined;
for (const { id } of drops) {
  if (wantedDrop !== undefined && id !== wantedDrop) continue;
  const shown = told(await api.GET("/v1/drops/{drop}", { params: { path: { drop: id } } }));
  if (shown.phase === "lobby" || shown.phase === "live") drop = shown;
}
if (drop === undefined) throw new Error("no drop is open");
const path = { drop: drop.id };
const skus = drop.skus.filter(({ level }) => level.available > 0).slice(0, 2);

// A session, a place in the line, and a pass when it is our turn. Each write has a key, so that it may be repeated.
const { session } = told(await api.POST("/v1/sessions"));
api.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${session}`);
  },
});
const once = () => ({ "Idempotency-Key": randomUUID() });
const { ticket } = told(
  await api.POST("/v1/drops/{drop}/tickets", { params: { path, header: once() }, body: {} }),
);
const { pass } = await untilTold(() =>
  api.POST("/v1/drops/{drop}/passes", { params: { path }, body: { ticket } }),
);

// The basket, all of it or nothing; then the order, paid with a test token of the sandbox gateway.
const lines = skus.map(({ id }) => ({ skuId: id, quantity: 1 }));
const basket = told(
  await api.POST("/v1/drops/{drop}/reservations", {
    params: { path, header: once() },
    body: { pass, lines },
  }),
);
const placed = told(
  await api.POST("/v1/drops/{drop}/orders", {
    params: { path, header: once() },
    body: {
      reservationId: basket.reservationId,
      contact: { email: "ada@example.com" },
      payment: { kind: "token", token: "tok_ok" },
      // What the drop asks for: an address where it ships, and consent where it has terms.
      ...(drop.shipping === null ? {} : { shippingAddress: ADDRESS }),
      ...(drop.terms === null ? {} : { consents: { termsVersion: drop.terms.version } }),
    },
  }),
);

/** Until nothing more is going to happen to the order. */
async function settled(orderId: string): Promise<Order> {
  const untilMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const order = told(await api.GET("/v1/orders/{order}", { params: { path: { order: orderId } } }));
    if (order.pollAfterMs === null || Date.now() > untilMs) return order;
    await sleep(Math.max(PAUSE_MS, order.pollAfterMs));
  }
}

const order = await settled(placed.orderId);
console.log(JSON.stringify(order, null, 2));
process.exitCode = order.status === "confirmed" ? 0 : 1;
