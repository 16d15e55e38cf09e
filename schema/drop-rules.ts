import type { DropFields, ShippingRegion } from "./drop-document.ts";
import { guardUrl, isLoopback } from "./guard-url.ts";
import { LIMITS } from "./limits.ts";
import { ELSEWHERE } from "./places.ts";

export type Complaint = { path: (string | number)[]; message: string };

const DAY_MS = 24 * 60 * 60 * 1_000;
const WHOLE_PERMYRIAD = 10_000;

/**
 * What is wrong between the fields of a document whose fields are each right: all of it, each with the field to change and
 * what would be right. The published JSON Schema cannot say these.
 */
export function brokenRules(document: DropFields): Complaint[] {
  return [
    ...brokenTimes(document),
    ...brokenWindows(document),
    ...brokenCurrency(document),
    ...brokenMode(document),
    ...brokenSkus(document),
    ...brokenShipping(document),
    ...brokenAddresses(document),
    ...brokenAudience(document),
  ];
}

/** What is allowed, and seldom meant. */
export function warningsOf(document: DropFields, nowMs: number): Complaint[] {
  const found: Complaint[] = [];
  const warn = (path: Complaint["path"], message: string) => found.push({ path, message });
  if (Date.parse(document.closesAt) <= nowMs) warn(["closesAt"], "is in the past: nobody can buy");
  else if (Date.parse(document.opensAt) <= nowMs)
    warn(["opensAt"], "is in the past: the drop starts at once when it is published");
  const { limits } = document;
  if (limits.identity === "none" && limits.unitsPerShopper !== null) {
    warn(
      ["limits", "identity"],
      "is none, so unitsPerShopper holds for a session only, and anybody can open another: verified_mail or signed_claim is stronger",
    );
  }
  if (limits.unitsPerAddress !== null && document.shipping === null)
    warn(["limits", "unitsPerAddress"], "has no effect while shipping is null: no address is asked for");
  document.skus.forEach(({ stock, perShopper }, index) => {
    if (stock === 0) warn(["skus", index, "stock"], "is 0: this SKU is sold out from the start");
    else if (perShopper > stock)
      warn(["skus", index, "perShopper"], `is ${perShopper}, more than the ${stock} that exist`);
    for (const name of ["unitsPerMail", "unitsPerAddress", "unitsPerInstrument"] as const) {
      const limit = limits[name];
      if (limit !== null && limit < perShopper)
        warn(
          ["limits", name],
          `is ${limit}, so nobody can have the ${perShopper} that skus.${index}.perShopper promises`,
        );
    }
  });
  return found;
}

function brokenTimes({ lobbyOpensAt, opensAt, closesAt, timing }: DropFields): Complaint[] {
  const found: Complaint[] = [];
  const [lobbyMs, openMs, closeMs] = [lobbyOpensAt, opensAt, closesAt].map((at) => Date.parse(at)) as [
    number,
    number,
    number,
  ];
  if (lobbyMs > openMs)
    found.push({
      path: ["lobbyOpensAt"],
      message: `is ${lobbyOpensAt}, but must not be after opensAt, ${opensAt}`,
    });
  if (openMs >= closeMs)
    found.push({ path: ["closesAt"], message: `is ${closesAt}, but must be after opensAt, ${opensAt}` });
  if (closeMs - lobbyMs > LIMITS.dropLengthMaxMs) {
    const days = LIMITS.dropLengthMaxMs / DAY_MS;
    found.push({
      path: ["lobbyOpensAt"],
      message: `is ${lobbyOpensAt}, but must be at most ${days} days before closesAt, ${closesAt}`,
    });
  }
  // A command that was lost must come again while its order still waits for it.
  if (timing.commandResendMs >= timing.paymentWindowMs) {
    found.push({
      path: ["timing", "commandResendMs"],
      message: `is ${timing.commandResendMs}, but must be shorter than timing.paymentWindowMs, ${timing.paymentWindowMs}`,
    });
  }
  return found;
}

/** Each window takes a link of the line's chain, and when links run out nobody can join any more. */
function brokenWindows({ opensAt, closesAt, line }: DropFields): Complaint[] {
  const liveMs = Date.parse(closesAt) - Date.parse(opensAt);
  const windows = 1 + Math.ceil(liveMs / line.windowMs);
  if (windows <= LIMITS.chainLinks) return [];
  const least = Math.ceil(liveMs / (LIMITS.chainLinks - 1));
  return [
    {
      path: ["line", "windowMs"],
      message: `is ${line.windowMs}, but from opensAt to closesAt there can be at most ${LIMITS.chainLinks - 1} windows: at least ${least} is needed`,
    },
  ];
}

function brokenCurrency({ currency }: DropFields): Complaint[] {
  if (Intl.supportedValuesOf("currency").includes(currency)) return [];
  return [
    { path: ["currency"], message: `is ${currency}, which is no currency of ISO 4217, such as EUR or USD` },
  ];
}

function brokenMode({ mode, gateway }: DropFields): Complaint[] {
  if (mode === "test" || gateway !== "sandbox") return [];
  return [
    {
      path: ["gateway"],
      message:
        'is sandbox, which takes no money, but mode is live: choose a gateway that does, or mode "test" (the sandbox is the only gateway of this version)',
    },
  ];
}

