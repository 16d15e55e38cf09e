import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { DropQueue } from "../../durable-objects/drop-queue/drop-queue.ts";
import { LIMITS } from "../../schema/limits.ts";
import { reserveItem } from "../unit/sku-stock-fakes.ts";
import { freshSku, setClock, useClock } from "./fresh.ts";

useClock();

const NEVER_MS = 3_000;
const LOOK_EVERY_MS = 5;

/** The deadline of a call comes as soon as `isDue`; every other timer as it was set. It fires in the object that set it. */
function withDeadlines(isDue: () => boolean) {
  const set = globalThis.setTimeout.bind(globalThis);
  return vi.spyOn(globalThis, "setTimeout").mockImplementation(((act: () => void, ms?: number) => {
    const look = () => (isDue() ? act() : set(look, LOOK_EVERY_MS));
    return ms === LIMITS.lineCallTimeoutMs ? set(look, 0) : set(act, ms);
  }) as typeof setTimeout);
}

test("a line that does not answer holds a SKU's alarm no longer than the limit, and hears of the level by the next", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const one = await freshSku({ stock: 3 });
  await one.rpc().reserve([reserveItem(1)]);
  let hasAnswered = false;
  const push = vi.spyOn(DropQueue.prototype, "pushLevel").mockImplementation(async () => {
    await new Promise((done) => setTimeout(done, NEVER_MS));
    hasAnswered = true;
  });
  const deadlines = withDeadlines(() => push.mock.calls.length > 0);
  await runDurableObjectAlarm(one.stub());
  expect([push.mock.calls.length, hasAnswered]).toEqual([1, false]);

  const alarmAtMs = await runInDurableObject(one.stub(), (_, { storage }) => storage.getAlarm());
  expect(alarmAtMs).toBe(Date.now() + one.terms.levelPushIntervalMs);
  deadlines.mockRestore();
  push.mockImplementation(async () => {});
  setClock(alarmAtMs ?? 0);
  await runDurableObjectAlarm(one.stub());
  expect(push.mock.calls.map(([told]) => told.level.reserved)).toEqual([1, 1]);
});
