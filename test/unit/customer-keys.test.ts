import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { type CustomerKeys, parseCustomerKeys } from "../../workers/edge/identity/customer-keys.ts";
import { OPENS_AT } from "./edge-samples.ts";

const ISSUER = "https://shop.example";
const SECRET = Buffer.alloc(32, 7);
const NOW_S = OPENS_AT / 1_000;
const HOUR_S = 3_600;
const SKEW_S = LIMITS.customerClockSkewMs / 1_000;

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let ed: Pair;
let ec: Pair;
let stranger: Pair;
let keys: CustomerKeys;
let publicEd: Record<string, unknown>;

beforeAll(async () => {
  [ed, ec, stranger] = await Promise.all([
    generateKeyPair("EdDSA", { extractable: true }),
    generateKeyPair("ES256", { extractable: true }),
    generateKeyPair("EdDSA", { extractable: true }),
  ]);
  publicEd = { kid: "ed", issuer: ISSUER, alg: "EdDSA", ...(await exportJWK(ed.publicKey)) };
  const publicEc = { kid: "ec", issuer: ISSUER, alg: "ES256", ...(await exportJWK(ec.publicKey)) };
  const shared = { kid: "hs", issuer: ISSUER, alg: "HS256", kty: "oct", k: SECRET.toString("base64url") };
  const other = { ...shared, kid: "other", issuer: "https://other.example" };
  keys = parseCustomerKeys("K", JSON.stringify({ keys: [publicEd, publicEc, shared, other] }));
});

type Key = Parameters<SignJWT["sign"]>[0];
function sign(
  key: Key,
  header: { alg: string; kid?: string },
  claims: Record<string, unknown> = {},
): Promise<string> {
  const all = { iss: ISSUER, aud: "dropline", sub: "customer-1", exp: NOW_S + 600, ...claims };
  return new SignJWT(JSON.parse(JSON.stringify(all))).setProtectedHeader(header).sign(key);
}
const verify = (token: string, nowMs = OPENS_AT) => keys.verify(token, nowMs);
const CUSTOMER = { issuer: ISSUER, subject: "customer-1" };

