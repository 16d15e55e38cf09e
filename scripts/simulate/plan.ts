import { DropDocument } from "../../schema/drop-document.ts";
import type { ShopperId } from "../../schema/ids.ts";
import { createRandom } from "../rehearse/random.ts";
import type { Options } from "./options.ts";

/** What the crowd will do, drawn beforehand: one number a person and question, so that a million fit. */
export type Plan = {
  document: DropDocument;
  lobbyOpensAtMs: number;
  opensAtMs: number;
  /** When each joins, in milliseconds after the lobby opens, sorted. */
  joinsAfterMs: Uint32Array;
  /** How long each needs to turn up once admitted; `STAYS_AWAY`: never comes. */
  comesAfterMs: Uint32Array;
  isolateOf: Uint16Array;
};

export const STAYS_AWAY = 2 ** 32 - 1;

const WINDOW_MS = 5_000;
const LOBBY_MS = 5 * 60_000;
/** Some day: the beacon's genesis lies well before it. */
const LOBBY_OPENS_AT_MS = Date.UTC(2030, 0, 1, 8);
/** A line must last for so long that its pace can be seen to settle. */
const LASTS_LEAST_MS = 20 * 60_000;
/** People go on being admitted for a fifth of the time longer than they join. */
const LASTS_SHARE = 1.2;
const SKUS = 4;

/** Half of those in the lobby come in the rush when it opens, a fifth in the last seconds before the start. */
const LOBBY_SHARE = 0.4;
const LOBBY_RUSHES = { openingShare: 0.5, openingMs: 30_000, lastShare: 0.2, lastMs: 10_000 };
/** Of those after the start: a rush in the first windows, then a trickle. */
const LIVE_RUSH = { share: 0.25, meanMs: 20_000 };

/** People look at their page, think, choose: most come within a minute, a few need five. Log-normal. */
const COMES = { medianMs: 25_000, sigma: 0.9, mostMs: 8 * 60_000 };

export function planCrowd(options: Options): Plan {
  const { shoppers, seed, isolates } = options;
  const opensAtMs = LOBBY_OPENS_AT_MS + LOBBY_MS;
  const arriving = createRandom(seed, "joins");
  const coming = createRandom(seed, "comes");
  const routed = createRandom(seed, "isolates");
  return {
    document: simulatedDocument(options, opensAtMs),
    lobbyOpensAtMs: LOBBY_OPENS_AT_MS,
    opensAtMs,
    joinsAfterMs: Uint32Array.from({ length: shoppers }, () =>
      joinAfterMs(arriving.next, options.cohorts * WINDOW_MS),
    ).sort(),
    comesAfterMs: Uint32Array.from({ length: shoppers }, () =>
      coming.chance(options.noShows / 100) ? STAYS_AWAY : turnUpAfterMs(coming.next),
    ),
    isolateOf: Uint16Array.from({ length: shoppers }, () => routed.between(0, isolates - 1)),
  };
}

export function shopperIdOf(seed: number, index: number): ShopperId {
  return `shp_${seed.toString(16).padStart(8, "0")}${index.toString(16).padStart(24, "0")}` as ShopperId;
}

function joinAfterMs(next: () => number, liveMs: number): number {
  if (next() < LOBBY_SHARE) {
    const kind = next();
    const { openingShare, openingMs, lastShare, lastMs } = LOBBY_RUSHES;
    if (kind < openingShare) return Math.floor(next() * openingMs);
    if (kind < openingShare + lastShare) return LOBBY_MS - 1 - Math.floor(next() * lastMs);
    return Math.floor(next() * LOBBY_MS);
  }
  const soon = -Math.log(1 - next()) * LIVE_RUSH.meanMs;
  const after = next() < LIVE_RUSH.share && soon < liveMs ? soon : next() * liveMs;
  return LOBBY_MS + Math.floor(after);
}

function turnUpAfterMs(next: () => number): number {
  // Box-Muller.
  const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Math.min(COMES.mostMs, Math.round(COMES.medianMs * Math.exp(COMES.sigma * normal)));
}

/** Units for everybody: waits are then the line's alone. How the stock bounds the pace is its own test. */
function simulatedDocument({ shoppers, cohorts, noShows, seed }: Options, opensAtMs: number): DropDocument {
  const lastsMs = Math.max(LASTS_LEAST_MS, cohorts * WINDOW_MS * LASTS_SHARE);
  const iso = (atMs: number) => new Date(atMs).toISOString();
  return DropDocument.parse({
    id: `simulated-${seed}`,
    name: `Simulated ${seed}`,
    currency: "EUR",
    lobbyOpensAt: iso(opensAtMs - LOBBY_MS),
    opensAt: iso(opensAtMs),
    closesAt: iso(opensAtMs + 2 * lastsMs),
    line: {
      windowMs: WINDOW_MS,
      admitPerSecond: Math.max(1, Math.ceil((shoppers * (1 - noShows / 100)) / (lastsMs / 1_000))),
      beacon: "drand",
    },
    skus: Array.from({ length: SKUS }, (_, at) => ({
      id: `sku-${at + 1}`,
      name: `SKU ${at + 1}`,
      stock: Math.ceil(shoppers / SKUS),
      priceMinor: 9_900,
    })),
  });
}
