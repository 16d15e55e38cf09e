import { DropDocument } from "../../schema/drop-document.ts";
import { LIMITS } from "../../schema/limits.ts";
import { isPlain, type Options } from "./options.ts";

/**
 * `lobbyMs`: from the first arrival to the opening. `arrivalsMs`: how long people arrive after it. `patienceMs`: how long
 * somebody without a unit stays, from the opening or from their own arrival.
 */
export type Timeline = { lobbyMs: number; windowMs: number; arrivalsMs: number; patienceMs: number };

/** Time in the lobby for each shopper: a session and a ticket each, beside everything else that two cores do. */
const LOBBY_MS_PER_SHOPPER = 1.5;
const LOBBY_LEAST_MS = 3_000;
/** The shortest that a drop document may ask for: a rehearsal has no time to lose. */
const WINDOW_MS = 1_000;
/** The drop must not end by its clock before the crowd has. */
const OPEN_FOR_MS = 60 * 60_000;
/** Orders wait for each other at the payment consumer when everybody buys in the same second. */
const BACKLOG_MS_PER_UNIT = 1;

const RESERVATION_TTL_MS = 6_000;
const COMMAND_RESEND_MS = 2_000;
/** Below what baskets of three come to where some want two of a SKU, so that each limit has somebody to refuse. */
const UNITS_MOST = 3;
const TERMS_VERSION = "rehearsal-1";
/** The shortest that a drop document may ask for. */
const OFFER_MS = 5_000;
/** The shortest that a drop document may ask for; people of the crowd lose patience sooner. */
const CLAIM_WINDOW_MS = 30_000;
/** Longer than anybody of the crowd stays. */
const CANCEL_WINDOW_MS = 10 * 60_000;

/**
 * A command whose consumer was killed is taken up again after its lease, so shoppers get longer to pay when that may happen;
 * and with a bad gateway the hold is so short that some money comes late.
 */
function paymentTimes({ faults, kills }: Options) {
  if (!faults && kills === 0) return { paymentWindowMs: 8_000, unknownHoldMs: 20_000 };
  return { paymentWindowMs: kills > 0 ? LIMITS.commandLeaseMs + 5_000 : 12_000, unknownHoldMs: 8_000 };
}

export function planTimeline({ shoppers, kills }: Options): Timeline {
  return {
    lobbyMs: LOBBY_LEAST_MS + Math.ceil(shoppers * LOBBY_MS_PER_SHOPPER),
    windowMs: WINDOW_MS,
    arrivalsMs: 3 * WINDOW_MS,
    // Long enough to wait for units that two generations of others gave back; longer where a kill makes everybody ask anew.
    patienceMs: 2 * RESERVATION_TTL_MS + (kills > 0 ? 10_000 : 0),
  };
}

/** Units over SKUs: evenly, the remainder one each to the first. */
export function splitStock(stock: number, skus: number): number[] {
  return Array.from(
    { length: skus },
    (_, index) => Math.floor(stock / skus) + (index < stock % skus ? 1 : 0),
  );
}

/** Everything that a document may ask for. */
function troubledRules() {
  return {
    limits: {
      identity: "signed_claim",
      unitsPerShopper: UNITS_MOST,
      unitsPerMail: UNITS_MOST,
      unitsPerAddress: UNITS_MOST,
      unitsPerInstrument: UNITS_MOST,
    },
    waitingList: { isOpen: true, offerMs: OFFER_MS },
    shipping: {
      regions: [
        {
          countries: ["DE"],
          label: "Parcel",
          amountMinor: 490,
          taxRatePermyriad: 1_900,
          isTaxIncluded: true,
        },
        {
          countries: ["AT"],
          label: "Parcel abroad",
          amountMinor: 995,
          taxRatePermyriad: 2_000,
          isTaxIncluded: false,
        },
        // Nobody ships to the United States: some ask all the same.
        { countries: ["JP"], label: "Air", amountMinor: 2_501, taxRatePermyriad: 0, isTaxIncluded: false },
      ],
    },
    terms: { version: TERMS_VERSION, url: "https://shop.example.com/terms" },
    orders: { cancelWindowMs: CANCEL_WINDOW_MS },
  };
}

/** The drop of a rehearsal: SKUs with alternating limits and different prices, and short times throughout. */
export function rehearsalDocument(options: Options, opensAtMs: number): DropDocument {
  const { lobbyMs, windowMs } = planTimeline(options);
  const backlogMs = options.stock * BACKLOG_MS_PER_UNIT;
  const { paymentWindowMs, unknownHoldMs } = paymentTimes(options);
  const iso = (atMs: number) => new Date(atMs).toISOString();
  return DropDocument.parse({
    id: `rehearsal-${options.seed}`,
    name: `Rehearsal ${options.seed}`,
    currency: "EUR",
    // A little earlier than anybody comes.
    lobbyOpensAt: iso(opensAtMs - lobbyMs - 2_000),
    opensAt: iso(opensAtMs),
    closesAt: iso(opensAtMs + OPEN_FOR_MS),
    line: {
      windowMs,
      admitPerSecond: options.admitPerSecond,
      // The crowd comes within seconds or never: a unit is kept for nobody longer than that.
      claimWindowMs: CLAIM_WINDOW_MS,
      // A round takes its seconds: what a plain rehearsal measures is the purchase.
      beacon: isPlain(options) ? "off" : "drand",
    },
    timing: {
      reservationTtlMs: RESERVATION_TTL_MS,
      paymentWindowMs: paymentWindowMs + backlogMs,
      unknownHoldMs: unknownHoldMs + backlogMs,
      commandResendMs: COMMAND_RESEND_MS + backlogMs,
    },
    ...(isPlain(options) ? {} : troubledRules()),
    skus: splitStock(options.stock, options.skus).map((stock, index) => ({
      id: `sku-${index + 1}`,
      name: `SKU ${index + 1}`,
      stock,
      priceMinor: 9_900 + index * 1_001,
      perShopper: 1 + (index % 2),
    })),
  });
}
