import { describe, expect, test } from "vitest";
import type { OrderAnswer } from "../../schema/http.ts";
import type { OrderId, ShopperId } from "../../schema/ids.ts";
import type { PlaceItem } from "../../schema/rpc/orders.ts";
import { createEdge } from "../../workers/edge/edge.ts";
import { createStreams } from "../../workers/edge/streams.ts";
import { TUNING } from "../../workers/edge/tuning.ts";
import { eventIdOf, watchOrder } from "../../workers/edge/verbs/watch-order.ts";
import { fakeLifetime, settle } from "./edge-clock.ts";
import { fakeDeps, fakeEdge } from "./edge-fakes.ts";
import { OPENS_AT } from "./edge-samples.ts";

const ORDER = `ord_00${"1".repeat(32)}` as OrderId;
const SHOPPER = `shp_${"2".repeat(32)}` as ShopperId;

function aStream() {
  const fakes = fakeDeps();
  const { state } = fakes;
  const answer = {
    orderId: ORDER,
    dropId: "runner",
    status: "processing",
    money: "none",
    updatedAtMs: OPENS_AT,
    pollAfterMs: 1_000,
  } as OrderAnswer;
  state.orders.set(ORDER, { item: { shopperId: SHOPPER } as PlaceItem, answer });
  const act = { edge: createEdge(fakes.deps), lifetime: fakeLifetime() };
  const watch = (lastEventId?: string, shopperId = SHOPPER) =>
    watchOrder(act, { orderId: ORDER, shopperId, lastEventId });
  const answerNow = () => state.orders.get(ORDER)?.answer as OrderAnswer;
  return { ...fakes, act, watch, answerNow };
}

/** Reads a stream as far as it goes by itself; `text` grows with the clock. */
async function listen(opened: Awaited<ReturnType<ReturnType<typeof aStream>["watch"]>>) {
  if (!opened.ok || opened.value.body === null) throw new Error("no stream");
  const reader = opened.value.body.getReader();
  const heard = { text: "", isOver: false, leave: () => reader.cancel() };
  const decoder = new TextDecoder();
  const listening = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      heard.text += decoder.decode(value);
    }
    heard.isOver = true;
  };
  void listening();
  await settle();
  return heard;
}

const eventsIn = (text: string) =>
  [...text.matchAll(/^event: order\nid: (\S+)\ndata: (.+)\n\n/gm)].map(([, id, data]) => ({
    id,
    status: JSON.parse(data ?? "").status,
  }));

describe("an order's stream", () => {
  test("says how it stands, then only what changes, and ends when it is settled", async () => {
    const stream = aStream();
    const heard = await listen(await stream.watch());
    expect(heard.text).toMatch(/^retry: \d+\n\n/);
    expect(eventsIn(heard.text).map(({ status }) => status)).toEqual(["processing"]);
    await stream.clock.advance(5_000);
    expect(eventsIn(heard.text)).toHaveLength(1);
    stream.state.change(ORDER, { status: "confirmed", pollAfterMs: null });
    await stream.clock.advance(1_000);
    expect(eventsIn(heard.text).map(({ status }) => status)).toEqual(["processing", "confirmed"]);
    expect(heard.isOver).toBe(true);
    expect(stream.clock.pending).toBe(0);
  });

  test("costs what polls cost: one look each time the answer asks for it", async () => {
    const stream = aStream();
    await listen(await stream.watch());
    await stream.clock.advance(10_000);
    expect(stream.state.calls.readOrders).toBe(11);
    stream.state.change(ORDER, { pollAfterMs: 30_000 });
    await stream.clock.advance(1_000);
    await stream.clock.advance(29_000);
    expect(stream.state.calls.readOrders).toBe(12);
  });

  test("does not say again what the client has, and tells who has it all to ask no more", async () => {
    const stream = aStream();
    const heard = await listen(await stream.watch(eventIdOf(stream.answerNow())));
    expect(eventsIn(heard.text)).toEqual([]);
    stream.state.change(ORDER, { status: "confirmed", pollAfterMs: null });
    await stream.clock.advance(1_000);
    const [last] = eventsIn(heard.text);
    const again = await stream.watch(last?.id);
    expect(again).toMatchObject({ ok: true, value: { status: 204 } });
    const late = await listen(await stream.watch("something older"));
    expect(eventsIn(late.text)).toEqual([last]);
  });

  test("gives a sign of life when it has been silent, and ends after its time", async () => {
    const stream = aStream();
    const heard = await listen(await stream.watch());
    await stream.clock.advance(TUNING.streamHeartbeatMs - 1);
    expect(heard.text).not.toContain("still here");
    await stream.clock.advance(1);
    expect(heard.text.match(/^: still here\n\n/gm)).toHaveLength(1);
    await stream.clock.advance(TUNING.streamMaxMs - TUNING.streamHeartbeatMs - 1);
    expect(heard.isOver).toBe(false);
    await stream.clock.advance(1);
    expect(heard.isOver).toBe(true);
  });

  test("goes on over a look that got no answer", async () => {
    const stream = aStream();
    const heard = await listen(await stream.watch());
    const { readOrders } = stream.state;
    stream.state.readOrders = () => Promise.reject(new Error("reset"));
    await stream.clock.advance(2_000);
    stream.state.readOrders = readOrders;
    stream.state.change(ORDER, { status: "confirmed", pollAfterMs: null });
    await stream.clock.advance(2_000);
    expect(eventsIn(heard.text).at(-1)?.status).toBe("confirmed");
  });

  test("stops looking when its client leaves, and frees its place", async () => {
    const stream = aStream();
    const heard = await listen(await stream.watch());
    await heard.leave();
    await settle();
    expect(stream.clock.pending).toBe(0);
    await stream.clock.advance(10_000);
    expect(stream.state.calls.readOrders).toBe(1);
  });

  test("is refused for somebody else's order", async () => {
    const stranger = `shp_${"3".repeat(32)}` as ShopperId;
    expect(await aStream().watch(undefined, stranger)).toMatchObject({
      refusal: { code: "order_not_found" },
    });
  });
});

