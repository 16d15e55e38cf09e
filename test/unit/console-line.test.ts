import { describe, expect, test } from "vitest";
import { DropDocument } from "../../schema/drop-document.ts";
import { LIMITS, RANGES } from "../../schema/limits.ts";
import type { LineAct, Snapshot } from "../../schema/line.ts";
import { ok, refuse } from "../../schema/result.ts";
import type { LineCommand, LineCommandAnswer } from "../../schema/rpc/drop-queue.ts";
import { draft, fakeConsole, NOW_MS } from "./console-fakes.ts";

const PATH = "/v1/drops/spring/line";
const KEY = { "Idempotency-Key": "key-1" };
const PUBLISHED = { version: "a".repeat(64), publishedAtMs: NOW_MS, document: DropDocument.parse(draft()) };

const snapshotOf = (changes: Partial<Snapshot> = {}) =>
  ({
    dropId: "spring",
    lobbyOpensAtMs: Date.parse(draft().lobbyOpensAt),
    opensAtMs: Date.parse(draft().opensAt),
    closesAtMs: Date.parse(draft().closesAt),
    ...changes,
  }) as Snapshot;

function lineOf(answer: LineCommandAnswer = ok(snapshotOf())) {
  const asked: [string, LineCommand][] = [];
  const console = fakeConsole({
    commandLine: async (dropId, command) => {
      asked.push([dropId, command]);
      return answer;
    },
    published: async () => ok(PUBLISHED),
  });
  return { asked, ...console };
}

describe("an act on a line", () => {
  const longest = "x".repeat(LIMITS.lineMessageMaxChars);
  const [least, , most] = RANGES.admitPerSecond;
  test.each<[LineAct, string]>([
    [{ kind: "pause" }, "pause_line"],
    [{ kind: "resume" }, "resume_line"],
    [{ kind: "open" }, "open_line"],
    [{ kind: "end" }, "end_line"],
    [{ kind: "say", message: longest }, "say_to_line"],
    [{ kind: "say", message: null }, "say_to_line"],
    [{ kind: "pace", admitPerSecond: least }, "pace_line"],
    [{ kind: "pace", admitPerSecond: most }, "pace_line"],
    [{ kind: "pace", admitPerSecond: null }, "pace_line"],
  ])(
    "%o reaches it under the id of its key, is answered with its snapshot, and is logged",
    async (act, action) => {
      const { call, asked, rows } = lineOf();
      expect(await call("POST", PATH, act, KEY)).toMatchObject({ status: 200, body: snapshotOf() });
      expect(asked).toEqual([["spring", { commandId: "console:key-1", act }]]);
      expect(rows.log).toMatchObject([{ atMs: NOW_MS, actor: "operator", action, subject: "spring" }]);
      expect(JSON.parse(rows.log[0]?.detail ?? "")).toEqual({ commandId: "console:key-1", act });
    },
  );

  test.each([
    ["without a key", { kind: "pause" }, {}, "idempotency_key_missing"],
    ["without a body", undefined, KEY, "invalid_request"],
    ["of a kind that is none", { kind: "stop" }, KEY, "invalid_request"],
    ["with a surprise", { kind: "pause", untilMs: 3 }, KEY, "invalid_request"],
    ["that says nothing", { kind: "say", message: "  " }, KEY, "invalid_request"],
    ["that says too much", { kind: "say", message: `${longest}x` }, KEY, "invalid_request"],
    ["below the slowest pace", { kind: "pace", admitPerSecond: least - 1 }, KEY, "invalid_request"],
    ["above the fastest pace", { kind: "pace", admitPerSecond: most + 1 }, KEY, "invalid_request"],
    ["of half a person", { kind: "pace", admitPerSecond: 1.5 }, KEY, "invalid_request"],
  ])("%s is refused and reaches no line", async (_, body, headers: Record<string, string>, code) => {
    const { call, asked, rows } = lineOf();
    expect((await call("POST", PATH, body, headers)).body.code).toBe(code);
    expect(asked).toEqual([]);
    expect(rows.log).toEqual([]);
  });

  test.each([
    ["drop_not_found", 404],
    ["drop_closed", 409],
    ["idempotency_key_reused", 422],
    ["invalid_request", 400],
  ] as const)(
    "that the line refuses as %s is told so, and is neither listed nor logged",
    async (code, status) => {
      const { call, rows, kv } = lineOf(refuse({ code }));
      expect(await call("POST", PATH, { kind: "end" }, KEY)).toMatchObject({ status, body: { code } });
      expect(rows.log).toEqual([]);
      expect(kv.entries.size).toBe(0);
    },
  );

  test("needs an operator, a drop's id, and POST", async () => {
    const { call, asked } = lineOf();
    const stranger = { ...KEY, Authorization: "Bearer nobody" };
    expect((await call("POST", PATH, { kind: "end" }, stranger)).body.code).toBe("operator_token_invalid");
    expect((await call("POST", "/v1/drops/A_B/line", { kind: "end" }, KEY)).body.code).toBe(
      "invalid_request",
    );
    expect((await call("GET", PATH)).body.code).toBe("method_not_allowed");
    expect(asked).toEqual([]);
  });
});

describe("the list of drops", () => {
  const listed = ({ kv }: ReturnType<typeof lineOf>) => kv.entries.get("published:spring")?.metadata;

  test("has the instant at which a drop was opened or ended by hand, and else what its document says", async () => {
    const opened = lineOf(ok(snapshotOf({ opensAtMs: Date.parse("2027-03-01T09:30:00Z") })));
    await opened.call("POST", PATH, { kind: "open" }, KEY);
    expect(listed(opened)).toEqual({
      name: "Spring",
      opensAt: "2027-03-01T09:30:00.000Z",
      closesAt: draft().closesAt,
    });
    const ended = lineOf(ok(snapshotOf({ closesAtMs: Date.parse("2027-03-01T11:00:00Z") })));
    await ended.call("POST", PATH, { kind: "end" }, KEY);
    expect(listed(ended)).toMatchObject({ opensAt: draft().opensAt, closesAt: "2027-03-01T11:00:00.000Z" });
  });

  test("is left alone by acts that move no times", async () => {
    const paused = lineOf();
    await paused.call("POST", PATH, { kind: "pause" }, KEY);
    expect(listed(paused)).toBeUndefined();
  });

  test("keeps the moved times when the same version is published again", async () => {
    const again = fakeConsole({
      publish: async () => ok(PUBLISHED),
      snapshot: async () => ok(snapshotOf({ opensAtMs: Date.parse("2027-03-01T09:30:00Z") })),
    });
    await again.call("POST", "/v1/drops/spring/publish", { document: draft() });
    expect(listed(again as never)).toMatchObject({ opensAt: "2027-03-01T09:30:00.000Z" });
  });

  test("and the log are completed by a repeat, when one of them failed", async () => {
    const line = lineOf(ok(snapshotOf({ closesAtMs: Date.parse("2027-03-01T11:00:00Z") })));
    const { writePublished } = line.deps.documents;
    line.deps.documents.writePublished = () => Promise.reject(new Error("KV is away"));
    expect((await line.call("POST", PATH, { kind: "end" }, KEY)).body.code).toBe("internal");
    expect(line.rows.log).toEqual([]);
    line.deps.documents.writePublished = writePublished;
    expect((await line.call("POST", PATH, { kind: "end" }, KEY)).status).toBe(200);
    expect(listed(line)).toMatchObject({ closesAt: "2027-03-01T11:00:00.000Z" });
    expect(line.rows.log).toHaveLength(1);
  });
});
