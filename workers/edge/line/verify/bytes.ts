/** Bytes, hashes and signatures by WebCrypto alone: the same in Node and in browsers. */

export type Bytes = Uint8Array<ArrayBuffer>;

export function hexOf(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex;
}

/** Of checked hex only: an even count of lower-case digits. */
export function fromHex(hex: string): Bytes {
  const bytes = new Uint8Array(hex.length / 2);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

export function joined(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
}

/**
 * Ed25519 keys of small order, without the bit of the sign. Signatures by them are right for any text, by some libraries: two
 * signed roots would prove nothing against whoever chose such a key.
 */
const SMALL_ORDER = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

function isSmallOrder(publicKey: string): boolean {
  const bytes = fromHex(publicKey);
  bytes[31] = (bytes[31] ?? 0) & 0x7f;
  return SMALL_ORDER.has(hexOf(bytes));
}

/** Whether an Ed25519 key signed these bytes. Null: this browser cannot tell. */
export async function isSignedBy(
  publicKey: string,
  bytes: Uint8Array,
  signature: string,
): Promise<boolean | null> {
  if (isSmallOrder(publicKey)) return false;
  try {
    const key = await crypto.subtle.importKey("raw", fromHex(publicKey), { name: "Ed25519" }, false, [
      "verify",
    ]);
    return await crypto.subtle.verify({ name: "Ed25519" }, key, fromHex(signature), joined(bytes));
  } catch (error) {
    // A key that is no point of the curve has signed nothing; a browser without the algorithm says so by this name.
    return (error as Error).name === "NotSupportedError" ? null : false;
  }
}

/** Ranks of ticket ids in one cohort: the first 53 bits of HMAC-SHA256(seed, id) over 2^53, in [0, 1). */
export async function rankerOf(seed: string): Promise<(ticketId: Uint8Array) => Promise<number>> {
  const key = await crypto.subtle.importKey("raw", fromHex(seed), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return async (ticketId) => {
    const mac = new DataView(await crypto.subtle.sign("HMAC", key, joined(ticketId)));
    return (mac.getUint32(0) * 2 ** 21 + (mac.getUint32(4) >>> 11)) / 2 ** 53;
  };
}