describe("the places of an isolate", () => {
  const [ADA, BOB, EVE] = ["a", "b", "c"].map((digit) => `shp_${digit.repeat(32)}` as ShopperId) as [
    ShopperId,
    ShopperId,
    ShopperId,
  ];

  test("are so many and no more, and one that nobody gave back is free after its time", () => {
    let nowMs = 0;
    const streams = createStreams({ now: () => nowMs }, { max: 2, shopperMax: 2, lastMs: 100 });
    const back = streams.take(ADA);
    expect(streams.take(BOB)).not.toBeNull();
    expect(streams.take(EVE)).toBeNull();
    back?.();
    back?.();
    expect(streams.take(EVE)).not.toBeNull();
    expect(streams.take(ADA)).toBeNull();
    nowMs = 100;
    expect(streams.take(ADA)).not.toBeNull();
  });

  test("are not all for one shopper", () => {
    let nowMs = 0;
    const streams = createStreams({ now: () => nowMs }, { max: 10, shopperMax: 2, lastMs: 100 });
    const back = streams.take(ADA);
    expect(streams.take(ADA)).not.toBeNull();
    expect(streams.take(ADA)).toBeNull();
    expect(streams.take(BOB)).not.toBeNull();
    back?.();
    expect(streams.take(ADA)).not.toBeNull();
    expect(streams.take(ADA)).toBeNull();
    nowMs = 100;
    expect(streams.take(ADA)).not.toBeNull();
  });

  test("are not taken by HEAD, which reads no stream", async () => {
    const edge = fakeEdge();
    const caller = await edge.open();
    const answer = { orderId: ORDER, status: "processing", pollAfterMs: 1_000 } as OrderAnswer;
    edge.state.orders.set(ORDER, { item: { shopperId: caller.shopperId } as PlaceItem, answer });
    const headers = { Authorization: `Bearer ${caller.session}` };
    const path = `/v1/orders/${ORDER}/events`;
    for (let asked = 0; asked <= TUNING.streamsPerShopperMax; asked += 1) {
      const head = await edge.send(path, { method: "HEAD", headers });
      expect([head.status, head.headers.get("Content-Type")]).toEqual([
        200,
        "text/event-stream; charset=utf-8",
      ]);
    }
    expect(edge.clock.pending).toBe(0);
    const opened = await edge.app.request(`https://shop.example${path}`, { headers }, {}, {
      waitUntil: () => {},
    } as unknown as ExecutionContext);
    expect(opened.status).toBe(200);
    await opened.body?.cancel();
  });
});
