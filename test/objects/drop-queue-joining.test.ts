import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { LineStore } from "../../durable-objects/drop-queue/store.ts";
import { LIMITS } from "../../schema/limits.ts";
import { OPENS_AT_MS } from "../unit/sku-stock-fakes.ts";
import { line, lineNamespaceStub, setClock, useClock } from "./fresh.ts";
import { asked, join, log, publishedDrop, range, record, snapshot, tick, tickets } from "./lining-up.ts";

useClock(OPENS_AT_MS - 60_000);

describe("joining", () => {
  test("opens with the lobby, ends with the drop, at exact milliseconds", async () => {
    const dropId = await publishedDrop();
    setClock(OPENS_AT_MS - 600_001);
    expect(await line(dropId).join(...asked(1))).toMatchObject({
      refusal: { code: "drop_not_open", retryAfterMs: 1 },
    });
    setClock(OPENS_AT_MS - 600_000);
    expect(await join(dropId, 1)).toEqual([
      { cohort: 0, chunk: 0, isHeldApart: false, cohortClosesAtMs: OPENS_AT_MS },
    ]);
    setClock(OPENS_AT_MS);
    expect(await join(dropId, 2)).toMatchObject([{ cohort: 1 }]);
    setClock(OPENS_AT_MS + 3_600_000);
    expect(await line(dropId).join(...asked(3))).toMatchObject({ refusal: { code: "drop_closed" } });
  });

  test("is idempotent within a cohort: in a batch, over batches, and after an eviction", async () => {
    const dropId = await publishedDrop();
    await line(dropId).join(...asked(1, 2, 1));
    await line(dropId).join(...asked(2, 3));
    await evictDurableObject(lineNamespaceStub(dropId));
    await line(dropId).join(...asked(1, 2, 3, 4));
    expect((await log(dropId)).flatMap(({ people }) => people)).toEqual([1, 2, 3, 4]);
    expect(await snapshot(dropId)).toMatchObject({ joined: 4 });
  });

  test("once more in a later cohort is the first place again, after an eviction too", async () => {
    const dropId = await publishedDrop();
    await line(dropId).join(...asked(1));
    setClock(OPENS_AT_MS + 1);
    const first = { cohort: 0, cohortClosesAtMs: OPENS_AT_MS };
    expect(await join(dropId, 1, 2)).toMatchObject([first, { cohort: 1 }]);
    await evictDurableObject(lineNamespaceStub(dropId));
    expect(await join(dropId, 2, 1)).toMatchObject([{ cohort: 1 }, first]);
    expect(await log(dropId)).toEqual([
      { cohort: 0, people: [1] },
      { cohort: 1, people: [2] },
    ]);
  });

  test("costs 16 bytes a person and, after a tick, no row", async () => {
    const dropId = await publishedDrop();
    for (let from = 0; from < 3_000; from += 100) await line(dropId).join(...asked(...range(from, 100)));
    expect(await log(dropId)).toHaveLength(30);
    await tick(dropId);
    const rows = await log(dropId);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.people).toEqual(range(0, 3_000));
    const tables = await runInDurableObject(lineNamespaceStub(dropId), (_, { storage }) =>
      ["ticket_log", "cohorts", "steps", "skus", "drops"].map(
        (table) => storage.sql.exec<{ rows: number }>(`SELECT COUNT(*) AS rows FROM ${table}`).one().rows,
      ),
    );
    expect(tables).toEqual([1, 1, 0, 1, 1]);
  });

  test("keeps its order over folds into chunks of the greatest size, and over the batches that follow", async () => {
    const dropId = await publishedDrop();
    let joined = 0;
    for (const sizes of [range(0, 6).map(() => 1_000), [1, 900, 1_000], [1_000, 1_000, 1_000, 7]]) {
      for (const size of sizes) {
        await line(dropId).join(...asked(...range(joined, size)));
        joined += size;
      }
      await tick(dropId);
      const rows = await log(dropId);
      expect(rows.flatMap(({ people }) => people)).toEqual(range(0, joined));
      expect(rows).toHaveLength(Math.ceil(joined / LIMITS.ticketsPerChunkMax));
    }
  });

  test("of more people than a chunk takes in one batch does not stop the line or change its order", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const dropId = await publishedDrop();
    const sizes = [2_500, LIMITS.ticketsPerChunkMax, 2_500];
    let joined = 0;
    for (const size of sizes) {
      await line(dropId).join(...asked(...range(joined, size)));
      joined += size;
    }
    setClock(OPENS_AT_MS);
    await tick(dropId);
    expect((await log(dropId)).flatMap(({ people }) => people)).toEqual(range(0, joined));
    expect((await record(dropId)).cohorts).toHaveLength(1);
  });
});

