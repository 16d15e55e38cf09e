import { describe, expect, test } from "vitest";
import { wakeObjects } from "../../durable-objects/preflight/probe.ts";
import { type DropId, type SkuId, shardOfDrop } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { probeSandbox } from "../../workers/payments/gateways/sandbox-probe.ts";
import { level, NOW } from "./preflight-world.ts";

describe("the sandbox gateway is asked", () => {
  const answering =
    (status: number, code: string, headers = {}) =>
    async () =>
      Response.json({ error: { code } }, { status, headers });
  const probe = (fetch: () => Promise<Response>) =>
    probeSandbox({ url: "http://gateway", apiKey: "key", fetch }, () => NOW);

  test("and is well when it takes the key and tells its time", async () => {
    const date = new Date(NOW).toUTCString();
    expect(await probe(answering(404, "payment_not_found", { date }))).toEqual({
      gateway: "sandbox",
      refusal: null,
      reading: { askedAtMs: NOW, heardAtMs: NOW, clockMs: NOW },
    });
  });

  test.each<[string, () => Promise<Response>, RegExp]>([
    ["refuses the key", answering(401, "unauthorized"), /SANDBOX_API_KEY/],
    ["is another server", answering(404, "not_found"), /status 404/],
    ["fails", answering(500, "internal"), /status 500/],
    ["is away", () => Promise.reject(new TypeError("fetch failed")), /does not answer at all/],
    ["hangs", () => Promise.reject(new DOMException("", "TimeoutError")), /does not answer in time/],
  ])("and is not when it %s", async (_, fetch, expected) => {
    expect((await probe(fetch)).refusal).toMatch(expected);
  });
});

test("objects are made where the crowd is by their very first call, and nothing is written", async () => {
  const first = new Map<string, unknown>();
  const called: string[] = [];
  const namespace = (answers: object) => ({
    getByName(name: string, options: unknown) {
      if (!first.has(name)) first.set(name, options);
      const stub = { clockMs: async () => NOW, ...answers };
      return new Proxy(stub, {
        get(target, method) {
          called.push(String(method));
          return Reflect.get(target, method);
        },
      });
    },
  });
  const env = {
    DROP_QUEUE: namespace({}),
    ORDER_COORDINATOR: namespace({}),
    LIMIT_GUARD: namespace({}),
    SKU_STOCK: namespace({ audit: async () => ({ level }) }),
  } as unknown as StateEnv;
  const target = { dropId: "spring" as DropId, skuIds: ["runner-42" as SkuId], near: "apac" as const };
  const probes = await wakeObjects(env, target);
  expect(probes.every(({ isAwake }) => isAwake)).toBe(true);
  expect([...first.keys()].sort()).toEqual(
    [
      `orders/${shardOfDrop(target.dropId)}`,
      "spring/drop",
      ...Array.from({ length: LIMITS.limitShardCount }, (_, shard) => `spring/limit/${shard}`),
      "spring/sku/runner-42",
    ].sort(),
  );
  for (const options of first.values()) expect(options).toEqual({ locationHint: "apac" });
  expect(new Set(called)).toEqual(new Set(["clockMs", "audit"]));
});
