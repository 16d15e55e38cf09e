import { expect, test } from "vitest";
import { defaultOptions } from "../../scripts/rehearse/options.ts";
import { silentProgress } from "../../scripts/rehearse/progress.ts";
import { rehearse } from "../../scripts/rehearse/rehearsal.ts";

const HELD = {
  oversold: 0,
  doubleCaptures: 0,
  capturedWithoutOrder: 0,
  acknowledgedLost: 0,
  limitBroken: 0,
  orderInversions: 0,
};

test("a crowd of 150 buys out 40 units, and every book agrees with every other", async () => {
  const result = await rehearse(defaultOptions({ shoppers: 150, stock: 40, seed: 11 }), silentProgress);
  expect({ failures: result.failures, violations: result.violations }).toEqual({
    failures: [],
    violations: [],
  });
  expect(result.guarantees).toEqual(HELD);
  expect(result.figures.unexpected).toBe(0);
  expect(result.figures.purchases).toBeGreaterThan(20);
  expect(result.figures.audited.reservationRepeats).toBeGreaterThan(0);
  expect(result.figures.audited.orderRepeats).toBeGreaterThan(0);
  expect(result.figures.refusals).toMatchObject({ idempotency_key_reused: expect.any(Number) });
});

test("with a misbehaving gateway and two kills, orders end right or end canceled, and no money is left behind", async () => {
  const options = defaultOptions({ shoppers: 120, stock: 60, seed: 12, faults: true, kills: 2 });
  const result = await rehearse(options, silentProgress);
  expect({ failures: result.failures, violations: result.violations }).toEqual({
    failures: [],
    violations: [],
  });
  expect(result.guarantees).toEqual(HELD);
  expect(result.figures.kills).toBe(2);
  expect(Object.keys(result.figures.gateway.faults).length).toBeGreaterThan(0);
  expect(result.figures.purchases).toBeGreaterThan(0);
  // Whatever of it nobody did would prove nothing.
  expect(result.figures.audited.placesToldOnWaitingLists).toBeGreaterThan(0);
  expect(result.figures.audited.offersTold).toBeGreaterThan(0);
  expect(result.figures.audited.commandsAcknowledged).toBeGreaterThan(0);
  expect(result.figures.endpoints).toMatchObject({ events: expect.anything(), cancel: expect.anything() });
  expect(result.figures.refusals).toMatchObject({
    shopper_limit_reached: expect.any(Number),
    terms_not_accepted: expect.any(Number),
  });
});
