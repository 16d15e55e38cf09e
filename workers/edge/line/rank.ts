/**
 * Rank of a ticket in its cohort, in [0, 1): the first 53 bits of HMAC-SHA256(seed, ticket id) over 2^53, by WebCrypto, so that
 * it runs in browsers too. Seed: 32 bytes in hex; ticket id: 16 bytes in hex. `docs/fair-line.md` states the bytes.
 */
export async function rankIn(seedHex: string, ticketIdHex: string): Promise<number> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytesOf(seedHex), algorithm, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, bytesOf(ticketIdHex));
  return Number(new DataView(mac).getBigUint64(0) >> 11n) / 2 ** 53;
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