function brokenSkus({ skus, limits }: DropFields): Complaint[] {
  const found: Complaint[] = [];
  const firstAt = new Map<string, number>();
  skus.forEach((sku, index) => {
    const first = firstAt.get(sku.id);
    if (first === undefined) firstAt.set(sku.id, index);
    else
      found.push({
        path: ["skus", index, "id"],
        message: `is ${sku.id}, which skus.${first} has already: each SKU needs an id of its own`,
      });
    const { unitsPerShopper } = limits;
    if (unitsPerShopper !== null && unitsPerShopper < sku.perShopper) {
      found.push({
        path: ["limits", "unitsPerShopper"],
        message: `is ${unitsPerShopper}, but skus.${index}.perShopper promises ${sku.perShopper}: raise the one or lower the other`,
      });
    }
  });
  return found;
}

function brokenShipping(document: DropFields): Complaint[] {
  const { shipping } = document;
  if (shipping === null) return brokenAmounts(document, null);
  if (!("regions" in shipping)) {
    const path = ["shipping", "countries"];
    return [...brokenList(shipping.countries, path), ...brokenAmounts(document, null)];
  }
  const found: Complaint[] = [];
  const regionOf = new Map<string, number>();
  shipping.regions.forEach(({ countries }, index) => {
    const path = ["shipping", "regions", index, "countries"];
    found.push(...brokenList(countries, path));
    for (const country of new Set(countries)) {
      const other = regionOf.get(country);
      if (other === undefined) regionOf.set(country, index);
      else
        found.push({
          path,
          message: `names ${country}, which shipping.regions.${other} names already: a country belongs to one region`,
        });
    }
  });
  return [
    ...found,
    ...shipping.regions.flatMap((region, index) => brokenAmounts(document, { region, index })),
  ];
}

function brokenList(countries: string[], path: Complaint["path"]): Complaint[] {
  const found: Complaint[] = [];
  if (countries.includes(ELSEWHERE) && countries.length > 1)
    found.push({ path, message: '"*" is every country, so it must stand alone' });
  const twice = countries.find((country, index) => countries.indexOf(country) !== index);
  if (twice !== undefined) found.push({ path, message: `names ${twice} twice` });
  return found;
}

/** The dearest basket with its shipping and tax must still be an exact amount that a gateway takes. */
function brokenAmounts(
  document: DropFields,
  at: { region: ShippingRegion; index: number } | null,
): Complaint[] {
  const { amountMinor, taxRatePermyriad, isTaxIncluded } = at?.region ?? {
    amountMinor: 0,
    taxRatePermyriad: 0,
    isTaxIncluded: true,
  };
  const withShipping = dearestBasketMinor(document) + amountMinor;
  const rate = isTaxIncluded ? 0 : taxRatePermyriad;
  const totalMinor = Math.ceil((withShipping * (WHOLE_PERMYRIAD + rate)) / WHOLE_PERMYRIAD);
  if (totalMinor <= LIMITS.amountMinorMax) return [];
  return [
    {
      path: at === null ? ["skus"] : ["shipping", "regions", at.index],
      message: `allow a basket of ${totalMinor} in the minor unit, but an order may cost at most ${LIMITS.amountMinorMax}: lower prices, perShopper or limits.unitsPerShopper`,
    },
  ];
}

/** Never below what one shopper's dearest basket costs; above it only where two limits bind at once. */
function dearestBasketMinor({ skus, limits }: DropFields): number {
  const byLine = skus
    .map(({ priceMinor, perShopper }) => priceMinor * Math.min(perShopper, LIMITS.unitsPerReservationMax))
    .sort((one, other) => other - one)
    .slice(0, LIMITS.basketLinesMax)
    .reduce((sum, line) => sum + line, 0);
  if (limits.unitsPerShopper === null) return byLine;
  let left = limits.unitsPerShopper;
  let byUnit = 0;
  for (const { priceMinor, perShopper } of [...skus].sort(
    (one, other) => other.priceMinor - one.priceMinor,
  )) {
    const units = Math.min(left, perShopper);
    byUnit += units * priceMinor;
    left -= units;
  }
  return Math.min(byLine, byUnit);
}

function brokenAddresses({ mode, shipping, terms }: DropFields): Complaint[] {
  const found: Complaint[] = [];
  const look = (path: Complaint["path"], url: string) => {
    const { protocol, hostname } = new URL(url);
    if (protocol === "https:" || (mode === "test" && isLoopback(hostname))) return;
    found.push({
      path,
      message: `is ${url}, but must begin with https:// (http only to this machine, in mode test)`,
    });
  };
  if (shipping !== null && "quoteUrl" in shipping) {
    // A Worker calls it, where the others are links that browsers follow.
    const guarded = guardUrl(shipping.quoteUrl, { toLoopback: mode === "test" });
    if (!guarded.ok)
      found.push({
        path: ["shipping", "quoteUrl"],
        message: `is ${shipping.quoteUrl}, but ${guarded.refusal.reason}`,
      });
  }
  if (terms !== null) look(["terms", "url"], terms.url);
  return found;
}

function brokenAudience({ audience }: DropFields): Complaint[] {
  const twice = audience.find((hint, index) => audience.indexOf(hint) !== index);
  return twice === undefined ? [] : [{ path: ["audience"], message: `names ${twice} twice` }];
}
