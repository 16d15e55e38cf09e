import { TUNING } from "../tuning.ts";

/** Parts of the public record that the line has put into KV. A hint: what is not there, the object has. */
export type RecordStore = {
  text(key: string): Promise<string | null>;
  bytes(key: string): Promise<Uint8Array<ArrayBuffer> | null>;
};

/** A failing KV is an empty one. */
export function kvRecordStore(kv: KVNamespace): RecordStore {
  const cacheTtl = TUNING.recordKvCacheSeconds;
  return {
    text: (key) => kv.get(key, { type: "text", cacheTtl }).catch(() => null),
    bytes: async (key) => {
      const found = await kv.get(key, { type: "arrayBuffer", cacheTtl }).catch(() => null);
      return found === null ? null : new Uint8Array(found);
    },
  };
}
