import { describe, expect, test } from "vitest";
import { PASSES, RESERVATIONS } from "./edge-challenged.ts";
import { admitted, fakeEdge } from "./edge-fakes.ts";
import { OPENS_AT, snapshotOf } from "./edge-samples.ts";

describe("a paused line", () => {
  test("gives no pass, and takes no new basket on a pass that was given before; a repeat gets its first answer", async () => {
    const edge = fakeEdge();
    const owner = await admitted(edge);
    const basket = { pass: owner.pass, lines: [{ skuId: "runner-42" }] };
    const first = await owner.post(RESERVATIONS, basket, { "Idempotency-Key": "before" });
    edge.state.snapshot$ = { ...edge.state.snapshot$, isPaused: true };
    edge.clock.set(OPENS_AT + 2_000);
    const refusedPass = await owner.post(PASSES, { ticket: owner.ticket });
    expect([refusedPass.status, refusedPass.body.code]).toEqual([409, "drop_paused"]);
    expect(refusedPass.body.retryAfterMs).toBeGreaterThan(0);
    const fresh = await owner.post(RESERVATIONS, basket, { "Idempotency-Key": "during" });
    expect([fresh.status, fresh.body.code]).toEqual([409, "drop_paused"]);
    const repeat = await owner.post(RESERVATIONS, basket, { "Idempotency-Key": "before" });
    expect(repeat.body).toEqual(first.body);
    edge.state.snapshot$ = { ...edge.state.snapshot$, isPaused: false };
    edge.clock.set(OPENS_AT + 4_000);
    expect((await owner.post(PASSES, { ticket: owner.ticket })).status).toBe(201);
    expect((await owner.post(RESERVATIONS, basket, { "Idempotency-Key": "during" })).status).toBe(201);
  });
});

describe("a turn that was not claimed in time", () => {
  test("stands by until standby is open, and may have its pass then", async () => {
    const edge = fakeEdge();
    const owner = await admitted(edge);
    const at = async (afterMs: number, changes: Parameters<typeof snapshotOf>[0]) => {
      edge.clock.set(OPENS_AT + afterMs);
      edge.state.snapshot$ = snapshotOf({ watermark: { cohort: 0, rank: 1 }, ...changes });
      return (await owner.post(PASSES, { ticket: owner.ticket })).body;
    };
    const late = { standbyBefore: { cohort: 0, rank: 1 } };
    expect(await at(700_000, late)).toMatchObject({ code: "standing_by", status: 409 });
    expect((await at(702_000, { ...late, isStandbyOpen: true })).pass).toBeDefined();
    expect((await at(704_000, { ...late, isStandbyOpen: true, isPaused: true })).code).toBe("drop_paused");
    expect((await at(706_000, { ...late, phase: "sold_out" })).code).toBe("sold_out");
    expect((await at(7_200_000, { ...late, phase: "closed" })).pass).toBeDefined();
  });
});
