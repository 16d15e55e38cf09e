import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import type { DropQueue } from "../../durable-objects/drop-queue/drop-queue.ts";
import type { DropId } from "../../schema/ids.ts";
import { recordKeys, SignedRoot } from "../../schema/line.ts";
import { OPENS_AT_MS, reserveItem } from "../unit/sku-stock-fakes.ts";
import { document, freshDrop, line, lineNamespaceStub, pass, SKU, setClock, sku, useClock } from "./fresh.ts";

useClock(OPENS_AT_MS - 60_000);

const kv = (env as StateEnv).RECORD;
const tick = (dropId: DropId) => runDurableObjectAlarm(lineNamespaceStub(dropId));
const alarm = (dropId: DropId) =>
  runInDurableObject(lineNamespaceStub(dropId), (instance: DropQueue) => instance.alarm());

function tickets(from: number, count: number): [ids: Uint8Array, heldApart: Uint8Array] {
  const ids = new Uint8Array(16 * count);
  for (let index = 0; index < count; index += 1)
    new DataView(ids.buffer).setUint32(16 * index + 12, from + index + 1);
  return [ids, new Uint8Array(count)];
}

async function published(over: Record<string, unknown> = {}): Promise<DropId> {
  const dropId = freshDrop();
  const answer = await line(dropId).publish(document(dropId, over), "1".repeat(64));
  if (!answer.ok) throw new Error(answer.refusal.code);
  return dropId;
}
async function snapshot(dropId: DropId) {
  const answer = await line(dropId).snapshot();
  if (!answer.ok) throw new Error(answer.refusal.code);
  return answer.value;
}
/** All that the object says in public. */
async function publicRecord(dropId: DropId) {
  const parts = ["cohorts", "steps"] as const;
  return {
    head: await line(dropId).recordHead(),
    root: await line(dropId).recordPart({ kind: "root", cohort: 0 }),
    chunk: await line(dropId).recordPart({ kind: "chunk", cohort: 0, chunk: 0 }),
    pages: await Promise.all(parts.map((kind) => line(dropId).recordPart({ kind, page: 0 }))),
  };
}

test("a closed cohort's root and chunks are in KV, as the object has them", async () => {
  const dropId = await published();
  await line(dropId).join(...tickets(0, 20));
  setClock(OPENS_AT_MS);
  await tick(dropId);
  const { root, chunk } = await publicRecord(dropId);
  const stored = await kv.get(recordKeys.root(dropId, 0));
  expect(root).toEqual({ ok: true, value: { body: stored, isFinal: true } });
  expect(SignedRoot.parse(JSON.parse(stored ?? ""))).toMatchObject({ cohort: 0, count: 20 });
  const ids = new Uint8Array((await kv.get(recordKeys.chunk(dropId, 0, 0), "arrayBuffer")) ?? []);
  expect(chunk).toEqual({ ok: true, value: { body: ids, isFinal: true } });
  expect(ids).toEqual(tickets(0, 20)[0]);
});

test("KV that never answers holds up neither joins nor the alarm, and the line goes on when it does", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const dropId = await published();
  await line(dropId).join(...tickets(0, 20));
  setClock(OPENS_AT_MS);
  await runInDurableObject(lineNamespaceStub(dropId), async (instance: DropQueue) => {
    const own = vi.spyOn((instance as unknown as { env: StateEnv }).env.RECORD, "put");
    own.mockImplementation(() => new Promise(() => {}));
    await instance.alarm();
    own.mockRestore();
  });
  expect(await snapshot(dropId)).toMatchObject({ rootedThrough: -1, revealedThrough: -1, admitted: 0 });
  expect(await line(dropId).join(...tickets(100, 5))).toMatchObject({ ok: true });
  await evictDurableObject(lineNamespaceStub(dropId));
  pass(1_000);
  await tick(dropId);
  expect(await snapshot(dropId)).toMatchObject({ rootedThrough: 0, revealedThrough: 0, joined: 25 });
}, 20_000);

