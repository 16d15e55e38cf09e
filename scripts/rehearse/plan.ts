import type { BeaconFaults } from "../sandbox/beacon/faults.ts";
import { type Dealings, emailOf, planDealings } from "./dealings.ts";
import { planTimeline } from "./document.ts";
import { isPlain, type Options } from "./options.ts";
import { createRandom, type Random } from "./random.ts";

export type Payment =
  | { kind: "token"; token: string }
  /** `leaves`: never pays at the gateway's page, and lets the session run out. */
  | { kind: "redirect"; atPage: "pays" | "declines_then_pays" | "cancels" | "leaves" };

/** So long after the crowd gathers (lobby), after the opening, or after the runtime is back from its nth kill. */
export type Arrival =
  | { at: "lobby" | "opening"; offsetMs: number }
  | { at: "restart"; restart: number; offsetMs: number };

/** What one shopper will do, decided before anything starts. */
export type ShopperPlan = {
  index: number;
  /** Every shopper has an address of their own, as far as the edge can tell. */
  address: string;
  email: string;
  arrival: Arrival;
  /** no_show: joins and never claims a pass. abandon: reserves and never places. give_back: says so. */
  visit: "no_show" | "abandon" | "give_back" | "buy";
  /** SKUs in order of liking. */
  liking: number[];
  wantsTwo: boolean;
  /** How many of the SKUs one basket shall hold, as far as there are so many. */
  basketSize: number;
  payment: Payment;
  dealings: Dealings;
  /** After a payment that was declined, comes again with a good one. */
  triesAgain: boolean;
  habits: {
    asksEarly: boolean;
    joinsTwice: boolean;
    doubleClicks: boolean;
    repeatsLater: boolean;
    changesBody: boolean;
    isGreedy: boolean;
  };
};

const LOBBY_SHARE = 0.8;
/** With many kills most come between them, so that there is a crowd at each. */
const LOBBY_SHARE_WITH_MANY_KILLS = 0.2;
const MANY_KILLS = 5;
const AFTER_RESTART_MS = 1_500;
/** Who comes to the lobby has come before its last part: nobody of them is late by accident. */
const LOBBY_ARRIVALS_PART = 0.85;

/** The crowd that a seed stands for. Pure. */
export function planCrowd(options: Options): ShopperPlan[] {
  return Array.from({ length: options.shoppers }, (_, index) => planShopper(options, index));
}

function planShopper(options: Options, index: number): ShopperPlan {
  const random = createRandom(options.seed, `shopper-${index}`);
  const arrival = planArrival(random, options);
  const dealings = planDealings(options, index);
  return {
    index,
    address: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
    email: emailOf({ index, dealings }),
    arrival,
    visit: random.weighted([
      [0.08, "no_show"],
      [0.05, "abandon"],
      [0.02, "give_back"],
      [0.85, "buy"],
    ]),
    liking: random.shuffled(Array.from({ length: options.skus }, (_, sku) => sku)),
    wantsTwo: random.chance(0.2),
    basketSize: planBasket(random, options),
    payment: planPayment(random, options.faults),
    dealings,
    triesAgain: random.chance(0.5),
    habits: {
      asksEarly: random.chance(0.05),
      joinsTwice: random.chance(0.05),
      doubleClicks: random.chance(0.15),
      repeatsLater: random.chance(0.15),
      changesBody: random.chance(0.15),
      isGreedy: random.chance(0.1),
    },
  };
}

/** Without trouble one SKU an order: a purchase is then the same thing in every release, and can be compared. */
function planBasket(random: Random, options: Options): number {
  const size = random.weighted([
    [0.66, 1],
    [0.22, 2],
    [0.12, 3],
  ]);
  return isPlain(options) ? 1 : size;
}

function planArrival(random: Random, options: Options): Arrival {
  const { lobbyMs, arrivalsMs } = planTimeline(options);
  const within = (ms: number) => Math.floor(random.next() * ms);
  const hasManyKills = options.kills >= MANY_KILLS;
  if (random.chance(hasManyKills ? LOBBY_SHARE_WITH_MANY_KILLS : LOBBY_SHARE)) {
    return { at: "lobby", offsetMs: within(lobbyMs * LOBBY_ARRIVALS_PART) };
  }
  // Nobody is planned after the last one: there is no kill to be felt any more.
  const restart = random.between(0, Math.max(0, options.kills - 1));
  if (restart === 0) return { at: "opening", offsetMs: within(arrivalsMs) };
  return { at: "restart", restart, offsetMs: within(AFTER_RESTART_MS) };
}

function planPayment(random: Random, faults: boolean): Payment {
  const token = (name: string): Payment => ({ kind: "token", token: name });
  const troubled = faults ? 0.03 : 0;
  return random.weighted<Payment>([
    [0.66, token("tok_ok")],
    [0.08, token("tok_declined")],
    [0.02, token("tok_capture_declined")],
    [troubled, token("tok_timeout_before")],
    [troubled, token("tok_timeout_after")],
    [troubled, token("tok_late")],
    [troubled, token("tok_capture_timeout_after")],
    [0.14, { kind: "redirect", atPage: "pays" }],
    [0.03, { kind: "redirect", atPage: "declines_then_pays" }],
    [0.02, { kind: "redirect", atPage: "cancels" }],
    [0.05, { kind: "redirect", atPage: "leaves" }],
  ]);
}

/** How long the runtime stays up before each kill, counted from the opening or from its last start. */
export function planUptimes({ seed, kills }: Options): number[] {
  const random = createRandom(seed, "kills");
  return Array.from({ length: kills }, () => random.between(300, 2_000));
}

/** How the gateway misbehaves with `--faults`. Its time-outs are longer than ours, so that we give up first. */
export function planGatewayFaults({ seed, faults }: Options) {
  if (!faults) return { seed, latencyMs: 20 };
  return {
    seed,
    latencyMs: 20,
    declineRate: 0.05,
    timeoutBeforeRate: 0.01,
    timeoutAfterRate: 0.01,
    errorRate: 0.05,
    lateRate: 0.03,
    lateMs: 1_500,
    hangMs: 15_000,
    webhookDropRate: 0.2,
    webhookDuplicateRate: 0.2,
    webhookDelayMs: 2_000,
  };
}

/** Each third round is told with a wrong signature first: whoever takes it ranks people by a value that is none. */
export function planBeaconFaults({ faults }: Options): Partial<BeaconFaults> {
  return faults ? { kind: "wrong_signature", everyNth: 3, times: 1 } : {};
}
