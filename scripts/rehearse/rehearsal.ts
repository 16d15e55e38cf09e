import type { DropDocument } from "../../schema/drop-document.ts";
import { signCustomerToken } from "../platform/customer-token.ts";
import { audit } from "./audit/audit.ts";
import { EdgeClient } from "./client.ts";
import { collectEvidence } from "./collect.ts";
import { ConsoleClient } from "./console-client.ts";
import { playCrowd } from "./crowd.ts";
import { planTimeline, rehearsalDocument } from "./document.ts";
import { type Drained, drain, type Standing, unfinished } from "./drain.ts";
import { computeFigures } from "./figures.ts";
import { healGateway, readGatewayBooks } from "./gateway-client.ts";
import { HostedPages } from "./hosted-page.ts";
import { type Kill, playKills, Restarts } from "./kills.ts";
import { isPlain, type Options } from "./options.ts";
import { Patience } from "./patience.ts";
import { planCrowd, planUptimes, type ShopperPlan } from "./plan.ts";
import type { Progress } from "./progress.ts";
import { createRandom } from "./random.ts";
import { buildResult, type Result } from "./report.ts";
import { buildStage, type Stage } from "./stage.ts";
import { CrowdView } from "./view.ts";
import { createAnswers, createTally, type World } from "./world.ts";

/** An order's own end, once nobody kills anything any more: session or unknown hold, a consumer's lease, and some air. */
const ORDER_PATIENCE_MS = 30_000;
const ORDER_PATIENCE_WITH_TROUBLE_MS = 90_000;
const DRAIN_PATIENCE_MS = 90_000;
const DRAIN_PATIENCE_WITH_TROUBLE_MS = 180_000;

/**
 * Plays one drop from an empty platform to a settled one and audits it. It always stops what it
 * started; `onStop` gets the way to do so from outside, for a run that is interrupted.
 */
export async function rehearse(
  options: Options,
  progress: Progress,
  onStop: (stop: Stage["stop"]) => void = () => {},
): Promise<Result> {
  progress.show(() => "starting the platform");
  const stage = await buildStage(options, onStop);
  const expectsCrashes = options.kills > 0;
  const client = new EdgeClient({
    url: stage.urls.edge,
    connections: options.connections,
    expectsCrashes,
    random: createRandom(options.seed, "backoff").next,
    patience: new Patience(),
  });
  const pages = new HostedPages(stage.gatewayUrl);
  try {
    return await play({ options, progress, stage, client, pages });
  } finally {
    await Promise.allSettled([client.close(), pages.close()]);
    await stage.stop();
    if (options.keep) progress.say(`state and log are in ${stage.dir}`);
  }
}

type Cast = { options: Options; progress: Progress; stage: Stage; client: EdgeClient; pages: HostedPages };

async function play({ options, progress, stage, client, pages }: Cast): Promise<Result> {
  const console = new ConsoleClient(stage.urls.console, stage.secrets.operatorToken);
  const { lobbyMs } = planTimeline(options);
  const plans = planCrowd(options);
  const gatherAtMs = Date.now() + 500;
  const document = rehearsalDocument(options, gatherAtMs + lobbyMs);
  const published = await console.publish(document);
  progress.say(
    `published ${document.id} as ${published.version.slice(0, 12)}, opens in ${Math.round(lobbyMs / 1_000)} s`,
  );

  const world = createWorld({ options, stage, client, pages, console, document, gatherAtMs });
  const startedAt = Date.now();
  progress.show(() => describe(world, startedAt));
  world.view.start();
  const kills = await playOut({ options, stage, world, plans }).finally(() => world.view.stop());
  const crowdSeconds = (Date.now() - startedAt) / 1_000;

  // What is left must settle once the trouble is over; how long a gateway stays broken is not ours to bound.
  if (options.faults) await healGateway(stage.gatewayUrl, stage.secrets.sandboxApiKey);
  const { drained, words } = await settle({ options, console, stage, document, progress });
  progress.show(() => words());
  const books = await readGatewayBooks(stage.gatewayUrl, stage.secrets.sandboxApiKey);
  const evidence = await collectEvidence({
    document,
    console,
    client,
    edgeUrl: stage.urls.edge,
    books,
    answers: world.answers,
  });
  const verdict = audit(evidence);
  const figures = computeFigures({
    evidence,
    traffic: client.traffic,
    tally: world.tally,
    books,
    kills,
    crowdSeconds,
    drainSeconds: drained.seconds,
    parked: (await console.parked()).length,
  });
  return buildResult({ verdict, figures, drained, unexpected: client.traffic.unexpected.words, options });
}

