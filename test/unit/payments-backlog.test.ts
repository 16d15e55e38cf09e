import { expect, test } from "vitest";
import { migrate } from "../../durable-objects/migrate.ts";
import { paymentsBacklog } from "../../durable-objects/order-coordinator/backlog.ts";
import { MIGRATIONS } from "../../durable-objects/order-coordinator/migrations.ts";
import { OrderStore } from "../../durable-objects/order-coordinator/store.ts";
import { memoryStorage } from "./order-storage.ts";

test("the backlog is the commands that no consumer has begun and how long the oldest waits; refunds wait on purpose", () => {
  const storage = memoryStorage();
  migrate(storage, MIGRATIONS);
  storage.sql.exec("PRAGMA foreign_keys = OFF");
  const store = new OrderStore(storage);
  expect(paymentsBacklog(store, 9_000)).toEqual({ waiting: 0, oldestWaitMs: 0 });
  const attempts = [
    ["a", "authorize", "due", 4_000],
    ["b", "capture", "due", 5_000],
    ["c", "refund", "due", 1_000],
    ["d", "authorize", "begun", 1_000],
    ["e", "authorize", "unknown", 1_000],
  ] as const;
  for (const [order, operation, state, atMs] of attempts)
    storage.sql.exec(
      `INSERT INTO attempts (order_id, attempt, operation, state, created_at_ms, next_at_ms, tries)
       VALUES (?, 1, ?, ?, ?, 0, 0)`,
      order,
      operation,
      state,
      atMs,
    );
  expect(paymentsBacklog(store, 9_000)).toEqual({ waiting: 2, oldestWaitMs: 5_000 });
  expect(paymentsBacklog(store, 3_000)).toEqual({ waiting: 2, oldestWaitMs: 0 });
  const plan = storage.sql
    .exec(
      "EXPLAIN QUERY PLAN SELECT COUNT(*) FROM attempts WHERE state <> 'final' AND state = 'due' AND operation <> 'refund'",
    )
    .toArray();
  expect(JSON.stringify(plan)).toContain("attempts_one_open");
});
