import { LIMITS } from "../../../schema/limits.ts";

/** Two writings of one mailbox or one house are one identity. Wrongly told apart, somebody buys twice; wrongly taken for one, somebody is refused. */

const GMAIL = new Set(["gmail.com", "googlemail.com"]);
const LOCAL = /^[^\s@"<>(),;:\\[\]\p{C}]+$/u;
const DOMAIN = /^[\p{L}\p{M}\p{N}.\u3002-]+$/u;
const ASCII_DOMAIN = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9-]{2,63}$/;

/**
 * A mail address as an identity, or undefined when it is none. By rule: case does not count (RFC 5321 lets a host tell
 * cases apart; none of the large ones does); dots at the end of a part do not count; international names are their
 * Punycode; in the local part all from the first plus sign is a tag; at Gmail, under both of its names, dots do not count.
 * Quoted local parts are refused. Nobody is ever written to by this form.
 */
export function normalizeMail(written: string): string | undefined {
  const parts = readMail(written);
  if (parts === undefined) return undefined;
  const domain = GMAIL.has(parts.domain) ? "gmail.com" : parts.domain;
  const untagged = parts.local.toLowerCase().replace(/(?<=.)\+.*$/u, "");
  const local = (domain === "gmail.com" ? untagged.replaceAll(".", "") : untagged).replace(/\.+$/, "");
  return local === "" ? undefined : `${local}@${domain}`;
}

/** Where to write to: as it was typed, the host's name in ASCII. Undefined when it is no mail address. */
export function deliverableMail(written: string): string | undefined {
  const parts = readMail(written);
  return parts && `${parts.local}@${parts.domain}`;
}

function readMail(written: string): { local: string; domain: string } | undefined {
  const trimmed = written.normalize("NFC").trim();
  if (trimmed.length > LIMITS.emailMaxChars) return undefined;
  const at = trimmed.lastIndexOf("@");
  const local = trimmed.slice(0, Math.max(at, 0));
  const domain = asciiDomain(trimmed.slice(at + 1));
  if (!LOCAL.test(local) || domain === undefined) return undefined;
  return { local, domain };
}

/** By the URL standard (UTS 46), which also folds case and wide letters. An address of numbers is no name. */
function asciiDomain(written: string): string | undefined {
  const name = written.replace(/\.+$/, "");
  if (!DOMAIN.test(name)) return undefined;
  const host = URL.parse(`http://${name}`)?.hostname ?? "";
  return ASCII_DOMAIN.test(host) ? host : undefined;
}

/** What tells one house from another. Names are left out on purpose: everybody in one flat shares its limit. */
export type PostalParts = {
  /** Street, house, flat: in as many lines as the shopper used. */
  lines: string[];
  postalCode: string;
  city: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
};

/** Letters that are not their base letter and a mark. */
const SPELLED_OUT: Record<string, string> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  ł: "l",
  đ: "d",
  ð: "d",
  þ: "th",
  ı: "i",
};

/** Words of streets and flats as people shorten them. A word that reads the same in two languages is shortened alike. */
const SHORTENED: Record<string, string> = {
  street: "st",
  saint: "st",
  avenue: "ave",
  av: "ave",
  avenida: "ave",
  avda: "ave",
  road: "rd",
  boulevard: "blvd",
  bd: "blvd",
  boul: "blvd",
  drive: "dr",
  lane: "ln",
  court: "ct",
  place: "pl",
  platz: "pl",
  square: "sq",
  terrace: "ter",
  parkway: "pkwy",
  highway: "hwy",
  north: "n",
  south: "s",
  east: "e",
  west: "w",
  strasse: "str",
  strase: "str",
  straat: "str",
  rue: "r",
  calle: "c",
  piazza: "pza",
  plaza: "pza",
  apartment: "apt",
  unit: "apt",
  flat: "apt",
  suite: "apt",
  ste: "apt",
  wohnung: "apt",
  whg: "apt",
  floor: "fl",
  building: "bldg",
  number: "",
  no: "",
  nr: "",
};

const MARKS = /\p{M}/gu;
const WORDS = /\p{N}+|\p{L}+/gu;
/** German and Dutch write the street's word onto its name, or apart: `Hauptstraße`, `Haupt Str.`. */
const GLUED = /^(\p{L}{2,}?)(strasse|straat|str)$/u;

/**
 * A postal address as an identity. By rule: case, punctuation, spacing and marks over letters do not count; `ß` is `ss`,
 * and an umlaut is its letter, as is the letter with an e after it; digits and letters are told apart (`12a`, `12 a` and
 * `12-A` are one); common words of streets and flats are shortened. The order of words counts: `4 Elm St, flat 5` is not
 * `5 Elm St, flat 4`. Not known here: whether there is such a house.
 */
export function normalizeAddress({ lines, postalCode, city, country }: PostalParts): string {
  const words = (text: string) => wordsOf(text).join(" ");
  const postal = wordsOf(postalCode).join("");
  return [words(lines.join(" ")), postal, words(city), country.trim().toLowerCase()].join("|");
}

function wordsOf(text: string): string[] {
  const plain = text
    .normalize("NFKD")
    .toLowerCase()
    .replace(MARKS, "")
    .replace(/[^\p{ASCII}]/gu, (letter) => SPELLED_OUT[letter] ?? letter);
  const words = plain.match(WORDS) ?? [];
  return words
    .flatMap((word) => GLUED.exec(word)?.slice(1) ?? [word])
    .map((word) => (Object.hasOwn(SHORTENED, word) ? (SHORTENED[word] as string) : foldUmlauts(word)))
    .filter((word) => word !== "");
}

function foldUmlauts(word: string): string {
  return word.replace(/([aou])e+/g, "$1");
}
