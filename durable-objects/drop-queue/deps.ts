import type { Beacon } from "../../schema/line.ts";
import type { PaymentsBacklog } from "../../schema/rpc/payments.ts";
import type { ConfigureAnswer, SkuTerms } from "../../schema/rpc/sku-stock.ts";
import type { BeaconValue } from "./beacon/fetch-round.ts";
import type { LineStore } from "./store.ts";

/** Everything that a line has from outside of itself. A call may fail or take long: nothing but its own step waits for it. */
export type LineDeps = {
  store: LineStore;
  nowMs(): number;
  randomBytes(count: number): Uint8Array;
  /** The beacon that a document's `drand` means here. */
  beacon: Beacon;
  /** Puts an immutable part of the record where everybody reads it. A repeat is harmless. */
  publishRecord(key: string, value: string | Uint8Array): Promise<void>;
  /** Verified; null: not to be had now. */
  beaconRound(beacon: Beacon, round: number): Promise<BeaconValue | null>;
  /** Null: not known now. */
  paymentsBacklog(): Promise<PaymentsBacklog | null>;
  configureSku(terms: SkuTerms): Promise<ConfigureAnswer>;
  log(event: string, error: unknown, facts?: Record<string, string | number | null>): void;
  /** Smaller ones, so that a test reaches them. */
  limits?: Partial<{ joinedMax: number; chainLinks: number }>;
};
