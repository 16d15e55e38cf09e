import { describe, expect, test } from "vitest";
import { type Migration, migrate } from "../../durable-objects/migrate.ts";
import { memoryStorage } from "./order-storage.ts";

const first: Migration = { id: 1, sql: "CREATE TABLE a (x INTEGER) STRICT" };
const second: Migration = { id: 2, sql: "CREATE TABLE b (x INTEGER) STRICT" };
const tables = (storage: DurableObjectStorage) =>
  storage.sql
    .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .toArray()
    .map(({ name }) => name);

describe("the schema of an object", () => {
  test("is brought up step by step, and a repeat does nothing", () => {
    const storage = memoryStorage();
    migrate(storage, [first]);
    migrate(storage, [first]);
    expect(tables(storage)).toEqual(["a", "schema_steps"]);
    migrate(storage, [first, second]);
    migrate(storage, [first, second]);
    expect(tables(storage)).toEqual(["a", "b", "schema_steps"]);
  });

  test("refuses history that was changed", () => {
    const storage = memoryStorage();
    migrate(storage, [first]);
    expect(() => migrate(storage, [{ ...first, sql: "CREATE TABLE a (y INTEGER) STRICT" }])).toThrow(
      "migration 1 differs",
    );
  });

  test("refuses history that is missing: older code must not run on newer tables", () => {
    const storage = memoryStorage();
    migrate(storage, [first, second]);
    expect(() => migrate(storage, [first])).toThrow("migration 2 differs");
  });

  test("stays as it was when a step fails halfway", () => {
    const storage = memoryStorage();
    migrate(storage, [first]);
    const broken: Migration = { id: 3, sql: "CREATE TABLE a (z INTEGER) STRICT" };
    expect(() => migrate(storage, [first, second, broken])).toThrow();
    expect(tables(storage)).toEqual(["a", "schema_steps"]);
    migrate(storage, [first, second]);
    expect(tables(storage)).toEqual(["a", "b", "schema_steps"]);
  });
});
