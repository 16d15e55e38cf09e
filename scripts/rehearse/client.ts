import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { Problem, type RefusalCode } from "../../schema/refusals.ts";
import type { Endpoint } from "./endpoints.ts";
import type { Patience } from "./patience.ts";
import { createTraffic, noteLatency, noteUnexpected, type Traffic } from "./traffic.ts";

export type Request = {
  method: "GET" | "POST" | "DELETE";
  path: string;
  address: string;
  session?: string;
  key?: string;
  body?: unknown;
};

export type Reply<Value> =
  | { ok: true; value: Value }
  /** `unreachable`: no answer, or none that may be relied on; nobody knows whether it was carried out. */
  | { ok: false; code: RefusalCode | "unreachable"; retryAfterMs: number | null; skuId?: string };

const REQUEST_TIMEOUT_MS = 20_000;
/** Beside the requests: a stream stays open for as long as there is something to tell. */
const STREAMS_MAX = 32;
const BACKOFF_BASE_MS = 100;
const BACKOFF_MAX_MS = 2_000;

type ClientOptions = {
  url: string;
  connections: number;
  /** The runtime will be killed: then, and only then, may an answer fail to come or be a 5xx. */
  expectsCrashes: boolean;
  random: () => number;
  /** By which everybody's `untilMs` is meant. */
  patience: Patience;
};

/**
 * The crowd's connection to the public API: at most `connections` requests at once, each timed from when it is sent. Every
 * answer is held against the contract; what it does not declare is counted and the shopper sees `unreachable`.
 */
