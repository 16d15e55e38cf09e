import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { REFUSALS, type RefusalCode } from "../../schema/refusals.ts";
import { EdgeClient } from "../../scripts/rehearse/client.ts";
import { ENDPOINTS } from "../../scripts/rehearse/endpoints.ts";
import { Patience } from "../../scripts/rehearse/patience.ts";

type Scripted = { status: number; body: unknown } | "hang up";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A shop that gives these answers one after the other, then the last one again. */
async function scripted(answers: Scripted[], { expectsCrashes = false, connections = 4 } = {}) {
  const seen: IncomingMessage[] = [];
  let busy = 0;
  let busiest = 0;
  const server = createServer((request, response) => {
    seen.push(request);
    busiest = Math.max(busiest, ++busy);
    const answer = answers[Math.min(seen.length, answers.length) - 1] ?? "hang up";
    setTimeout(() => {
      busy -= 1;
      if (answer === "hang up") request.socket.destroy();
      else
        response
          .writeHead(answer.status, { "content-type": "application/json" })
          .end(JSON.stringify(answer.body));
    }, 5);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new EdgeClient({
    url,
    connections,
    expectsCrashes,
    random: () => 0,
    patience: new Patience(),
  });
  closers.push(
    () => client.close(),
    () => new Promise((closed) => server.close(closed)),
  );
  return { client, seen, busiest: () => busiest };
}

const refusal = (code: RefusalCode): Scripted => ({
  status: REFUSALS[code].status,
  body: {
    type: "about:blank",
    title: REFUSALS[code].title,
    status: REFUSALS[code].status,
    code,
    requestId: "1",
  },
});
const session: Scripted = {
  status: 201,
  body: { shopperId: `shp_${"0".repeat(32)}`, session: "token", expiresAtMs: 1 },
};
const request = {
  method: "POST",
  path: "/v1/sessions",
  address: "10.0.0.1",
  key: "key-1",
  body: {},
} as const;
const soon = () => Date.now() + 5_000;

describe("the crowd's client", () => {
  test("gives back a declared answer and times it", async () => {
    const { client, seen } = await scripted([session]);
    expect(await client.ask(ENDPOINTS.session, request)).toMatchObject({
      ok: true,
      value: { session: "token" },
    });
    expect(client.traffic).toMatchObject({ requests: 1, unexpected: { count: 0 } });
    expect(seen[0]?.headers).toMatchObject({ "cf-connecting-ip": "10.0.0.1", "idempotency-key": "key-1" });
  });

  test("gives back a declared refusal and counts it", async () => {
    const { client } = await scripted([refusal("sold_out")]);
    expect(await client.ask(ENDPOINTS.reserve, request)).toMatchObject({ ok: false, code: "sold_out" });
    expect(client.traffic).toMatchObject({ refusals: { sold_out: 1 }, unexpected: { count: 0 } });
  });

  test.each<[string, Scripted]>([
    ["a code that this route does not declare", refusal("sold_out")],
    ["a server error", refusal("internal")],
    ["a success of another shape", { status: 201, body: { hello: 1 } }],
    ["another status", { status: 200, body: { hello: 1 } }],
    ["an error that is no problem document", { status: 502, body: "Bad gateway" }],
    ["a closed connection", "hang up"],
  ])("counts %s as unexpected", async (_, answer) => {
    const { client } = await scripted([answer]);
    expect((await client.ask(ENDPOINTS.session, request)).ok).toBe(false);
    expect(client.traffic.unexpected.count).toBe(1);
  });

  test("forgives server errors and closed connections only when the runtime is being killed", async () => {
    const { client } = await scripted(
      [refusal("internal"), "hang up", { status: 502, body: "" }, refusal("sold_out")],
      {
        expectsCrashes: true,
      },
    );
    for (let count = 0; count < 4; count++) await client.ask(ENDPOINTS.session, request);
    expect(client.traffic).toMatchObject({ serverErrors: 2, unreachable: 1, unexpected: { count: 1 } });
  });

  test("asks again with the same key until there is an answer", async () => {
    const { client, seen } = await scripted(
      ["hang up", refusal("unavailable"), refusal("request_in_progress"), session],
      {
        expectsCrashes: true,
      },
    );
    expect((await client.persist(ENDPOINTS.session, request, soon())).ok).toBe(true);
    expect(seen.map((entry) => entry.headers["idempotency-key"])).toEqual([
      "key-1",
      "key-1",
      "key-1",
      "key-1",
    ]);
    expect(client.traffic.retries).toBe(3);
  });

  test("does not ask again after a refusal that is an answer, nor for ever", async () => {
    const refused = await scripted([refusal("sold_out")]);
    await refused.client.persist(ENDPOINTS.reserve, request, soon());
    expect(refused.seen).toHaveLength(1);
    const down = await scripted([refusal("unavailable")], { expectsCrashes: true });
    expect(await down.client.persist(ENDPOINTS.session, request, Date.now() - 1)).toMatchObject({
      code: "unavailable",
    });
    expect(down.client.traffic.gaveUp).toBe(1);
  });

  test("never has more requests under way than it may", async () => {
    const { client, busiest } = await scripted([session], { connections: 3 });
    await Promise.all(Array.from({ length: 20 }, () => client.ask(ENDPOINTS.session, request)));
    expect(busiest()).toBe(3);
    expect(client.traffic.requests).toBe(20);
  });
});

describe("a stream of events", () => {
  /** A shop that writes these pieces one after the other, then ends the stream or breaks it off. */
  async function streaming(pieces: string[], { breaksOff = false, expectsCrashes = false } = {}) {
    const server = createServer(async (request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
      for (const piece of pieces) {
        response.write(piece);
        await new Promise((written) => setTimeout(written, 5));
      }
      if (breaksOff) request.socket.destroy();
      else response.end();
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = new EdgeClient({
      url,
      connections: 4,
      expectsCrashes,
      random: () => 0,
      patience: new Patience(),
    });
    closers.push(
      () => client.close(),
      () => new Promise((closed) => server.close(closed)),
    );
    return client;
  }
  const watched = { method: "GET", path: "/v1/orders/1/events", address: "10.0.0.1" } as const;
  async function eventsOf(client: EdgeClient): Promise<string[]> {
    const events: string[] = [];
    for await (const data of client.events("events", watched, soon())) events.push(data);
    return events;
  }

  test("is read event by event, wherever it is cut, without comments", async () => {
    const client = await streaming([
      "retry: 2000\n\nevent: order\nid: a\nda",
      "ta: 1\n\n: here\n\ndata: ü",
      "\n\n",
    ]);
    expect(await eventsOf(client)).toEqual(["1", "ü"]);
    expect(client.traffic).toMatchObject({ requests: 1, unexpected: { count: 0 } });
  });

  test("that breaks off is a surprise only where nobody is killed, and what came before it counts", async () => {
    const calm = await streaming(["data: 1\n\n"], { breaksOff: true });
    expect(await eventsOf(calm)).toEqual(["1"]);
    expect(calm.traffic.unexpected.count).toBe(1);
    const killed = await streaming(["data: 1\n\n"], { breaksOff: true, expectsCrashes: true });
    expect(await eventsOf(killed)).toEqual(["1"]);
    expect(killed.traffic.unexpected.count).toBe(0);
  });

  test("that is none is told", async () => {
    const { client } = await scripted([refusal("order_not_found")]);
    expect(await eventsOf(client)).toEqual([]);
    expect(client.traffic.unexpected.words.join()).toMatch(/events: 404/);
  });
});
