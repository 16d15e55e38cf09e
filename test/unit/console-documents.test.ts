import { describe, expect, test } from "vitest";
import { DropDocument } from "../../schema/drop-document.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Snapshot } from "../../schema/line.ts";
import { ok, refuse } from "../../schema/result.ts";
import type { ConsoleApi } from "../../schema/rpc/entrypoints.ts";
import { versionOf } from "../../workers/console/document-version.ts";
import { draft, fakeConsole, NOW_MS } from "./console-fakes.ts";

const publishing = () => {
  const calls: { version: string; id: string }[] = [];
  const publish: ConsoleApi["publish"] = async (document, version) => {
    calls.push({ version, id: document.id });
    return ok({ version, publishedAtMs: NOW_MS, document });
  };
  const snapshot: ConsoleApi["snapshot"] = async () =>
    ok({
      lobbyOpensAtMs: Date.parse(draft().lobbyOpensAt),
      opensAtMs: Date.parse(draft().opensAt),
      closesAtMs: Date.parse(draft().closesAt),
    } as Snapshot);
  return { calls, state: { publish, snapshot } };
};

const versionFor = (changes: Record<string, unknown>) => versionOf(DropDocument.parse(draft(changes)));

describe("the version of a document", () => {
  test("does not depend on the order of its keys, on defaults written out, or on $schema", () => {
    const reversed = Object.fromEntries(Object.entries(draft()).reverse());
    expect(versionOf(DropDocument.parse(reversed))).toBe(versionFor({}));
    expect(versionFor({ mode: "test", terms: null })).toBe(versionFor({}));
    expect(versionFor({ $schema: "../public/schema/drop-document.json" })).toBe(versionFor({}));
  });

  test("depends on each value and on the order of lists", () => {
    expect(versionFor({ name: "Other" })).not.toBe(versionFor({}));
    expect(versionFor({ audience: ["weur", "eeur"] })).not.toBe(versionFor({ audience: ["eeur", "weur"] }));
  });
});

describe("PUT document", () => {
  test("stores a valid draft and tells the version it would be published under", async () => {
    const { call, kv } = fakeConsole();
    const answer = await call("PUT", "/v1/drops/spring/document", draft());
    expect(answer.status).toBe(200);
    expect(answer.body.version).toMatch(/^[0-9a-f]{64}$/);
    expect(answer.body.document.skus[0].perShopper).toBe(1);
    expect(JSON.parse(kv.entries.get("drop:spring")?.text ?? "")).toEqual(draft());
  });

  test("names each field that is wrong, and why", async () => {
    const { call, kv } = fakeConsole();
    const bad = draft({
      closesAt: "2027-03-01T09:30:00Z",
      skus: [{ id: "Runner", name: "", stock: -1, priceMinor: 1 }],
    });
    const answer = await call("PUT", "/v1/drops/spring/document", bad);
    expect(answer.status).toBe(422);
    expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
    expect(answer.body.code).toBe("document_invalid");
    const paths = answer.body.errors.map((error: { path: string }) => error.path);
    expect(paths).toEqual(expect.arrayContaining(["skus.0.id", "skus.0.name", "skus.0.stock"]));
    expect(kv.entries.size).toBe(0);
  });

  test("refuses a document of another drop", async () => {
    const { call } = fakeConsole();
    const answer = await call("PUT", "/v1/drops/autumn/document", draft());
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toEqual([{ path: "id", message: "is spring, but the address says autumn" }]);
  });

  test("refuses what is not JSON, not declared as JSON, or too large", async () => {
    const { call } = fakeConsole();
    expect((await call("PUT", "/v1/drops/spring/document", "{")).body.code).toBe("invalid_json");
    const plain = await call("PUT", "/v1/drops/spring/document", "{}", { "Content-Type": "text/plain" });
    expect(plain.body.code).toBe("unsupported_media_type");
    const justInside = JSON.stringify(draft()).padEnd(LIMITS.documentMaxBytes, " ");
    expect((await call("PUT", "/v1/drops/spring/document", justInside)).status).toBe(200);
    expect((await call("PUT", "/v1/drops/spring/document", `${justInside} `)).body.code).toBe(
      "body_too_large",
    );
  });
});