test("two alarms and a knock at once do what one does", async () => {
  const dropId = await published();
  await line(dropId).join(...tickets(0, 500));
  setClock(OPENS_AT_MS);
  await Promise.all([alarm(dropId), alarm(dropId), line(dropId).knock()]);
  const once = await publicRecord(dropId);
  await Promise.all([line(dropId).knock(), alarm(dropId)]);
  expect(await publicRecord(dropId)).toEqual(once);
  expect(await snapshot(dropId)).toMatchObject({ revealedThrough: 0 });
});

test("evicted between any two ticks, it says the same of what was, and goes on", async () => {
  const dropId = await published({ line: { admitPerSecond: 10, windowMs: 1_000 } });
  await line(dropId).join(...tickets(0, 200));
  setClock(OPENS_AT_MS);
  let admitted = 0;
  for (let turn = 1; turn <= 8; turn += 1) {
    await tick(dropId);
    await line(dropId).join(...tickets(1_000 * turn, 7));
    const before = await publicRecord(dropId);
    const picture = await snapshot(dropId);
    await evictDurableObject(lineNamespaceStub(dropId));
    expect(await publicRecord(dropId)).toEqual(before);
    expect(await snapshot(dropId)).toEqual(picture);
    expect(await line(dropId).join(...tickets(0, 3))).toMatchObject({
      value: [0, 1, 2].map(() => ({ ok: true, value: { cohort: 0, chunk: 0 } })),
    });
    expect(picture.admitted).toBeGreaterThanOrEqual(admitted);
    admitted = picture.admitted;
    pass(1_000);
  }
  expect(await snapshot(dropId)).toMatchObject({ joined: 256, revealedThrough: 7 });
});

test("times that were moved by hand reach the SKUs: nobody reserves after an end by hand, and the version stays", async () => {
  const dropId = await published();
  setClock(OPENS_AT_MS + 10_000);
  const ended = await line(dropId).command({ commandId: "end", act: { kind: "end" } });
  expect(ended).toMatchObject({ ok: true, value: { phase: "closed", closesAtMs: OPENS_AT_MS + 10_000 } });
  expect(await sku(dropId).reserve([reserveItem(1)])).toMatchObject([{ refusal: { code: "drop_closed" } }]);
  expect(await sku(dropId).audit(0, 0)).toMatchObject({ level: { skuId: SKU, stock: 5, available: 5 } });
});

test("opened by hand, its SKUs sell at once", async () => {
  const dropId = await published();
  expect(await sku(dropId).reserve([reserveItem(1)])).toMatchObject([{ refusal: { code: "drop_not_open" } }]);
  await line(dropId).command({ commandId: "open", act: { kind: "open" } });
  expect(await sku(dropId).reserve([reserveItem(1)])).toMatchObject([{ ok: true }]);
});

test("the chain, the key and what was judged of a ticket never leave the object", async () => {
  const dropId = await published();
  await line(dropId).join(tickets(0, 2)[0], new Uint8Array([1, 0]));
  setClock(OPENS_AT_MS);
  await tick(dropId);
  const secrets = await runInDurableObject(lineNamespaceStub(dropId), (_, { storage }) => {
    const row = storage.sql.exec("SELECT checkpoints, line_key FROM secrets").one();
    return Object.values(row).map((value) => Buffer.from(value as ArrayBuffer).toString("hex"));
  });
  const said = JSON.stringify([
    await publicRecord(dropId),
    await snapshot(dropId),
    await line(dropId).published(),
  ]);
  for (const secret of secrets)
    for (let at = 0; at < secret.length; at += 64) expect(said).not.toContain(secret.slice(at, at + 64));
  await expect(
    runInDurableObject(lineNamespaceStub(dropId), (_, { storage }) => {
      storage.sql.exec("UPDATE secrets SET links = 1");
    }),
  ).rejects.toThrow("drawn once");
});
