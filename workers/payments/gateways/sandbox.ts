import type * as z from "zod";
import type { BegunCommand, Outcome } from "../../../schema/rpc/payments.ts";
import type { Operation } from "../../../schema/statuses.ts";
import type { LogEntry } from "../deps.ts";
import { declined, type Gateway, succeeded, unknown } from "./port.ts";
import {
  ask,
  OperationShown,
  PaymentShown,
  Refused,
  type Reply,
  SessionOpened,
  SessionShown,
  type WireOptions,
  type WireRequest,
} from "./sandbox-wire.ts";

/** How a payment stands once an operation on it is done. */
const DONE = { authorize: "authorized", capture: "captured", void: "voided", refund: "refunded" } as const;

/** Statuses by which this gateway refuses for good. Any other that is not 2xx leaves the outcome open. */
const DEFINITE = new Set([400, 402, 404, 409, 422]);

/** Refusals of the request's form or address: our fault, and they say nothing about the money. */
const OUR_FAULTS = new Set([
  "not_found",
  "idempotency_key_reused",
  "idempotency_key_missing",
  "idempotency_key_invalid",
]);

/** The sandbox gateway. Its keys live 24 h, and a repeat under the same key is answered as the first time. */
export function sandboxGateway(options: WireOptions & { log: (entry: LogEntry) => void }): Gateway {
  const gateway: Gateway = {
    async session(command) {
      const { amountMinor, currency, returnUrl, payByMs } = command;
      const body = { order: command.orderId, amountMinor, currency, returnUrl, expiresAtMs: payByMs };
      return settle(
        command,
        await ask(options, { method: "POST", path: "/v1/sessions", key: command.key, body }),
      );
    },
    async authorize(command) {
      if (command.token === null) return readSession(command, { isOver: false });
      const { amountMinor, currency, token } = command;
      const body = { order: command.orderId, amountMinor, currency, token };
      return settle(
        command,
        await ask(options, { method: "POST", path: "/v1/payments", key: command.key, body }),
      );
    },
    capture: (command) => move(command),
    void: (command) => move(command),
    refund: (command) => move(command),

    async resolve(command, nowMs) {
      if (command.operation === "authorize" && command.token === null) {
        return readSession(command, { isOver: nowMs >= command.payByMs });
      }
      const reply = await ask(options, {
        method: "GET",
        path: `/v1/operations/${encodeURIComponent(command.key)}`,
      });
      if (codeOf(reply) === "operation_not_found") {
        // The first request may still be on its way: only its own key makes sending it again safe.
        if (nowMs < command.keyExpiresAtMs) return gateway[command.operation](command);
        return readPayment(command, () => unknown("not_found_after_key_life"));
      }
      const recorded =
        reply.kind === "answered" && reply.status === 200 ? OperationShown.safeParse(reply.body) : null;
      if (!recorded?.success) return unexplained(command, reply);
      return settle(command, { kind: "answered", ...recorded.data });
    },
  };

  async function move(command: BegunCommand): Promise<Outcome> {
    const { operation, paymentRef, key, amountMinor } = command;
    if (paymentRef === null) return broken(command, "payment_ref_missing");
    const path = `/v1/payments/${encodeURIComponent(paymentRef)}/${operation}`;
    return settle(command, await ask(options, { method: "POST", path, key, body: { amountMinor } }));
  }

  /** What an answer to the command, given now or looked up, means. */
  async function settle(command: BegunCommand, reply: Reply): Promise<Outcome> {
    const { operation } = command;
    if (reply.kind === "silent") return unknown(reply.reason);
    if (reply.status >= 200 && reply.status < 300) {
      return operation === "session"
        ? readOpened(command, reply.body)
        : readMoved(command, operation, reply.body);
    }
    const code = codeOf(reply);
    if (code === null || OUR_FAULTS.has(code) || !DEFINITE.has(reply.status))
      return unexplained(command, reply);
    const isDoneAlready =
      operation !== "session" &&
      operation !== "authorize" &&
      (code === `already_${DONE[operation]}` || code === "refund_exceeds_captured");
    return isDoneAlready ? readPayment(command, () => declined(code)) : declined(code);
  }

  function readOpened(command: BegunCommand, body: unknown): Outcome {
    const opened = SessionOpened.safeParse(body);
    return opened.success
      ? succeeded(opened.data.id, { url: opened.data.url })
      : broken(command, "unparsable");
  }

  function readMoved(
    command: BegunCommand,
    operation: Exclude<Operation, "session">,
    body: unknown,
  ): Outcome {
    const payment = PaymentShown.safeParse(body);
    if (!payment.success) return broken(command, "unparsable");
    const { id, status, order, amountMinor, instrument } = payment.data;
    const isWhole = operation === "refund" || amountMinor === command.amountMinor;
    if (order !== command.orderId || !isWhole) return broken(command, "answer_differs");
    if (!isDone(command, payment.data)) return broken(command, `unexpected_${status}`);
    return operation === "authorize" ? succeeded(id, { instrument }) : succeeded(id);
  }

  /** Reads the payment itself: done is done, whoever did it. Anything readable that is not done is `otherwise`. */
  async function readPayment(command: BegunCommand, otherwise: () => Outcome): Promise<Outcome> {
    const { operation, paymentRef } = command;
    if (paymentRef === null || operation === "session" || operation === "authorize") return otherwise();
    const reply = await ask(options, {
      method: "GET",
      path: `/v1/payments/${encodeURIComponent(paymentRef)}`,
    });
    const payment =
      reply.kind === "answered" && reply.status === 200 ? PaymentShown.safeParse(reply.body) : null;
    if (!payment?.success) return unexplained(command, reply);
    return isDone(command, payment.data) ? readMoved(command, operation, payment.data) : otherwise();
  }

  /** The shopper pays at the gateway's page: there is nothing to send, only to look. Past its time the session is ended first. */
  async function readSession(command: BegunCommand, { isOver }: { isOver: boolean }): Promise<Outcome> {
    if (command.sessionRef === null) return broken(command, "session_ref_missing");
    const path = `/v1/sessions/${encodeURIComponent(command.sessionRef)}`;
    const request: WireRequest = isOver
      ? { method: "POST", path: `${path}/expire` }
      : { method: "GET", path };
    const reply = await ask(options, request);
    const session =
      reply.kind === "answered" && reply.status === 200 ? SessionShown.safeParse(reply.body) : null;
    if (!session?.success) return unexplained(command, reply);
    const { status, paymentId, instrument } = session.data;
    if (status === "expired") return declined("expired");
    if (status === "open") return unknown("open");
    if (paymentId === null) return broken(command, "payment_id_missing");
    return succeeded(paymentId, instrument === null ? {} : { instrument });
  }

  function unexplained(command: BegunCommand, reply: Reply): Outcome {
    if (reply.kind === "silent") return unknown(reply.reason);
    const isOurKeyWrong = reply.status === 401 || reply.status === 403;
    const isOurFault = isOurKeyWrong || (reply.status < 500 && reply.status !== 429);
    const reason = isOurKeyWrong ? "unauthorized" : (codeOf(reply) ?? `http_${reply.status}`);
    return isOurFault ? broken(command, reason) : unknown(reason);
  }

  /** Unknown, and somebody should look at why: our key, our request, or a gateway that changed. */
  function broken({ orderId, operation, attempt }: BegunCommand, reason: string): Outcome {
    options.log({
      level: "error",
      event: "gateway_needs_attention",
      gateway: "sandbox",
      reason,
      orderId,
      operation,
      attempt,
    });
    return unknown(reason);
  }

  return gateway;
}

/** A refund is of a part as often as not: it is done once so much more has gone back than before it. */
function isDone(
  { operation, refundedMinor, amountMinor }: BegunCommand,
  payment: z.infer<typeof PaymentShown>,
): boolean {
  if (operation === "refund") return payment.refundedMinor >= refundedMinor + amountMinor;
  return operation !== "session" && payment.status === DONE[operation];
}

function codeOf(reply: Reply): string | null {
  if (reply.kind === "silent") return null;
  const refused = Refused.safeParse(reply.body);
  return refused.success ? refused.data.error.code : null;
}
