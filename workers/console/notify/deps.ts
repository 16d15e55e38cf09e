import type { DropDocument } from "../../../schema/drop-document.ts";
import type { DeliveryId, NotificationMessage } from "../../../schema/events.ts";
import type { DropId } from "../../../schema/ids.ts";
import type { ConsoleApi } from "../../../schema/rpc/entrypoints.ts";
import type { Keyset } from "../../edge/keyset.ts";
import type { Mailer } from "../../mail.ts";
import type { Parking } from "../../queue/store.ts";
import type { MailStore } from "../mails/store.ts";
import type { WebhookStore } from "../webhooks/store.ts";
import type { TellingStore } from "./store.ts";

export type LogEntry = { level: "info" | "warn" | "error"; event: string; [field: string]: unknown };

/** What telling others needs of the world. Tests give their own; `../deps.ts` alone touches bindings. */
export type NotifyDeps = {
  tellings: TellingStore;
  webhooks: WebhookStore;
  mails: MailStore;
  parking: Parking;
  /** Messages may be lost: each stands for a row that the sweep finds again. */
  queueNotifications(messages: NotificationMessage[]): Promise<void>;
  queueDeliveries(deliveryIds: DeliveryId[]): Promise<void>;
  snapshot: ConsoleApi["snapshot"];
  /** As it was frozen; null: there is none. */
  document(dropId: DropId): Promise<Pick<DropDocument, "mode" | "skus"> | null>;
  webhookKeys: Keyset;
  linkKeys: Keyset;
  /** null: this deployment sends no mail about orders. */
  mailer: Mailer | null;
  storefrontUrl: string;
  toLoopback: boolean;
  fetch: typeof globalThis.fetch;
  clock: { now(): number };
  /** In [0, 1), for jitter only. */
  random(): number;
  randomHex(bytes: number): string;
  /** One JSON line. Ids and codes, never contacts, bodies or secrets. */
  log(entry: LogEntry): void;
};
