import * as z from "zod";
import { KEY_BYTES_CHARS, KeyBytes } from "./key-bytes.ts";
import { LIMITS } from "./limits.ts";

const HMAC_BYTES_MIN = 32;

const named = {
  kid: z.string().regex(/^[\w.-]{1,64}$/),
  /** What `iss` of its tokens must be. */
  issuer: z
    .url()
    .max(LIMITS.urlMaxChars)
    .regex(/^[^|]*$/),
};

const SharedSecret = z
  .base64url()
  .min(KEY_BYTES_CHARS, `an HS256 key has at least ${HMAC_BYTES_MIN} bytes in base64url`)
  .max(LIMITS.urlMaxChars);

/** Public halves and shared secrets only: a private key in the wrong place is told at the start. */
const CustomerKey = z.discriminatedUnion("alg", [
  z.strictObject({
    ...named,
    alg: z.literal("EdDSA"),
    kty: z.literal("OKP"),
    crv: z.literal("Ed25519"),
    x: KeyBytes,
  }),
  z.strictObject({
    ...named,
    alg: z.literal("ES256"),
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    x: KeyBytes,
    y: KeyBytes,
  }),
  z.strictObject({ ...named, alg: z.literal("HS256"), kty: z.literal("oct"), k: SharedSecret }),
]);

/** `CUSTOMER_KEYS`: a JWKS of the brand's own shop. */
export const CustomerKeyset = z
  .strictObject({ keys: z.array(CustomerKey).min(1).max(LIMITS.customerKeysMax) })
  .refine(({ keys }) => new Set(keys.map(({ kid }) => kid)).size === keys.length, {
    message: "each kid is unique",
  });
