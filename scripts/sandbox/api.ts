import { createHash } from "node:crypto";
import * as z from "zod";
import { BeaconFaults } from "./beacon/faults.ts";
import type { Relay } from "./beacon/relay.ts";
import { chooseFault, type Fault, Faults, faultOfToken } from "./faults.ts";
import {
  type Answer,
  authorize,
  type Books,
  expireSession,
  KEY_LIFE_MS,
  type Move,
  movePayment,
  once,
  openSession,
  refusal,
  showPayment,
  showSession,
  type Write,
} from "./operations.ts";
import type { Outbox } from "./outbox.ts";

const OrderRef = z.string().min(1).max(128);
const AmountMinor = z.int().min(0).max(1_000_000_000);
const CurrencyCode = z.string().regex(/^[A-Z]{3}$/);

const SessionBody = z.object({
  order: OrderRef,
  amountMinor: AmountMinor,
  currency: CurrencyCode,
  returnUrl: z.url({ protocol: /^https?$/ }).max(2_048),
  expiresAtMs: z.int().min(0),
});
const PaymentBody = z.object({
  order: OrderRef,
  amountMinor: AmountMinor,
  currency: CurrencyCode,
  token: z.string().min(1).max(255),
});
/** Only whole amounts are captured and voided; without an amount all that is left is refunded. */
const MoveBody = z.object({ amountMinor: AmountMinor.optional() });

/** Paths whose reads are counted; a longer rehearsal starts to count anew. */
const READ_PATHS_MAX = 100_000;

export interface ApiRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  key: string | null;
  body: string;
}

/** What to do about a request: when and whether it is carried out, and then how. */
export interface Plan {
  fault: Fault;
  act: () => { answer: Answer; replayed: boolean };
}

const plain = (answer: Answer): Plan => ({ fault: "none", act: () => ({ answer, replayed: false }) });

