import type { OrderId } from "../ids.ts";
import type { AmountMinor, Currency } from "../money.ts";
import type { GatewayName, Operation } from "../statuses.ts";

/** A payment command that a consumer has begun and must report on. Amounts are exact minor units. */
export type BegunCommand = {
  orderId: OrderId;
  attempt: number;
  operation: Operation;
  /** `execute`: send it with `key`. `resolve`: it may have been sent; find out what became of it. */
  mode: "execute" | "resolve";
  gateway: GatewayName;
  /** `order:operation:attempt`, the gateway's idempotency key. */
  key: string;
  /** After this the gateway may have forgotten the key: nothing is re-sent, only looked up. */
  keyExpiresAtMs: number;
  amountMinor: AmountMinor;
  /** What had gone back before this: a refund is done once the gateway has sent back both. */
  refundedMinor: AmountMinor;
  currency: Currency;
  token: string | null;
  returnUrl: string;
  /** When an unpaid session must end. */
  payByMs: number;
  sessionRef: string | null;
  paymentRef: string | null;
};

/** null: this message is stale or somebody else is at it; acknowledge and do nothing. */
export type BeginAnswer = BegunCommand | null;

export type Outcome =
  /** `instrument`: the gateway's name for what was paid with, the same for the same card; for an authorization, if it tells. */
  | { kind: "succeeded"; ref: string; url?: string; instrument?: string }
  | { kind: "declined"; reason: string }
  /** Nobody knows yet. `retryAfterMs` when the gateway said when to look again. */
  | { kind: "unknown"; reason: string };

export type ReportItem = { orderId: OrderId; attempt: number; outcome: Outcome };

/** The follow-up command of the same order, already begun for the caller; null when there is none now. */
export type ReportAnswer = BegunCommand | null;

/** What a gateway's webhook says, once its signature is verified. A repeat changes nothing. */
export type GatewayEvent = {
  orderId: OrderId;
  kind: "authorized" | "captured" | "voided" | "refunded" | "session_expired";
  paymentRef: string | null;
  sessionRef: string | null;
  amountMinor: AmountMinor;
  currency: Currency;
  /** Of an authorization, if the gateway tells. */
  instrument?: string;
  /** Of a refund: all that has gone back of the payment by now. */
  refundedMinor?: number;
};

/** What a coordinator's shard knows of how a drop's payments go: commands that no consumer has begun, and the oldest one's wait. */
export type PaymentsBacklog = { waiting: number; oldestWaitMs: number };
