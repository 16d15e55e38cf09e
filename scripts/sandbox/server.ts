import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createApi } from "./api.ts";
import { BeaconFaults } from "./beacon/faults.ts";
import { LOCAL_BEACON_PATH } from "./beacon/local-beacon.ts";
import { createRelay } from "./beacon/relay.ts";
import { startCourier } from "./courier.ts";
import { Faults } from "./faults.ts";
import { openLedger } from "./ledger.ts";
import { type Answer, authorize, type Books, expireSession, refusal } from "./operations.ts";
import { createOutbox } from "./outbox.ts";
import { expiredPage, missingPage, type Page, pageHeaders, payPage } from "./page.ts";
import { createSiteverify } from "./turnstile/siteverify.ts";
import { widgetScript } from "./turnstile/widget.ts";

const BODY_MAX_BYTES = 64 * 1024;
const EXPIRY_TICK_MS = 250;
const CARD_MAX_CHARS = 64;
const KEEP_ALIVE_MS = 65_000;

export interface SandboxOptions {
  /** A loopback port; 0 takes any that is free. */
  port: number;
  /** Where the ledger file lives; null keeps it in memory. */
  dir: string | null;
  apiKey: string;
  /** `whsec_` and the key in base64. */
  webhookSecret: string;
  /** null: no webhooks are sent, they only pile up. */
  webhookUrl: string | null;
  faults?: Partial<Faults> | undefined;
  beaconFaults?: Partial<BeaconFaults> | undefined;
  /** Where shoppers' browsers reach the hosted pages, when that is not `url`. */
  publicUrl?: string | undefined;
  nowMs?: (() => number) | undefined;
}

export interface Sandbox {
  url: string;
  setFaults(faults: Partial<Faults>): void;
  /** How the local beacon misbehaves from now on. */
  setBeaconFaults(faults: Partial<BeaconFaults>): void;
  /** Cuts every connection; what was answered is in the ledger file. */
  close(): Promise<void>;
}

