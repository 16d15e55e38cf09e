import type { OrderId } from "../../schema/ids.ts";
import type { PaymentMessage } from "../../schema/messages.ts";
import type { AmountMinor, Currency } from "../../schema/money.ts";
import type { PaymentsApi } from "../../schema/rpc/entrypoints.ts";
import type {
  BeginAnswer,
  BegunCommand,
  GatewayEvent,
  Outcome,
  ReportAnswer,
  ReportItem,
} from "../../schema/rpc/payments.ts";
import type { ParkedMessageRow } from "../../schema/tables.ts";
import { systemClock } from "../../workers/combine.ts";
import type { Deps, LogEntry } from "../../workers/payments/deps.ts";
import { type Gateway, succeeded } from "../../workers/payments/gateways/port.ts";
import type { QueueMessage } from "../../workers/queue/message.ts";
import { freshOrder, WEBHOOK_SECRET } from "./sandbox-client.ts";

export const anOrder = () => freshOrder() as OrderId;

export function aCommand(given: Partial<BegunCommand> = {}): BegunCommand {
  const orderId = given.orderId ?? anOrder();
  const attempt = given.attempt ?? 1;
  const operation = given.operation ?? "authorize";
  return {
    orderId,
    attempt,
    operation,
    mode: "execute",
    gateway: "sandbox",
    key: `${orderId}:${operation}:${attempt}`,
    keyExpiresAtMs: Date.now() + 60 * 60_000,
    amountMinor: 12_900 as AmountMinor,
    refundedMinor: 0 as AmountMinor,
    currency: "EUR" as Currency,
    token: "tok_ok",
    returnUrl: `http://shop.test/orders/${orderId}`,
    payByMs: Date.now() + 60_000,
    sessionRef: null,
    paymentRef: null,
    ...given,
  };
}

/** A message that remembers what was done with it. */
export type TestMessage = QueueMessage & {
  fate: "open" | "acked" | "retried";
  delaySeconds: number | undefined;
};

let messageCount = 0;

export function aMessage(body: unknown, attempts = 1): TestMessage {
  const message: TestMessage = {
    id: `message-${++messageCount}`,
    body,
    attempts,
    fate: "open",
    delaySeconds: undefined,
    ack() {
      if (message.fate === "open") message.fate = "acked";
    },
    retry(options) {
      if (message.fate !== "open") return;
      message.fate = "retried";
      message.delaySeconds = options?.delaySeconds;
    },
  };
  return message;
}

export const messageFor = ({ orderId, attempt }: BegunCommand): TestMessage => aMessage({ orderId, attempt });

export const passing = () => Object.assign(new Error("object was reset"), { retryable: true });
export const overloaded = () => Object.assign(new Error("too much"), { retryable: true, overloaded: true });
export const permanent = () => new Error("broken for good");

type Script = {
  /** What `begin` answers for an order; absent means stale. */
  begun?: BegunCommand[];
  /** What a report of this attempt is answered with; absent means nothing more to do. */
  next?: (item: ReportItem) => ReportAnswer;
  beginFails?: (() => Error)[];
  reportFails?: (() => Error)[];
  eventFails?: (() => Error)[];
  knowsOrders?: boolean;
  reportTakesMs?: number;
};

/** A coordinator that follows a script, and a gateway, a clock and a parking place to go with it. */
export function aWorld(script: Script, gateway: Partial<Gateway> = {}) {
  const calls = {
    begin: [] as PaymentMessage[][],
    report: [] as ReportItem[][],
    events: [] as GatewayEvent[],
  };
  const ran: BegunCommand[] = [];
  const parked: ParkedMessageRow[] = [];
  const logged: LogEntry[] = [];
  const failures = {
    begin: [...(script.beginFails ?? [])],
    report: [...(script.reportFails ?? [])],
    event: [...(script.eventFails ?? [])],
    park: [] as (() => Error)[],
  };
  const failNext = (queue: (() => Error)[]) => {
    const failure = queue.shift();
    if (failure !== undefined) throw failure();
  };

  const state: PaymentsApi = {
    async begin(messages): Promise<BeginAnswer[]> {
      calls.begin.push(messages);
      failNext(failures.begin);
      return messages.map(({ orderId }) => script.begun?.find((one) => one.orderId === orderId) ?? null);
    },
    async report(items): Promise<ReportAnswer[]> {
      calls.report.push(items);
      if (script.reportTakesMs !== undefined)
        await new Promise((done) => setTimeout(done, script.reportTakesMs));
      failNext(failures.report);
      return items.map((item) => script.next?.(item) ?? null);
    },
    async gatewayEvents(events) {
      calls.events.push(...events);
      failNext(failures.event);
      return events.map(() => script.knowsOrders ?? true);
    },
  };

  const answer = async (command: BegunCommand): Promise<Outcome> => succeeded(`ref-of-${command.key}`);
  const whole: Gateway = {
    session: answer,
    authorize: answer,
    capture: answer,
    void: answer,
    refund: answer,
    resolve: answer,
    ...gateway,
  };
  const recorded = Object.fromEntries(
    Object.entries(whole).map(([method, act]) => [
      method,
      (command: BegunCommand, nowMs: number) => {
        ran.push(command);
        return act(command, nowMs);
      },
    ]),
  ) as unknown as Gateway;

  let aheadMs = 0;
  const lingering: Promise<unknown>[] = [];
  const deps: Deps = {
    state,
    gateways: { sandbox: recorded },
    parking: {
      async park(rows) {
        failNext(failures.park);
        parked.push(...rows);
      },
    },
    webhookSecrets: { sandbox: WEBHOOK_SECRET },
    gatewayConcurrency: 6,
    clock: {
      now: () => Date.now() + aheadMs,
      after(ms, act) {
        const timer = setTimeout(act, ms / 10);
        return () => clearTimeout(timer);
      },
      turn: systemClock.turn,
    },
    random: () => 0.5,
    log: (entry) => logged.push(entry),
  };
  return {
    deps,
    calls,
    ran,
    parked,
    logged,
    failures,
    lifetime: { waitUntil: (work: Promise<unknown>) => void lingering.push(work) },
    lingered: () => Promise.all(lingering),
    /** Lets the clock jump, without any waiting. */
    jump: (ms: number) => {
      aheadMs += ms;
    },
    reported: () => calls.report.flat(),
  };
}
