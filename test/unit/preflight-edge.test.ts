import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { DropDocument } from "../../schema/drop-document.ts";
import { LIMITS } from "../../schema/limits.ts";
import { crowdFindings, edgeFindings } from "../../scripts/preflight/decide.ts";
import { type BrandQuotes, NoQuote, type QuoteRequest } from "../../workers/edge/checkout/brand-quotes.ts";
import { probeQuote } from "../../workers/edge/checkout/probe-quote.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import { knowsLinkKey, proveLinkKey } from "../../workers/link-proof.ts";
import { draft } from "./console-fakes.ts";
import { keysetOf } from "./edge-keysets.ts";
import { bad, NOW, VERSION } from "./preflight-world.ts";

describe("LINK_KEYS of console and edge", () => {
  const keys = (...entries: [string, number][]) => parseKeyset("LINK_KEYS", keysetOf(...entries));
  test("agree when the edge verifies what the console signs, in a rotation too", async () => {
    const proof = await proveLinkKey(keys(["a", 1]));
    expect(await knowsLinkKey(keys(["a", 1]), proof)).toBe(true);
    expect(await knowsLinkKey(keys(["b", 2], ["a", 1]), proof)).toBe(true);
    expect(await knowsLinkKey(keys(["a", 2]), proof)).toBe(false);
    expect(await knowsLinkKey(keys(["b", 1]), proof)).toBe(false);
  });
});

describe("the endpoint for quotes is asked once", async () => {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  const key = { kid: "q1", alg: "EdDSA", ...(await exportJWK(publicKey)) };
  const quoted = (countries: string[]) =>
    DropDocument.parse(draft({ shipping: { quoteUrl: "https://quotes.shop.com/", keys: [key], countries } }));
  const signed = (request: QuoteRequest, changes: object = {}) => {
    const { drop, reservation, currency, subtotalMinor, shippingAddress } = request;
    const claims = { drop, reservation, shippingAddress, currency, subtotalMinor, charges: [], ...changes };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "EdDSA", kid: "q1" })
      .setAudience("dropline-quote")
      .setExpirationTime(NOW / 1_000 + 600)
      .sign(privateKey);
  };
  const probe = (ask: BrandQuotes["ask"], countries = ["*"]) =>
    probeQuote(quoted(countries), {
      brandQuotes: { ask },
      clock: { now: () => NOW } as never,
      randomHex: (bytes) => "a".repeat(bytes * 2),
    });

  test("and a quote for what was asked is verified, in a country that is shipped to", async () => {
    const asked: string[] = [];
    const ask = (_: string, request: QuoteRequest) => {
      asked.push(request.shippingAddress.country);
      return signed(request);
    };
    expect(await probe(ask)).toEqual({ outcome: "verified" });
    expect(await probe(ask, ["AT", "DE"])).toEqual({ outcome: "verified" });
    expect(asked).toEqual(["DE", "AT"]);
  });

  test.each([{ subtotalMinor: 1 }, { currency: "USD" }, { drop: "other" }])(
    "and a quote with %o is not taken",
    async (changes) => {
      expect(await probe((_, request) => signed(request, changes))).toEqual({ outcome: "not_verified" });
    },
  );

  test("and its silence and its refusal are told apart", async () => {
    expect(await probe(() => Promise.reject(new NoQuote(422)))).toMatchObject({ status: 422 });
    expect(await probe(() => Promise.reject(new Error("away")))).toEqual({
      outcome: "none",
      status: null,
      reason: "away",
    });
  });

  test("and nobody is where the document has no quotes", async () => {
    const ask = () => Promise.reject(new Error("not expected"));
    const deps = { brandQuotes: { ask }, clock: { now: () => NOW } as never, randomHex: () => "" };
    expect(await probeQuote(DropDocument.parse(draft()), deps)).toBeNull();
  });
});

describe("the storefront", () => {
  const seen = (changes: object = {}) => ({
    isReached: true as const,
    drop: { status: 200, version: VERSION, detail: null },
    session: { status: 201, detail: null },
    ...changes,
  });
  test.each<[string, Parameters<typeof edgeFindings>[0], string[]]>([
    ["that serves what is published", seen(), []],
    [
      "that is away",
      { isReached: false, reason: "ECONNREFUSED" },
      ["blocks storefront: does not answer: ECONNREFUSED"],
    ],
    [
      "without its keys",
      seen({ session: { status: 500, detail: "TICKET_KEYS is missing." } }),
      ["blocks keys: TICKET_KEYS is missing."],
    ],
    [
      "with an older copy",
      seen({ drop: { status: 200, version: "b", detail: null } }),
      ["warning storefront: still shows version b: a copy is renewed within a minute"],
    ],
    [
      "that does not know the drop",
      seen({ drop: { status: 404, version: null, detail: null } }),
      ["blocks storefront: does not show the drop (status 404)"],
    ],
  ])("%s", (_, answer, expected) => {
    expect(bad(edgeFindings(answer, VERSION))).toEqual(expected);
  });
});

test("a crowd that the line cannot take blocks; one that cannot be served in time is told", () => {
  const document = DropDocument.parse(draft());
  const levels = (crowd: number, of = document) => crowdFindings(crowd, of).map((finding) => finding.level);
  expect(levels(LIMITS.joinedMax + 1)).toEqual(["blocks"]);
  expect(levels(20 * 7_200)).toEqual(["ok"]);
  expect(levels(20 * 7_200 + 1)).toEqual(["warning"]);
  const fast = DropDocument.parse(draft({ line: { admitPerSecond: LIMITS.ordersPerSecondMax + 1 } }));
  expect(levels(1_000, fast)).toEqual(["ok", "warning"]);
});
