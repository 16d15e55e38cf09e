// `npm run bench`: requests a second of the hot routes, each as a ratio to a bare "hi" of the same runtime, from the same
// client, in the same run. Baseline and route take turns, because these machines are noisy.
//
//   npm run bench               all routes
//   npm run bench -- join       that one
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
import { type Call, createLoad } from "./load.ts";

const CONNECTIONS = 64;
/** Turns that are short beside how the speed of such machines wanders, and long beside what it costs to begin one. */
const TURN_SECONDS = 1;
const ROUNDS = 11;
/** What comes first finds nothing compiled. */
const WARM_UP_ROUNDS = 2;
/** So many, ten times each, reserve in the rounds that are measured. */
const SHOPPERS = 4_000;
/** More than can join in the rounds that are measured. */
const NEWCOMERS = 100_000;
const NOBODY = "http://127.0.0.1:9";

const ROUTES = ["snapshot", "join", "reserve"];
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !ROUTES.includes(name));
if (unknown !== undefined) {
  console.error(`${unknown} is none of ${ROUTES.join(", ")}`);
  process.exit(2);
}

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
  const bare = createLoad(hello.url, CONNECTIONS);
  const ours = createLoad(edge, CONNECTIONS);
  const plain = { seconds: TURN_SECONDS, status: 200, next: (): Call => ({ method: "GET", path: "/" }) };
  for (const { name, status, next } of routes) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const rounds: { ratio: number; perSecond: number; baseline: number; p99Ms: number }[] = [];
    for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
      const { perSecond: baseline } = await bare.run(plain);
      const { requests, perSecond, p99Ms } = await ours.run({ seconds: TURN_SECONDS, status, next });
      if (requests === 0) throw new Error(`${name}: nothing is left to ask for`);
      if (round >= WARM_UP_ROUNDS) rounds.push({ ratio: perSecond / baseline, perSecond, baseline, p99Ms });
    }
    rounds.sort((a, b) => a.ratio - b.ratio);
    const [least, median, most] = [0, (ROUNDS - 1) / 2, ROUNDS - 1].map((at) => rounds[at]);
    if (!least || !median || !most) continue;
    const figures = `${median.perSecond.toFixed(0)}/s against ${median.baseline.toFixed(0)}/s, p99 ${median.p99Ms.toFixed(0)} ms`;
    const range = `${least.ratio.toFixed(2)} to ${most.ratio.toFixed(2)}`;
    console.log(
      `${name.padEnd(10)} ${median.ratio.toFixed(2)}   (${figures}; median of ${ROUNDS}, ${range})`,
    );
  }
  await Promise.all([bare.close(), ours.close()]);

  /** Each is another shopper's first, and needs no body: a ticket that is new to the log, and durable before it is signed. */
  function joins(): () => Call | null {
    return () => {
      const session = newcomers.pop();
      return session === undefined ? null : post(`/v1/drops/${DROP_ID}/tickets`, session, "bench-join");
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

function post(path: string, session: string, key: string, body?: unknown): Call {
  const headers = { authorization: `Bearer ${session}`, "idempotency-key": key };
  if (body === undefined) return { method: "POST", path, headers };
  return {
    method: "POST",
    path,
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}
