import { expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import type { KeyedReserveItem } from "../../schema/rpc/baskets.ts";
import { type Answer, admitted, fakeEdge } from "./edge-fakes.ts";
import { DROP } from "./edge-samples.ts";

const PATH = `/v1/drops/${DROP}/snapshot`;

const headersOf = ({ headers }: Answer) =>
  [...headers]
    .filter(([name]) => name !== "x-request-id")
    .toSorted(([one], [other]) => (one < other ? -1 : 1));

test("a snapshot that the isolate holds is answered as the operation answers it, without a call", async () => {
  const edge = fakeEdge();
  const declared = await edge.send(PATH);
  const hot = [await edge.send(PATH), await edge.send(PATH)];
  for (const answer of hot) {
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(declared.text);
    expect(headersOf(answer)).toEqual(headersOf(declared));
    expect(answer.headers.get("X-Request-Id")).toBe(hot[0]?.headers.get("X-Request-Id"));
  }
  expect(hot[0]?.headers.get("X-Request-Id")).not.toBe(declared.headers.get("X-Request-Id"));
  expect(edge.state.calls.snapshot).toBe(1);
});

test("a snapshot has the headers that its crowd needs, and no other", async () => {
  const edge = fakeEdge();
  const { headers } = await edge.send(PATH);
  expect(Object.fromEntries(headers)).toEqual({
    "access-control-allow-origin": "*",
    "cache-control": "public, max-age=1",
    "content-type": "application/json",
    "x-content-type-options": "nosniff",
    "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
});

test("a refused poll tells every origin's scripts when to come again", async () => {
  const edge = fakeEdge({ apiOrigins: new Set(["https://shop.example"]) });
  edge.state.snapshot = async () => {
    throw new Error("away");
  };
  const { status, headers } = await edge.send(PATH);
  expect([status, headers.get("Access-Control-Allow-Origin")]).toEqual([503, "*"]);
  expect(headers.get("Retry-After")).toMatch(/^\d+$/);
  expect(headers.get("Access-Control-Expose-Headers")).toContain("Retry-After");
});

test("it is held for a second, and then the next is told", async () => {
  const edge = fakeEdge();
  await edge.send(PATH);
  edge.state.snapshot$ = { ...edge.state.snapshot$, joined: 4_711 };
  await edge.clock.advance(LIMITS.snapshotTtlMs - 1);
  expect((await edge.send(PATH)).body.joined).not.toBe(4_711);
  await edge.clock.advance(1);
  // First by the operation, then from what this isolate holds.
  for (let polls = 0; polls < 2; polls++) expect((await edge.send(PATH)).body.joined).toBe(4_711);
  expect(edge.state.calls.snapshot).toBe(2);
});

test("another method, a query and a drop that is none go the usual way", async () => {
  const edge = fakeEdge();
  const { text } = await edge.send(PATH);
  expect(await edge.send(PATH, { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
  expect(await edge.send(`${PATH}?now=1`)).toMatchObject({ status: 200, text });
  expect(await edge.send(PATH, { method: "POST" })).toMatchObject({ status: 405 });
  await edge.send("/v1/drops/none/snapshot");
  expect(await edge.send("/v1/drops/none/snapshot")).toMatchObject({ status: 404 });
});

test("a basket of several lines holds up nobody's single unit", async () => {
  const edge = fakeEdge();
  const caller = await admitted(edge);
  const reserve = edge.state.reserve.bind(edge.state);
  edge.state.reserve = async (shard: number, items: KeyedReserveItem[]) =>
    items.some(({ lines }) => lines.length > 1) ? new Promise<never>(() => {}) : reserve(shard, items);
  const line = (skuId: string) => ({ skuId, quantity: 1 });
  const several = { pass: caller.pass, lines: [line("runner-42"), line("runner-43")] };
  const held = caller.post(`/v1/drops/${DROP}/reservations`, several, { "Idempotency-Key": "several" });
  const one = { pass: caller.pass, lines: [line("runner-43")] };
  const answer = await caller.post(`/v1/drops/${DROP}/reservations`, one, { "Idempotency-Key": "one" });
  expect(answer.status).toBe(201);
  await edge.clock.advance(LIMITS.combineFollowerMs);
  expect((await held).status).toBe(503);
});