/**
 * A payment gateway that misbehaves on command and keeps books about it. What it answered with 2xx, 402 or 409
 * survives `kill -9` when `dir` is given. It listens on the loopback address only and moves no money.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const nowMs = options.nowMs ?? Date.now;
  const ledger = openLedger(options.dir);
  const closing = new AbortController();
  const injected: Record<string, number> = {};
  let faults = Faults.parse(options.faults ?? {});
  let url = "";

  const books: Books = { ledger, nowMs, faults: () => faults, pagesUrl: () => options.publicUrl ?? url };
  const relay = createRelay(nowMs);
  relay.setFaults(BeaconFaults.parse(options.beaconFaults ?? {}));
  const api = createApi(books, {
    relay,
    setFaults: (next) => (faults = next),
    counters: () => injected,
    outbox: createOutbox(nowMs),
  });
  const courier = startCourier({ ledger, nowMs, url: options.webhookUrl, secret: options.webhookSecret });
  const siteverify = createSiteverify(nowMs);
  const expectedKey = digest(`Bearer ${options.apiKey}`);

  async function answerApi(
    request: IncomingMessage,
    response: ServerResponse,
    { pathname, searchParams }: URL,
  ) {
    if (!timingSafeEqual(digest(request.headers.authorization ?? ""), expectedKey)) {
      return sendJson(response, refusal(401, "unauthorized"));
    }
    const body = await readBody(request);
    if (body === null) return sendJson(response, refusal(413, "body_too_large"));
    const isControl = pathname.startsWith("/control/") || pathname === "/mails";
    if (!isControl) await wait(faults.latencyMs);
    const key = request.headers["idempotency-key"]?.toString() ?? null;
    const { fault, act } = api.plan({
      method: request.method ?? "",
      path: pathname,
      query: searchParams,
      key,
      body,
    });
    if (fault !== "none") injected[fault] = (injected[fault] ?? 0) + 1;
    if (fault === "timeout_before") return hang(response);
    if (fault === "error") return sendJson(response, refusal(500, "internal"));
    if (fault === "late") await wait(faults.lateMs);
    const { answer, replayed } = act();
    courier.wake();
    if (fault === "timeout_after") return hang(response);
    sendJson(response, answer, replayed ? { "idempotent-replayed": "true" } : {});
  }

  async function answerPage(request: IncomingMessage, response: ServerResponse, sessionId: string) {
    const body = request.method === "POST" ? await readBody(request) : "";
    const session = ledger.session(sessionId);
    if (session === undefined || body === null) return sendPage(response, missingPage(), null);
    const form = new URLSearchParams(body);
    const outcome = ledger.transact(() => decideOnPage(session.id, form));
    courier.wake();
    if (outcome === "return") {
      response.writeHead(303, { location: session.returnUrl, "cache-control": "no-store" }).end();
      return;
    }
    const page =
      outcome === "over" ? expiredPage(session) : payPage(session, { wasDeclined: outcome === "declined" });
    sendPage(response, page, session.returnUrl);
  }

  function decideOnPage(sessionId: string, form: URLSearchParams): "return" | "over" | "declined" | "show" {
    const action = form.get("action");
    const card = form.get("card")?.slice(0, CARD_MAX_CHARS);
    const session = ledger.session(sessionId);
    if (session?.status === "authorized") return "return";
    if (session?.status !== "open") return "over";
    if (session.expiresAtMs <= nowMs()) {
      expireSession(books, session);
      return "over";
    }
    if (action === "cancel") {
      expireSession(books, session);
      return "return";
    }
    if (action !== "pay" && action !== "decline") return "show";
    ledger.countSessionTry(session.id);
    const { order, amountMinor, currency } = session;
    const write = { key: null, fingerprint: null, nth: session.tries + 1 };
    // Whoever pays here types another card, unless the form says which.
    const token = `${action === "decline" ? "tok_declined" : "tok_ok"}#${card ?? session.id}`;
    const answer = authorize(books, write, { order, amountMinor, currency, token, sessionId: session.id });
    return answer.status === 201 ? "return" : "declined";
  }

  /** Public, like the service it stands in for: its secret comes in the body. */
  async function answerTurnstile(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
  ): Promise<void> {
    if (path === "/turnstile/v0/api.js") {
      response.writeHead(200, { "content-type": "text/javascript", "cache-control": "no-store" });
      response.end(widgetScript());
      return;
    }
    if (path !== "/turnstile/v0/siteverify" || request.method !== "POST")
      return sendJson(response, refusal(404, "not_found"));
    const body = await readBody(request);
    if (body === null) return sendJson(response, refusal(413, "body_too_large"));
    sendJson(response, siteverify.answer(request.headers["content-type"] ?? "", body));
  }

  async function hang(response: ServerResponse): Promise<void> {
    await wait(faults.hangMs);
    response.destroy();
  }

  /** @throws AbortError when the sandbox closes meanwhile. */
  async function wait(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: closing.signal });
  }

  /** Open to everybody and without latency, as a public beacon is. */
  async function answerRound(response: ServerResponse, path: string): Promise<void> {
    const answer = relay.answer(path);
    if (answer !== "hang") return sendJson(response, answer);
    await wait(faults.hangMs);
    response.destroy();
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = new URL(request.url ?? "/", "http://sandbox");
    if (request.method === "GET" && target.pathname.startsWith(`${LOCAL_BEACON_PATH}/`)) {
      return answerRound(response, target.pathname.slice(LOCAL_BEACON_PATH.length));
    }
    const [, area, sessionId, ...rest] = target.pathname.split("/");
    if (
      area === "pay" &&
      sessionId !== undefined &&
      rest.length === 0 &&
      /^(GET|HEAD|POST)$/.test(request.method ?? "")
    ) {
      return answerPage(request, response, sessionId);
    }
    if (area === "turnstile") return answerTurnstile(request, response, target.pathname);
    return answerApi(request, response, target);
  }

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    answer(request, response).catch((error) => {
      if (closing.signal.aborted) return;
      console.error(JSON.stringify({ level: "error", event: "sandbox_failed", reason: String(error) }));
      if (!response.headersSent) sendJson(response, refusal(500, "internal"));
    });
  });
  const expiring = setInterval(() => {
    const due = ledger.openSessionsPast(nowMs());
    for (const session of due) ledger.transact(() => expireSession(books, session));
    if (due.length > 0) courier.wake();
  }, EXPIRY_TICK_MS);

  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    server.listen(options.port, "127.0.0.1", listening);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    setFaults: (next) => {
      faults = Faults.parse(next);
    },
    setBeaconFaults: (next) => relay.setFaults(BeaconFaults.parse(next)),
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      clearInterval(expiring);
      courier.close();
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
      ledger.close();
    },
  };
}

const digest = (text: string) => createHash("sha256").update(text).digest();

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function sendJson(
  response: ServerResponse,
  { status, body }: Answer,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(body);
  const length = Buffer.byteLength(text);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": length,
    "cache-control": "no-store",
    ...headers,
  });
  response.end(text);
}

function sendPage(response: ServerResponse, { status, html }: Page, returnUrl: string | null): void {
  response.writeHead(status, pageHeaders(returnUrl)).end(html);
}
