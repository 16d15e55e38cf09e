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

/** Whether an Ed25519 key signed these bytes. Null: this browser cannot tell. */
export async function isSignedBy(
  publicKey: string,
  bytes: Uint8Array,
  signature: string,
): Promise<boolean | null> {
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
