// `npm run bench`: requests a second of the hot routes, each as a ratio to a bare "hi" of the same runtime, from the same
// client, in the same run. Baseline and route take turns, because these machines are noisy.
import { bootPlatform } from "../scripts/platform/boot.ts";
import { createSecrets } from "../scripts/platform/secrets.ts";
import {
  admit,
  DROP_ID,
  openSessions,
  PER_SHOPPER,
  publishBenchDrop,
  SKU_ID,
  signSessions,
} from "./crowd.ts";
import { bootHello } from "./hello.ts";
import { type Call, load } from "./load.ts";

const CONNECTIONS = 64;
const SECONDS = 3;
const ROUNDS = 3;
const SHOPPERS = 1_500;
/** More than can join in the rounds that are measured. */
const NEWCOMERS = 100_000;
const NOBODY = "http://127.0.0.1:9";

const hello = await bootHello();
const secrets = createSecrets();
const platform = await bootPlatform({
  stateDir: null,
  ports: { edge: 0, payments: 0, console: 0 },
  secrets,
  vars: { SANDBOX_URL: NOBODY, ORDER_MAILS: "no" },
  lean: true,
});
try {
  const { edge, console: consoleUrl } = platform.urls;
  await publishBenchDrop(consoleUrl, secrets.operatorToken, Date.now());
  console.error(`${SHOPPERS} shoppers join ...`);
  const shoppers = await admit(edge, await openSessions(edge, SHOPPERS));
  const newcomers = await signSessions(secrets, NEWCOMERS);
  const routes = [
    {
      name: "snapshot",
      status: 200,
      next: (): Call => ({ method: "GET", path: `/v1/drops/${DROP_ID}/snapshot` }),
    },
    { name: "join", status: 201, next: joins() },
    { name: "reserve", status: 201, next: reserves() },
  ];
  for (const route of routes) {
    const rounds: { baseline: number; route: number; p99Ms: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const plain = { method: "GET", path: "/" } as const;
      const baseline = await load({
        url: hello.url,
        connections: CONNECTIONS,
        seconds: SECONDS,
        status: 200,
        next: () => plain,
      });
      const measured = await load({ url: edge, connections: CONNECTIONS, seconds: SECONDS, ...route });
      rounds.push({ baseline: baseline.perSecond, route: measured.perSecond, p99Ms: measured.p99Ms });
    }
    rounds.sort((a, b) => a.route / a.baseline - b.route / b.baseline);
    const median = rounds[Math.floor(ROUNDS / 2)];
    if (!median) continue;
    const ratio = (median.route / median.baseline).toFixed(2);
    const figures = `${median.route.toFixed(0)}/s against ${median.baseline.toFixed(0)}/s, p99 ${median.p99Ms.toFixed(0)} ms`;
    console.log(`${route.name.padEnd(10)} ${ratio}   (${figures}; median of ${ROUNDS})`);
  }

  /** Each is another shopper's first: a ticket that is new to the log, and durable before it is signed. */
  function joins(): () => Call | null {
    return () => {
      const session = newcomers.pop();
      return session === undefined ? null : post(`/v1/drops/${DROP_ID}/tickets`, session, "bench-join", {});
    };
  }

  /** Each shopper up to the limit, then no more: a refusal would not be a reservation. */
  function reserves(): () => Call | null {
    let count = 0;
    return () => {
      if (count >= shoppers.length * PER_SHOPPER) return null;
      const shopper = shoppers[count % shoppers.length];
      count += 1;
      const body = { pass: shopper?.pass, lines: [{ skuId: SKU_ID, quantity: 1 }] };
      return post(
        `/v1/drops/${DROP_ID}/reservations`,
        shopper?.session ?? "",
        `bench-reserve-${count}`,
        body,
      );
    };
  }
} finally {
  await platform.dispose();
  await hello.dispose();
}

function post(path: string, session: string, key: string, body: unknown): Call {
  const headers = {
    authorization: `Bearer ${session}`,
    "idempotency-key": key,
    "content-type": "application/json",
  };
  return { method: "POST", path, headers, body: JSON.stringify(body) };
}