export class EdgeClient {
  readonly traffic: Traffic = createTraffic();
  readonly patience: Patience;
  readonly #pool: Pool;
  readonly #streams: Pool;
  readonly #options: ClientOptions;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.patience = options.patience;
    this.#free = options.connections;
    const times = {
      headersTimeout: REQUEST_TIMEOUT_MS,
      bodyTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: 4_000,
    };
    this.#pool = new Pool(options.url, { connections: options.connections, ...times });
    this.#streams = new Pool(options.url, { connections: STREAMS_MAX, ...times });
  }

  /** One try. `isUrgent` goes before all that wait for a connection: a picture that is late is worth nothing. */
  async ask<Value>(
    endpoint: Endpoint<Value>,
    request: Request,
    { isUrgent = false } = {},
  ): Promise<Reply<Value>> {
    if (this.#free > 0) this.#free -= 1;
    else {
      await new Promise<void>((granted) =>
        isUrgent ? this.#waiting.unshift(granted) : this.#waiting.push(granted),
      );
    }
    const startedAt = performance.now();
    try {
      const { status, text, retryAfter } = await this.#send(request);
      noteLatency(this.traffic, endpoint.name, performance.now() - startedAt);
      return this.#judge(endpoint, { status, text, retryAfter });
    } catch (error) {
      this.traffic.unreachable += 1;
      if (!this.#options.expectsCrashes) noteUnexpected(this.traffic, `${endpoint.name}: ${describe(error)}`);
      return { ok: false, code: "unreachable", retryAfterMs: null };
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }

  /**
   * The same request, with the same key, until it has a real answer or `untilMs` has come: no connection, 5xx, "too many
   * requests" and "still running" are not answers.
   */
  async persist<Value>(endpoint: Endpoint<Value>, request: Request, untilMs: number): Promise<Reply<Value>> {
    for (let tries = 1; ; tries++) {
      const reply = await this.ask(endpoint, request);
      if (reply.ok || !isPassing(reply.code)) return reply;
      const backoffMs = this.#options.random() * Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** tries);
      const waitMs = Math.min(BACKOFF_MAX_MS, reply.retryAfterMs ?? 0) + backoffMs;
      if (this.patience.nowMs() + waitMs > untilMs) {
        this.traffic.gaveUp += 1;
        return reply;
      }
      this.traffic.retries += 1;
      await sleep(waitMs);
    }
  }

  /**
   * The events of one stream, their `data` as it was sent, until it ends, breaks off or `untilMs` comes. Whoever reads them
   * asks in the ordinary way afterwards: a stream is never all that one relies on.
   */
  async *events(name: string, request: Request, untilMs: number): AsyncGenerator<string, void> {
    const startedAt = performance.now();
    try {
      const { statusCode, headers, body } = await this.#streams.request({
        method: request.method,
        path: request.path,
        headers: headersOf(request),
        signal: AbortSignal.timeout(Math.max(0, untilMs - this.patience.nowMs())),
      });
      noteLatency(this.traffic, name, performance.now() - startedAt);
      const isStream = statusCode === 200 && String(headers["content-type"]).startsWith("text/event-stream");
      if (!isStream) {
        const text = await body.text();
        if (statusCode < 500 || !this.#options.expectsCrashes)
          noteUnexpected(this.traffic, `${name}: ${statusCode} ${text.slice(0, 200)}`);
        return;
      }
      let read = "";
      for await (const chunk of body.setEncoding("utf8")) {
        const blocks = `${read}${chunk}`.split("\n\n");
        read = blocks.pop() ?? "";
        for (const block of blocks) {
          const data = block.split("\n").find((line) => line.startsWith("data: "));
          if (data !== undefined) yield data.slice("data: ".length);
        }
      }
    } catch (error) {
      const isOver = this.patience.nowMs() >= untilMs;
      if (!isOver && !this.#options.expectsCrashes)
        noteUnexpected(this.traffic, `${name}: ${describe(error)}`);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#streams.destroy()]);
  }

  async #send(request: Request) {
    const { method, path, body } = request;
    const headers = headersOf(request);
    const response = await this.#pool.request({
      method,
      path,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    });
    return {
      status: response.statusCode,
      text: await response.body.text(),
      retryAfter: response.headers["retry-after"],
    };
  }

  #judge<Value>(
    endpoint: Endpoint<Value>,
    { status, text, retryAfter }: { status: number; text: string; retryAfter: string | string[] | undefined },
  ): Reply<Value> {
    const surprise = (words: string): Reply<Value> => {
      noteUnexpected(this.traffic, `${endpoint.name}: ${words}`);
      return { ok: false, code: "unreachable", retryAfterMs: null };
    };
    const json = parseJson(text);
    if (status === endpoint.status) {
      const parsed = endpoint.shape.safeParse(json);
      if (parsed.success) return { ok: true, value: parsed.data };
      return surprise(`${status} without the declared shape: ${text.slice(0, 200)}`);
    }
    if (status >= 500) {
      this.traffic.serverErrors += 1;
      if (this.#options.expectsCrashes) return { ok: false, code: "unavailable", retryAfterMs: null };
    }
    const problem = Problem.safeParse(json);
    if (!problem.success) return surprise(`${status} that is no problem document: ${text.slice(0, 200)}`);
    const { code } = problem.data;
    this.traffic.refusals[code] = (this.traffic.refusals[code] ?? 0) + 1;
    const isDeclared =
      problem.data.status === status && (endpoint.refusals.includes(code) || PASSING.has(code));
    if (!isDeclared || status >= 500)
      noteUnexpected(this.traffic, `${endpoint.name}: ${status} ${code} ${problem.data.detail ?? ""}`);
    const seconds = Number(retryAfter);
    const retryAfterMs = problem.data.retryAfterMs ?? (Number.isFinite(seconds) ? seconds * 1_000 : null);
    const { skuId } = problem.data;
    return { ok: false, code, retryAfterMs, ...(skuId === undefined ? {} : { skuId }) };
  }
}

/** Any write may be told these; whoever is asks again with the same key. */
const PASSING: ReadonlySet<string> = new Set<RefusalCode>([
  "rate_limited",
  "request_in_progress",
  "unavailable",
  "internal",
]);

const isPassing = (code: string) => code === "unreachable" || PASSING.has(code);

function headersOf({ address, session, key, body }: Request): Record<string, string> {
  const headers: Record<string, string> = { "cf-connecting-ip": address };
  if (session !== undefined) headers.authorization = `Bearer ${session}`;
  if (key !== undefined) headers["idempotency-key"] = key;
  if (body !== undefined) headers["content-type"] = "application/json";
  return headers;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function describe(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return `${code ?? ""} ${message ?? String(error)}`.trim();
}
