import { createHash } from "node:crypto";
import { PREFIXES } from "../../../schema/line-proof.ts";

/** SHA-256 of these bytes, one after the other. Synchronous: nothing comes between a line's reads and its writes. */
export function digest(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

export const chunkHashOf = (ids: Uint8Array) => digest(PREFIXES.chunk, ids);
export const rootOf = (chunkHashes: readonly Uint8Array[]) => digest(PREFIXES.root, ...chunkHashes);

/** Not the link's hash alone: that is the link before it, which is public. `randomness`: the beacon's, null without one. */
export const seedOf = (link: Uint8Array, randomness: Uint8Array | null) =>
  digest(PREFIXES.seed, link, ...(randomness === null ? [] : [randomness]));

export const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
export const fromHex = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