/** The gateway's `/v1` and `/control`. Decides nothing by itself: `plan` says what would happen, `server.ts` lets it happen. */
export function createApi(
  books: Books,
  control: { relay: Relay; setFaults: (faults: Faults) => void; counters: () => unknown; outbox: Outbox },
) {
  const readTries = new Map<string, number>();

  function plan(request: ApiRequest): Plan {
    const [area, kind, id, verb, ...rest] = request.path.split("/").slice(1);
    if (rest.length > 0) return plain(refusal(404, "not_found"));
    if (area === "control" && id === undefined) return plain(controlled(request, kind));
    if (area === "mails" && kind === undefined && request.method === "POST") {
      return plain(control.outbox.post(request.key, request.body));
    }
    if (area !== "v1" || kind === undefined) return plain(refusal(404, "not_found"));
    if (request.method === "GET" && id !== undefined && verb === undefined)
      return planRead(request, kind, decodeURIComponent(id));
    if (request.method !== "POST") return plain(refusal(405, "method_not_allowed"));
    if (kind === "sessions" && id !== undefined && verb === "expire") return planRead(request, "expire", id);
    return planWrite(request, { kind, id, verb });
  }

  /** Reads, and expiring a session, need no key: they misbehave by their path and how often it was asked for. */
  function planRead({ path }: ApiRequest, kind: string, id: string): Plan {
    const nth = (readTries.get(path) ?? 0) + 1;
    if (readTries.size >= READ_PATHS_MAX) readTries.clear();
    readTries.set(path, nth);
    const act = () => ({ answer: books.ledger.transact(() => read(kind, id)), replayed: false });
    return { fault: chooseFault(books.faults(), path, nth), act };
  }

  function read(kind: string, id: string): Answer {
    if (kind === "sessions" || kind === "expire") {
      const session = books.ledger.session(id);
      if (session === undefined) return refusal(404, "session_not_found");
      const isOver = kind === "expire" || session.expiresAtMs <= books.nowMs();
      return isOver ? expireSession(books, session) : { status: 200, body: showSession(books, session) };
    }
    if (kind === "payments") {
      const payment = books.ledger.payment(id);
      return payment === undefined
        ? refusal(404, "payment_not_found")
        : { status: 200, body: showPayment(payment) };
    }
    if (kind !== "operations") return refusal(404, "not_found");
    const operation = books.ledger.recall(id, books.nowMs() - KEY_LIFE_MS);
    if (operation === undefined) return refusal(404, "operation_not_found");
    const { key, atMs, status, body } = operation;
    return {
      status: 200,
      body: { key, operation: operation.operation, atMs, status, body: JSON.parse(body) },
    };
  }

  function planWrite(
    request: ApiRequest,
    target: { kind: string; id: string | undefined; verb: string | undefined },
  ): Plan {
    const { key } = request;
    if (key === null) return plain(refusal(400, "idempotency_key_missing"));
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) return plain(refusal(400, "idempotency_key_invalid"));
    const intent = readIntent(request, target);
    if ("status" in intent) return plain(intent);
    const nth = books.ledger.countTry(key);
    const write: Write = { key, nth, fingerprint: fingerprintOf(request) };
    const ofToken = faultOfToken(intent.token, intent.operation, nth);
    return {
      fault: ofToken === "none" ? chooseFault(books.faults(), key, nth) : ofToken,
      act: () => once(books, write, () => intent.act(write)),
    };
  }

  type Intent = { operation: string; token: string | null; act: (write: Write) => Answer };

  function readIntent(
    request: ApiRequest,
    { kind, id, verb }: { kind: string; id: string | undefined; verb: string | undefined },
  ): Intent | Answer {
    if (kind === "sessions" && id === undefined) {
      const body = parse(SessionBody, request.body);
      if (body === null) return refusal(400, "invalid_request");
      return { operation: "session", token: null, act: (write) => openSession(books, write, body) };
    }
    if (kind === "payments" && id === undefined) {
      const body = parse(PaymentBody, request.body);
      if (body === null) return refusal(400, "invalid_request");
      return { operation: "authorize", token: body.token, act: (write) => authorize(books, write, body) };
    }
    if (kind === "payments" && id !== undefined && isMove(verb)) return readMove(request.body, id, verb);
    return refusal(404, "not_found");
  }

  function readMove(text: string, id: string, move: Move): Intent | Answer {
    const body = parse(MoveBody, text === "" ? "{}" : text);
    const payment = books.ledger.payment(id);
    if (payment === undefined) return refusal(404, "payment_not_found");
    if (body === null) return refusal(400, "invalid_request");
    const isPart = body.amountMinor !== undefined && body.amountMinor !== payment.amountMinor;
    if (isPart && move !== "refund") return refusal(400, "amount_mismatch");
    const act = (write: Write) => {
      // Read again: this may run seconds later, and another request may have moved the payment meanwhile.
      const current = books.ledger.payment(id) ?? payment;
      const left = move === "refund" ? current.capturedMinor - current.refundedMinor : current.amountMinor;
      return movePayment(books, write, { move, payment: current, amountMinor: body.amountMinor ?? left });
    };
    return { operation: move, token: payment.token, act };
  }

  function controlled({ method, query, body }: ApiRequest, kind: string | undefined): Answer {
    if (kind === "faults" && method === "PUT") {
      const faults = parse(Faults, body);
      if (faults === null) return refusal(400, "invalid_request");
      control.setFaults(faults);
      return { status: 200, body: faults };
    }
    if (kind === "faults" && method === "GET") return { status: 200, body: books.faults() };
    if (kind === "beacon" && method === "PUT") {
      const next = parse(BeaconFaults, body);
      if (next === null) return refusal(400, "invalid_request");
      control.relay.setFaults(next);
      return { status: 200, body: next };
    }
    if (kind === "beacon" && method === "GET")
      return { status: 200, body: { faults: control.relay.faults(), asked: control.relay.asked() } };
    if (kind === "mails" && method === "GET") return control.outbox.list(query);
    if (kind === "ledger" && method === "GET") return ledgerPage(Number(query.get("after") ?? 0));
    return refusal(404, "not_found");
  }

  function ledgerPage(after: number): Answer {
    if (!Number.isSafeInteger(after) || after < 0) return refusal(400, "invalid_request");
    const rows = books.ledger.operationsAfter(after);
    const last = rows.at(-1)?.seq ?? after;
    const operations = rows.map(({ fingerprint: _, body, ...row }) => ({ ...row, body: JSON.parse(body) }));
    const payments = books.ledger.paymentsMadeBetween(after, last);
    const isLast = rows.length === 0 || books.ledger.operationsAfter(last).length === 0;
    const webhooks = books.ledger.deliveryCounts();
    return {
      status: 200,
      body: { operations, payments, next: isLast ? null : last, webhooks, injected: control.counters() },
    };
  }

  return { plan };
}

const isMove = (verb: string | undefined): verb is Move =>
  verb === "capture" || verb === "void" || verb === "refund";

function parse<Shape extends z.ZodType>(shape: Shape, text: string): z.infer<Shape> | null {
  try {
    return shape.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function fingerprintOf({ method, path, body }: ApiRequest): string {
  return createHash("sha256").update(`${method} ${path}\n${body}`).digest("hex");
}