/** The crowd and, meanwhile, what befalls the runtime. */
async function playOut({
  options,
  stage,
  world,
  plans,
}: Pick<Cast, "options" | "stage"> & { world: World; plans: ShopperPlan[] }): Promise<Kill[]> {
  const [kills] = await Promise.all([
    playKills({
      uptimesMs: planUptimes(options),
      opensAtMs: world.opensAtMs,
      stage,
      restarts: world.restarts,
      shoppersHere: () => world.tally.here,
      patience: world.client.patience,
    }),
    playCrowd(plans, world, options.seed),
  ]);
  return kills;
}

type Playing = Omit<Cast, "progress"> & {
  console: ConsoleClient;
  document: DropDocument;
  gatherAtMs: number;
};

function createWorld({ options, stage, client, pages, console, document, gatherAtMs }: Playing): World {
  const opensAtMs = Date.parse(document.opensAt);
  const hasTrouble = !isPlain(options);
  return {
    document,
    client,
    view: new CrowdView(client, document.id),
    pages,
    brand: console,
    customerToken: (customer) => signCustomerToken(stage.secrets, customer),
    answers: createAnswers(),
    tally: createTally(),
    gatherAtMs,
    opensAtMs,
    restarts: new Restarts(),
    patienceMs: planTimeline(options).patienceMs,
    orderPatienceMs: hasTrouble ? ORDER_PATIENCE_WITH_TROUBLE_MS : ORDER_PATIENCE_MS,
  };
}

type Settling = Pick<Cast, "options" | "stage" | "progress"> & {
  console: ConsoleClient;
  document: DropDocument;
};

async function settle({
  options,
  console,
  stage,
  document,
  progress,
}: Settling): Promise<{ drained: Drained; words: () => string }> {
  let words = "draining";
  progress.show(() => words);
  const hasTrouble = !isPlain(options);
  const patienceMs = hasTrouble ? DRAIN_PATIENCE_WITH_TROUBLE_MS : DRAIN_PATIENCE_MS;

  async function look(): Promise<Standing> {
    const skus = await Promise.all(document.skus.map((sku) => console.stock(document.id, sku.id)));
    const { pendingWebhooks } = await readGatewayBooks(stage.gatewayUrl, stage.secrets.sandboxApiKey);
    const orders = await console.orders(document.id);
    const standing = {
      reservations: skus.flatMap((sku) => sku.reservations),
      orders,
      orderRows: null,
      pendingWebhooks,
    };
    if (unfinished(standing).length > 0) return standing;
    return { ...standing, orderRows: await console.orderRows(document.id) };
  }

  const drained = await drain(look, patienceMs, (next) => {
    words = next;
  });
  words = "auditing";
  return { drained, words: () => words };
}

function describe({ tally, client, view }: World, startedAt: number): string {
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  const left = view.latest?.skus.reduce((units, sku) => units + sku.available, 0) ?? "?";
  const { requests, unreachable } = client.traffic;
  const trouble = unreachable > 0 ? `, ${unreachable} unanswered` : "";
  return `${seconds} s: ${view.latest?.phase ?? "…"}, ${tally.here} shoppers here, ${tally.expected} to come, ${left} units free, ${tally.confirmed} bought, ${requests} requests${trouble}`;
}
