import { describe, expect, test } from "vitest";
import { WaitingEntryAnswer } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { admitted, fakeEdge } from "./edge-fakes.ts";
import { DROP, OPENS_AT, SKU } from "./edge-samples.ts";

const LIST = `/v1/drops/${DROP}/waiting-list`;

async function waiting() {
  const edge = fakeEdge();
  const caller = await admitted(edge);
  const body = { pass: caller.pass, skuId: SKU, quantity: 2 };
  const joined = await caller.post(LIST, body, { "Idempotency-Key": "wait-1" });
  const entry = `${LIST}/${joined.body.reservationId}?sku=${SKU}`;
  return { edge, caller, body, joined, entry };
}

describe("a waiting list", () => {
  test("is joined with a pass and a key, and the repeat is the same entry", async () => {
    const { edge, caller, body, joined } = await waiting();
    expect(joined.status).toBe(201);
    expect(WaitingEntryAnswer.parse(joined.body)).toMatchObject({
      skuId: SKU,
      quantity: 2,
      state: "waiting",
      ahead: 0,
      offer: null,
      pollAfterMs: LIMITS.waitingPollMs,
    });
    expect((await caller.post(LIST, body, { "Idempotency-Key": "wait-1" })).body).toEqual(joined.body);
    const other = await caller.post(LIST, { ...body, quantity: 1 }, { "Idempotency-Key": "wait-1" });
    expect(other.body.code).toBe("idempotency_key_reused");
    expect(edge.state.waiting.size).toBe(1);
  });

  test("is not joined without a pass of this drop and shopper", async () => {
    const { edge, caller, body } = await waiting();
    const other = await admitted(edge);
    for (const pass of [other.pass, caller.ticket, "nonsense"])
      expect((await caller.post(LIST, { ...body, pass }, { "Idempotency-Key": "wait-2" })).body.code).toBe(
        "pass_invalid",
      );
    expect(edge.state.waiting.size).toBe(1);
  });

  test("tells an offer with its deadline, to its own shopper alone", async () => {
    const { edge, caller, entry, joined } = await waiting();
    const id = joined.body.reservationId;
    const known = edge.state.waiting.get(id);
    if (known)
      known.entry = { ...known.entry, state: "offered", ahead: null, offerEndsAtMs: OPENS_AT + 60_000 };
    expect((await caller.get(entry)).body).toMatchObject({
      state: "offered",
      ahead: null,
      offer: { reservationId: id, expiresAtMs: OPENS_AT + 60_000 },
      pollAfterMs: null,
    });
    const other = await admitted(edge);
    expect((await other.get(entry)).body.code).toBe("waiting_entry_not_found");
    expect((await caller.get(`${LIST}/rsv_1?sku=${SKU}`)).body.code).toBe("waiting_entry_not_found");
    expect((await caller.get(`${LIST}/${id}`)).body.code).toBe("invalid_request");
  });

  test("is left, and a repeat changes nothing", async () => {
    const { edge, caller, entry } = await waiting();
    for (const _ of [1, 2])
      expect(
        await edge.send(entry, { method: "DELETE", headers: { Authorization: `Bearer ${caller.session}` } }),
      ).toMatchObject({ status: 200, body: { state: "left", offer: null } });
  });
});
