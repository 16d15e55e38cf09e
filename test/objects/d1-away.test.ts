import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { freshShop } from "./buying.ts";
import { pass, useClock } from "./fresh.ts";

useClock();

test("without D1 orders go on; what is owed to it waits, ever longer, and is made good when it is back", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  await env.DB.exec("ALTER TABLE orders RENAME TO orders_away");
  const shop = await freshShop();
  await shop.buy(1);
  await shop.pay(1);
  expect(await shop.audited(1)).toMatchObject({ status: "confirmed" });
  const waits: number[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    pass(turn === 0 ? 500 : (waits.at(-1) ?? 0));
    await shop.alarm();
    waits.push(await untilAlarmMs(shop));
  }
  expect(waits).toEqual([8_000, 16_000, 30_000, 30_000]);
  expect(logged.mock.calls.flat().join()).toContain("projection_failed");
  expect(await shop.audited(1)).toMatchObject({ projectedVersion: 0 });

  // Others buy meanwhile, and a command that is due does not wait for D1.
  await shop.buy(2);
  expect(await shop.begin(2, 1)).not.toBeNull();

  await env.DB.exec("ALTER TABLE orders_away RENAME TO orders");
  pass(30_000);
  await shop.alarm();
  const { results } = await env.DB.prepare("SELECT status FROM orders ORDER BY order_id").all<{
    status: string;
  }>();
  expect(results.map(({ status }) => status)).toEqual(["confirmed", "processing"]);
  const order = await shop.audited(1);
  expect(order?.projectedVersion).toBe(order?.version);
});

async function untilAlarmMs(shop: Awaited<ReturnType<typeof freshShop>>): Promise<number> {
  const atMs = await runInDurableObject(shop.stub(), (_, { storage }) => storage.getAlarm());
  return (atMs ?? 0) - Date.now();
}