describe("GET document", () => {
  const published = async () => refuse({ code: "drop_not_found" } as const);

  test("tells the draft's version and what is published", async () => {
    const { call } = fakeConsole({ published });
    const stored = await call("PUT", "/v1/drops/spring/document", draft());
    const answer = await call("GET", "/v1/drops/spring/document");
    expect(answer.body).toEqual({
      draft: { version: stored.body.version, errors: [], warnings: [] },
      published: null,
    });
  });

  test("tells what is wrong with a draft that was put into KV by hand", async () => {
    const { call, kv } = fakeConsole({ published });
    await kv.put("drop:spring", JSON.stringify(draft({ curency: "EUR" })));
    const answer = await call("GET", "/v1/drops/spring/document");
    expect(answer.body.draft.version).toBeNull();
    expect(answer.body.draft.errors).toEqual([
      { path: "curency", message: "is no field that is known here; did you mean currency?" },
    ]);
  });

  test("shows a drop that was published and has no draft any more, and refuses one that has neither", async () => {
    const frozen = { version: "a".repeat(64), publishedAtMs: NOW_MS, document: DropDocument.parse(draft()) };
    const { call } = fakeConsole({ published: async () => ok(frozen) });
    expect((await call("GET", "/v1/drops/spring/document")).body).toEqual({ draft: null, published: frozen });
    const neither = fakeConsole({ published });
    expect((await neither.call("GET", "/v1/drops/spring/document")).body.code).toBe("document_not_found");
  });
});

describe("POST publish", () => {
  test("publishes the draft in KV, lists it and logs it", async () => {
    const { calls, state } = publishing();
    const { call, kv, rows } = fakeConsole(state);
    const stored = await call("PUT", "/v1/drops/spring/document", draft());
    const answer = await call("POST", "/v1/drops/spring/publish");
    expect(answer.status).toBe(200);
    expect(answer.body.version).toBe(stored.body.version);
    expect(calls).toEqual([{ id: "spring", version: stored.body.version }]);
    expect(kv.entries.get("published:spring")?.metadata).toEqual({
      name: "Spring",
      opensAt: "2027-03-01T10:00:00Z",
      closesAt: "2027-03-01T12:00:00Z",
    });
    expect(rows.log).toMatchObject([{ entry: 1, atMs: NOW_MS, action: "publish", subject: "spring" }]);
  });

  test("publishes the document in its body, after storing it, for KV may be a minute behind", async () => {
    const { state } = publishing();
    const { call, kv } = fakeConsole(state);
    await call("PUT", "/v1/drops/spring/document", draft({ name: "Old" }));
    const answer = await call("POST", "/v1/drops/spring/publish", { document: draft({ name: "New" }) });
    expect(answer.body.document.name).toBe("New");
    expect(JSON.parse(kv.entries.get("drop:spring")?.text ?? "").name).toBe("New");
  });

  test("a repeat publishes the same version again", async () => {
    const { calls, state } = publishing();
    const { call } = fakeConsole(state);
    const first = await call("POST", "/v1/drops/spring/publish", { document: draft() });
    const second = await call("POST", "/v1/drops/spring/publish", { document: draft() });
    expect(second.body).toEqual(first.body);
    expect(new Set(calls.map((entry) => entry.version)).size).toBe(1);
  });

  test("without a draft it is document_not_found, with a broken one document_invalid", async () => {
    const { call, kv } = fakeConsole();
    expect((await call("POST", "/v1/drops/spring/publish")).body.code).toBe("document_not_found");
    await kv.put("drop:spring", JSON.stringify({ id: "spring" }));
    expect((await call("POST", "/v1/drops/spring/publish")).body.code).toBe("document_invalid");
  });

  test("refuses a draft that is no JSON, in words, and one that is too large", async () => {
    const { call, kv } = fakeConsole();
    await kv.put("drop:spring", '{ "id": "spring", }');
    const broken = await call("POST", "/v1/drops/spring/publish");
    expect(broken.body.code).toBe("document_invalid");
    expect(broken.body.errors[0]).toMatchObject({
      path: "(document)",
      message: expect.stringMatching(/^is no JSON: /),
    });
    const { state } = publishing();
    const inside = fakeConsole(state);
    const padded = JSON.stringify(draft()).padEnd(LIMITS.documentMaxBytes, " ");
    await inside.kv.put("drop:spring", padded);
    expect((await inside.call("POST", "/v1/drops/spring/publish")).status).toBe(200);
    await inside.kv.put("drop:spring", `${padded} `);
    expect((await inside.call("POST", "/v1/drops/spring/publish")).body.code).toBe("document_invalid");
  });

  test("a drop that has started keeps its document: nothing is listed and nothing logged", async () => {
    const { call, kv, rows } = fakeConsole({ publish: async () => refuse({ code: "drop_already_live" }) });
    const answer = await call("POST", "/v1/drops/spring/publish", { document: draft() });
    expect(answer.status).toBe(409);
    expect(answer.body.code).toBe("drop_already_live");
    expect(kv.entries.has("published:spring")).toBe(false);
    expect(rows.log).toEqual([]);
  });

  test("an unknown member of the body is refused", async () => {
    const { call } = fakeConsole();
    const answer = await call("POST", "/v1/drops/spring/publish", { documents: {} });
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe("invalid_request");
  });
});