describe("a cohort", () => {
  test("has no seed before its end, one after its close, and takes nobody any more", async () => {
    const dropId = await publishedDrop();
    await line(dropId).join(...asked(1, 2));
    setClock(OPENS_AT_MS - 1);
    await line(dropId).knock();
    const seeds = () =>
      runInDurableObject(lineNamespaceStub(dropId), (_, { storage }) =>
        storage.sql.exec("SELECT seed FROM cohorts WHERE seed IS NOT NULL").toArray(),
      );
    expect(await seeds()).toEqual([]);
    expect(await line(dropId).closedCohorts(-1)).toEqual({ ok: true, value: [] });
    setClock(OPENS_AT_MS);
    // The alarm has not fired yet: the cohort is over all the same.
    expect(await join(dropId, 3)).toMatchObject([{ cohort: 1 }]);
    await tick(dropId);
    const closed = await line(dropId).closedCohorts(-1);
    expect(closed).toMatchObject({ value: [{ cohort: 0, count: 2, closedAtMs: OPENS_AT_MS }] });
    expect(closed.ok && closed.value[0]?.seed).toMatch(/^[0-9a-f]{64}$/);
    await line(dropId).knock();
    await runInDurableObject(lineNamespaceStub(dropId), (instance) => instance.alarm());
    expect(await line(dropId).closedCohorts(-1)).toEqual(closed);
  });

  test("that is closed stays closed, though the clock steps back", async () => {
    const dropId = await publishedDrop();
    await line(dropId).join(...asked(1));
    setClock(OPENS_AT_MS);
    await tick(dropId);
    setClock(OPENS_AT_MS - 1_000);
    expect(await join(dropId, 2)).toMatchObject([{ cohort: 1 }]);
  });

  test("is immutable once closed, and so is each step: the tables refuse", async () => {
    const dropId = await publishedDrop();
    await line(dropId).join(...asked(1));
    setClock(OPENS_AT_MS);
    await tick(dropId);
    await runInDurableObject(lineNamespaceStub(dropId), (_, { storage: { sql } }) => {
      expect(() => sql.exec("UPDATE cohorts SET count = 9")).toThrow("never changes");
      expect(() => sql.exec("UPDATE cohorts SET seed = NULL, closed_at_ms = NULL")).toThrow("never changes");
      expect(() => sql.exec("UPDATE steps SET rank = 0.1")).toThrow("public history");
      expect(() => sql.exec("DELETE FROM steps")).toThrow("public history");
    });
  });

  test("cannot be deleted once closed, nor be joined behind its back", async () => {
    const dropId = await publishedDrop();
    await line(dropId).join(...asked(1));
    setClock(OPENS_AT_MS);
    await tick(dropId);
    await runInDurableObject(lineNamespaceStub(dropId), (_, { storage }) => {
      const { sql } = storage;
      expect(() => sql.exec("DELETE FROM cohorts")).toThrow("never goes");
      const store = new LineStore(storage);
      expect(() => store.atomically(() => store.log.append(0, tickets(2)))).toThrow("never changes");
    });
    expect((await log(dropId)).flatMap(({ people }) => people)).toEqual([1]);
  });
});
