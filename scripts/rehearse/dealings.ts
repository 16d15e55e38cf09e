import { isPlain, type Options } from "./options.ts";
import { createRandom, type Random } from "./random.ts";

/** What several visitors may be one by: a customer of the brand with many sessions, a mailbox, a house, a card. */
export type Hoard = { by: "customer" | "mailbox" | "house" | "card"; which: number };

/** Who a visitor is to the limits, and what they do beside buying. Drawn from a stream of their own. */
export type Dealings = {
  /** null: nobody shares anything with this one. */
  hoard: Hoard | null;
  /** What they do about a SKU that is not to be had: an offer is ordered, let lapse, or given up in words. */
  waits: "not" | "takes" | "ignores" | "leaves";
  /** Follows the order by server-sent events, and asks only once the stream is over. */
  watches: boolean;
  /** Asks for a pass before showing who they are. */
  signsInLate: boolean;
  /** Orders without consenting to the terms first. */
  forgetsConsent: boolean;
  country: "DE" | "AT" | "JP" | "US";
  after: "keeps" | "cancels_at_once" | "cancels_later" | "canceled_by_brand" | "shipped" | "refunded";
  /** Of a refund: whether a part of the money goes back, a unit with it, or everything. */
  refund: "amount" | "unit" | "whole";
};

const PLAIN: Dealings = {
  hoard: null,
  waits: "not",
  watches: false,
  signsInLate: false,
  forgetsConsent: false,
  country: "DE",
  after: "keeps",
  refund: "amount",
};

/** So few that each gets to buy more often than it may, although most who come find nothing left. */
const SHOPPERS_PER_HOARD = 300;
const HOARDS_LEAST = 2;
/** Each keeps a unit from the next for as long as an offer stands: of many more a rehearsal would see no end. */
const IGNORING_MOST = 20;

/** Without trouble what is measured is the bare purchase: then everybody buys and keeps. */
export function planDealings(options: Options, index: number): Dealings {
  if (isPlain(options)) return PLAIN;
  const random = createRandom(options.seed, `dealings-${index}`);
  return {
    hoard: planHoard(random, options),
    waits: random.weighted([
      [0.89, "not"],
      [0.06, "takes"],
      [Math.min(0.03, IGNORING_MOST / options.shoppers), "ignores"],
      [0.02, "leaves"],
    ]),
    watches: random.chance(0.1),
    signsInLate: random.chance(0.03),
    forgetsConsent: random.chance(0.1),
    country: random.weighted([
      [0.6, "DE"],
      [0.15, "AT"],
      [0.2, "JP"],
      [0.05, "US"],
    ]),
    after: random.weighted([
      [0.7, "keeps"],
      [0.06, "cancels_at_once"],
      [0.06, "cancels_later"],
      [0.03, "canceled_by_brand"],
      [0.08, "shipped"],
      [0.07, "refunded"],
    ]),
    refund: random.weighted([
      [0.5, "amount"],
      [0.3, "unit"],
      [0.2, "whole"],
    ]),
  };
}

function planHoard(random: Random, { shoppers }: Options): Hoard | null {
  const by = random.weighted<Hoard["by"] | null>([
    [0.68, null],
    [0.11, "customer"],
    [0.07, "mailbox"],
    [0.07, "house"],
    [0.07, "card"],
  ]);
  const hoards = Math.max(HOARDS_LEAST, Math.ceil(shoppers / SHOPPERS_PER_HOARD));
  const which = random.between(1, hoards);
  return by === null ? null : { by, which };
}

type Who = { index: number; dealings: Pick<Dealings, "hoard" | "country"> };

/** Whom the limits count this visitor as, by each of them: not by what was written, but by who it was. */
export function partyOf({ index, dealings: { hoard } }: Who, by: Hoard["by"]): string {
  return hoard?.by === by ? `${by} ${hoard.which} of many` : `${by} of ${index}`;
}

/** As the gateway names it; its tests tell cards apart by it. */
export function cardOf({ index, dealings: { hoard } }: Who): string {
  return hoard?.by === "card" ? `shared-${hoard.which}` : `own-${index}`;
}

/** One mailbox is written in as many ways as people have found. */
export function emailOf({ index, dealings: { hoard } }: Who): string {
  if (hoard?.by !== "mailbox") return `shopper-${index}@example.com`;
  const name = index % 2 === 0 ? `Hoarder-${hoard.which}` : `hoarder-${hoard.which}`;
  return `${name}+${index}@${index % 3 === 0 ? "EXAMPLE.com" : "example.com"}`;
}

/** So is one house; whoever lives there has a name of their own. */
export function addressOf({ index, dealings: { hoard, country } }: Who) {
  const name = `Shopper ${index}`;
  const place = { city: "Harbortown", postalCode: "10115" };
  if (hoard?.by !== "house") return { name, line1: `${index + 1_000} Shore Road`, ...place, country };
  const street = index % 2 === 0 ? "Harbor Street" : "harbor st.";
  return { name, line1: `${hoard.which} ${street}`, ...place, country: "DE" as const };
}
