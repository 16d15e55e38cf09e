import { countedStorage } from "../../scripts/simulate/object-storage.ts";

/** An object's storage in memory, so that the real stores, with their CHECKs and indexes, run in plain Node. */
export const memoryStorage = (): DurableObjectStorage => countedStorage().storage;
