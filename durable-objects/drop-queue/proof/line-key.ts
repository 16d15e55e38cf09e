import { createPrivateKey, createPublicKey, sign } from "node:crypto";

export const LINE_KEY_BYTES = 32;
/** What RFC 8410 puts before the 32 bytes of an Ed25519 key in PKCS #8. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** The raw public key of these 32 secret bytes. */
export function publicKeyOf(secret: Uint8Array): Uint8Array {
  const jwk = createPublicKey(keyOf(secret)).export({ format: "jwk" });
  if (jwk.x === undefined) throw new Error("an Ed25519 key without its public part");
  return new Uint8Array(Buffer.from(jwk.x, "base64url"));
}

/** Ed25519, 64 bytes: the same for the same bytes, always. */
export function signWith(secret: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(sign(null, bytes, keyOf(secret)));
}

const keyOf = (secret: Uint8Array) =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: "der", type: "pkcs8" });
