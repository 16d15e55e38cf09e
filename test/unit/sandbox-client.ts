import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import type { Sandbox, SandboxOptions } from "../../scripts/sandbox/server.ts";
import { startSandbox } from "../../scripts/sandbox/server.ts";

export const API_KEY = "sandbox-api-key-of-a-test";
export const WEBHOOK_SECRET = `whsec_${Buffer.from("a secret of exactly 32 bytes, ok").toString("base64")}`;

export const startTestSandbox = (options: Partial<SandboxOptions> = {}): Promise<Sandbox> =>
  startSandbox({
    port: 0,
    dir: null,
    apiKey: API_KEY,
    webhookSecret: WEBHOOK_SECRET,
    webhookUrl: null,
    ...options,
  });

export interface Told {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & { error?: { code: string } };
}

/** The gateway's API as a caller sees it. `timeoutMs` makes a hanging request fail soon. */
export function clientOf(url: string, { apiKey = API_KEY, timeoutMs = 5_000 } = {}) {
  async function call(method: string, path: string, { key, body }: { key?: string; body?: unknown } = {}) {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(key === undefined ? {} : { "idempotency-key": key }),
      },
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Told["body"],
    };
  }
  return {
    get: (path: string) => call("GET", path),
    put: (path: string, body: unknown) => call("PUT", path, { body }),
    post: (path: string, key: string | undefined, body?: unknown) =>
      call("POST", path, { ...(key === undefined ? {} : { key }), body }),
    pay: (order: string, token = "tok_ok", key = `${order}:authorize:1`) =>
      call("POST", "/v1/payments", { key, body: { order, amountMinor: 12_900, currency: "EUR", token } }),
    openSession: (order: string, expiresAtMs = Date.now() + 60_000) =>
      call("POST", "/v1/sessions", {
        key: `${order}:session:1`,
        body: {
          order,
          amountMinor: 12_900,
          currency: "EUR",
          returnUrl: `http://shop.test/orders/${order}`,
          expiresAtMs,
        },
      }),
    ledger: async (after = 0) =>
      (await call("GET", `/control/ledger?after=${after}`)).body as unknown as LedgerPage,
  };
}

export interface LedgerPage {
  operations: { seq: number; key: string | null; operation: string; outcome: string; order: string }[];
  payments: {
    id: string;
    order: string;
    capturedMinor: number;
    voidedMinor: number;
    refundedMinor: number;
  }[];
  next: number | null;
  webhooks: Record<string, number>;
  injected: Record<string, number>;
}

export interface Heard {
  headers: IncomingHttpHeaders;
  body: string;
}

/** Listens for webhooks; `answer` decides the status of each. */
export async function startListener(answer: (heard: Heard, nth: number) => number = () => 204) {
  const heard: Heard[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
    response.writeHead(answer(heard.at(-1) as Heard, heard.length)).end();
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    heard,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/sandbox`,
    types: () => heard.map(({ body }) => JSON.parse(body).type as string),
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((done) => server.close(() => done()));
    },
  };
}

let count = 0;
/** An order id that no other test uses. */
export const freshOrder = () =>
  `ord_00${Date.now().toString(16).padStart(16, "0")}${(++count).toString(16).padStart(16, "0")}`;