describe("a customer token", () => {
  test("is taken by each algorithm, under the key of its kid", async () => {
    expect(await verify(await sign(ed.privateKey, { alg: "EdDSA", kid: "ed" }))).toEqual(CUSTOMER);
    expect(await verify(await sign(ec.privateKey, { alg: "ES256", kid: "ec" }))).toEqual(CUSTOMER);
    expect(await verify(await sign(SECRET, { alg: "HS256", kid: "hs" }))).toEqual(CUSTOMER);
  });

  test("is refused when a public key was used as a shared secret, or with no signature at all", async () => {
    const { x } = publicEd as { x: string };
    for (const stolen of [
      Buffer.from(x, "base64url"),
      Buffer.from(x),
      Buffer.from(JSON.stringify(publicEd)),
    ]) {
      expect(await verify(await sign(stolen, { alg: "HS256", kid: "ed" }))).toBeUndefined();
      expect(await verify(await sign(stolen, { alg: "HS256", kid: "hs" }))).toBeUndefined();
    }
    const unsecured = new UnsecuredJWT({ iss: ISSUER, aud: "dropline", sub: "customer-1", exp: NOW_S + 600 });
    expect(await verify(unsecured.encode())).toBeUndefined();
    const [, claims] = (await sign(SECRET, { alg: "HS256", kid: "hs" })).split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", kid: "hs" })).toString("base64url");
    expect(await verify(`${none}.${claims}.`)).toBeUndefined();
  });

  test("is refused when its header names another algorithm than its key has", async () => {
    const header = Buffer.from(JSON.stringify({ alg: "HS256", kid: "ed" })).toString("base64url");
    const [, claims, signature] = (await sign(ed.privateKey, { alg: "EdDSA", kid: "ed" })).split(".");
    expect(await verify(`${header}.${claims}.${signature}`)).toBeUndefined();
    expect(await verify(await sign(ec.privateKey, { alg: "ES256", kid: "ed" }))).toBeUndefined();
    const hs512 = await sign(Buffer.alloc(64, 7), { alg: "HS512", kid: "hs" });
    expect(await verify(hs512)).toBeUndefined();
  });

  test("is refused from a stranger, an unknown key and a key that brings itself along", async () => {
    expect(await verify(await sign(stranger.privateKey, { alg: "EdDSA", kid: "ed" }))).toBeUndefined();
    expect(await verify(await sign(ed.privateKey, { alg: "EdDSA", kid: "nobody" }))).toBeUndefined();
    expect(await verify(await sign(ed.privateKey, { alg: "EdDSA" }))).toBeUndefined();
    const own = { alg: "EdDSA", kid: "ed", jwk: await exportJWK(stranger.publicKey) };
    expect(await verify(await sign(stranger.privateKey, own))).toBeUndefined();
  });

  test.each<[string, Record<string, unknown>]>([
    ["another issuer's name", { iss: "https://other.example" }],
    ["no issuer", { iss: undefined }],
    ["another audience", { aud: "dropline/session" }],
    ["no audience", { aud: undefined }],
    ["no subject", { sub: undefined }],
    ["an empty subject", { sub: "" }],
    ["a subject past the limit", { sub: "s".repeat(LIMITS.customerSubjectMaxChars + 1) }],
    ["no end", { exp: undefined }],
    ["an end too far away", { exp: NOW_S + HOUR_S + SKEW_S + 1 }],
    ["an end in the past", { exp: NOW_S - SKEW_S }],
    ["a beginning in the future", { nbf: NOW_S + SKEW_S + 1 }],
  ])("is refused with %s", async (_, claims) => {
    expect(await verify(await sign(SECRET, { alg: "HS256", kid: "hs" }, claims))).toBeUndefined();
  });

  test.each<[string, Record<string, unknown>]>([
    ["the longest subject", { sub: "s".repeat(LIMITS.customerSubjectMaxChars) }],
    ["the furthest end", { exp: NOW_S + HOUR_S + SKEW_S }],
    ["an end that the shop's clock sees just ahead", { exp: NOW_S - SKEW_S + 1 }],
    ["one audience of several", { aud: ["other", "dropline"] }],
  ])("is taken with %s", async (_, claims) => {
    expect(await verify(await sign(SECRET, { alg: "HS256", kid: "hs" }, claims))).toBeDefined();
  });

  test("is refused when it is too long, and when it is nothing like a token", async () => {
    const long = await sign(
      SECRET,
      { alg: "HS256", kid: "hs" },
      { note: "n".repeat(LIMITS.customerTokenMaxChars) },
    );
    for (const text of [long, "", ".", "..", "a.b.c", "e30.e30.e30", "null.null.null"]) {
      expect(await verify(text)).toBeUndefined();
    }
  });

  test("is nobody's where no keys were given", async () => {
    const none = parseCustomerKeys("K", undefined);
    expect(await none.verify(await sign(SECRET, { alg: "HS256", kid: "hs" }), OPENS_AT)).toBeUndefined();
  });
});

describe("a keyset of customers is refused at the start", () => {
  const shared = { kid: "hs", issuer: ISSUER, alg: "HS256", kty: "oct", k: SECRET.toString("base64url") };
  const okp = (x: string) => ({ kid: "ed", issuer: ISSUER, alg: "EdDSA", kty: "OKP", crv: "Ed25519", x });
  test.each<[string, unknown]>([
    ["no JSON", "{"],
    ["no keys", { keys: [] }],
    ["a short secret", { keys: [{ ...shared, k: Buffer.alloc(31).toString("base64url") }] }],
    ["a coordinate that is too short", { keys: [okp("AAAA")] }],
    ["a coordinate that is too long", { keys: [okp("A".repeat(44))] }],
    ["one kid twice", { keys: [shared, shared] }],
    ["an algorithm of another kind of key", { keys: [{ ...shared, alg: "EdDSA" }] }],
    ["an algorithm that is none of ours", { keys: [{ ...shared, alg: "RS256" }] }],
    ["no issuer", { keys: [{ ...shared, issuer: undefined }] }],
    ["an issuer with a bar in it", { keys: [{ ...shared, issuer: "https://shop.example/|x" }] }],
    [
      "too many keys",
      { keys: Array.from({ length: LIMITS.customerKeysMax + 1 }, (_, n) => ({ ...shared, kid: `k${n}` })) },
    ],
  ])("with %s, without telling its secrets", (_, value) => {
    const json = typeof value === "string" ? value : JSON.stringify(value);
    const parse = () => parseCustomerKeys("CUSTOMER_KEYS", json);
    expect(parse).toThrow(/^CUSTOMER_KEYS is not a keyset of customers/);
    expect(parse).not.toThrow(shared.k);
  });

  test("with a private key in it", async () => {
    const secret = { kid: "ed", issuer: ISSUER, alg: "EdDSA", ...(await exportJWK(ed.privateKey)) };
    expect(() => parseCustomerKeys("K", JSON.stringify({ keys: [secret] }))).toThrow(/Unrecognized key: "d"/);
  });
});
