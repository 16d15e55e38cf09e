import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { BOUNDS, FORMAT } from "../../workers/edge/line/verify/bounds.ts";
import { checkRounds } from "../../workers/edge/line/verify/check-rounds.ts";
import { fetchedRecord } from "../../workers/edge/line/verify/fetched-record.ts";
import type { RecordSource } from "../../workers/edge/line/verify/read-record.ts";
import { TicketTable } from "../../workers/edge/line/verify/ticket-table.ts";
import { verifyLine } from "../../workers/edge/line/verify/verify-line.ts";
import { BEACON, honestWorld, type Parts, publish, serve, sha256, type World } from "./line-record-forge.ts";

const verify = (source: RecordSource, options: Partial<Parameters<typeof verifyLine>[0]> = {}) =>
  verifyLine({
    dropId: "spring",
    source,
    mode: "full",
    checkRounds,
    trustedBeacons: [BEACON],
    pause: async () => {},
    ...options,
  });

/** A small line: what is tested here is how much is asked for. */
const small = (): World => ({ ...honestWorld(false), ledgers: new Map(), steps: [] });
const partsOf = (world: World = small()): Parts => {
  for (const [cohort, ids] of world.logs) world.logs.set(cohort, ids.slice(0, 3));
  return publish(world);
};

test("the numbers of the format are the server's", () => {
  expect(FORMAT).toEqual({
    linksMax: LIMITS.chainLinks,
    ticketBytes: 16,
    ticketsPerChunk: LIMITS.ticketsPerChunkMax,
    cohortsPerPage: LIMITS.cohortsPerPage,
    stepsPerPage: LIMITS.stepsPerPage,
    ledgerRowsPerPage: LIMITS.ledgerRowsPerPage,
    beaconMarginMs: LIMITS.beaconMarginMs,
  });
  expect(BOUNDS.joinedMax).toBeGreaterThanOrEqual(LIMITS.joinedMax);
  expect(BOUNDS.notesMax).toBeGreaterThanOrEqual(LIMITS.lineNotesMax);
  expect(BOUNDS.skusMax).toBeGreaterThanOrEqual(LIMITS.skusPerDropMax);
  // Two objects whose clocks a preflight lets pass cannot make an honest record look wrong.
  expect(BOUNDS.clockToleranceMs).toBeGreaterThanOrEqual(2 * LIMITS.objectClockSkewMaxMs);
});

describe("a server that wants to keep a verifier busy", () => {
  test("promises more steps, rows or people than there can be, and is not asked for them", async () => {
    const promises: [string, (head: Record<string, unknown>) => void, string][] = [
      ["steps", (head) => Object.assign(head, { steps: BOUNDS.stepsMax + 1 }), "steps/too_large"],
      [
        "rows",
        (head) =>
          Object.assign(head, {
            ledgers: [{ skuId: "a", rows: BOUNDS.ledgerRowsMax + 1, hash: "00".repeat(32) }],
          }),
        "ledgers/too_large",
      ],
    ];
    for (const [, promise, expected] of promises) {
      const parts = partsOf();
      promise(parts.get("record") as Record<string, unknown>);
      let asked = 0;
      const source = serve(parts);
      const verdict = await verify(async (path) => {
        asked += 1;
        return source(path);
      });
      expect(verdict.findings.map(({ check, code }) => `${check}/${code}`)).toContain(expected);
      // The promised steps are asked for up to the bound, a thousand at a time; rows not at all.
      expect(asked).toBeLessThanOrEqual(BOUNDS.stepsMax / FORMAT.stepsPerPage + 20);
    }
  });

  test("is told off for windows of millions, before their logs are fetched", async () => {
    const parts = partsOf();
    const chunks = Math.ceil(BOUNDS.joinedMax / FORMAT.ticketsPerChunk);
    const hash = sha256("a").toString("hex");
    Object.assign(parts.get("record/roots/3") as object, {
      count: BOUNDS.joinedMax,
      chunks: Array.from({ length: chunks }, () => hash),
    });
    const asked: string[] = [];
    const source = serve(parts);
    const verdict = await verify(async (path) => {
      asked.push(path);
      return source(path);
    });
    expect(verdict.findings.map(({ code }) => code)).toContain("too_large");
    expect(asked.filter((path) => path.startsWith("record/chunks/3"))).toEqual([]);
  });

  test("finds that all findings of one check are counted, and a hundred are told", async () => {
    const world = small();
    world.logs.set(
      4,
      Array.from({ length: BOUNDS.findingsMax + 5 }, () => "ab".repeat(16)),
    );
    const verdict = await verify(serve(publish(world)));
    expect(verdict.findings.filter(({ code }) => code === "id_repeated")).toHaveLength(BOUNDS.findingsMax);
    expect(verdict.checks.find(({ check }) => check === "log")?.found).toBe(BOUNDS.findingsMax + 4);
  });

  test("answers ever more slowly: the run ends, and says that it is incomplete", async () => {
    let nowMs = 0;
    const source = serve(partsOf());
    const verdict = await verify(
      async (path) => {
        nowMs += BOUNDS.runMaxMs / 3;
        return source(path);
      },
      { nowMs: () => nowMs },
    );
    expect(verdict.status).toBe("incomplete");
    expect(verdict.checks.flatMap(({ gaps }) => gaps)).toContain("It took too long");
  });

  test("is left when whoever asked stops", async () => {
    const stop = new AbortController();
    const source = serve(partsOf());
    const asked: string[] = [];
    const verdict = await verify(
      async (path) => {
        asked.push(path);
        stop.abort();
        return source(path);
      },
      { signal: stop.signal },
    );
    expect({ status: verdict.status, asked }).toEqual({ status: "incomplete", asked: ["record"] });
  });

  test.each<[string, Uint8Array | null, string]>([
    ["nothing", null, "missing"],
    ["no JSON", Buffer.from("nonsense"), "malformed"],
    ["another shape", Buffer.from(JSON.stringify({ dropId: 7 })), "malformed"],
    ["lists for objects", Buffer.from("[]"), "malformed"],
    ["an inherited field", Buffer.from('{"__proto__":{"dropId":"spring"}}'), "malformed"],
    ["more than a head can be", Buffer.alloc(BOUNDS.headMaxBytes + 1, " "), "too_large"],
  ])("answers with %s for a head, and is found out", async (_, head, code) => {
    const verdict = await verify(async () => head);
    expect(verdict.status).toBe("broken");
    expect(verdict.findings).toMatchObject([{ check: "commitment", code }]);
  });

  test("answers every part with noise, and nothing is thrown", async () => {
    const parts = partsOf();
    for (const path of [...parts.keys()].filter((name) => name !== "record")) {
      for (const noise of [
        Buffer.alloc(0),
        Buffer.from("{}"),
        Buffer.from("null"),
        Buffer.alloc(70_000, 7),
      ]) {
        const verdict = await verify(serve(new Map([...parts, [path, noise]])));
        expect([path, verdict.status]).toEqual([path, "broken"]);
      }
    }
  });
});

test("a page that is some seconds behind the head is looked at again, and no fraud", async () => {
  const parts = publish(honestWorld(false));
  const source = serve(parts);
  const behind: Record<string, (page: never) => object> = {
    "record/cohorts/0": (page: { cohorts: unknown[] }) => ({ ...page, cohorts: page.cohorts.slice(0, -1) }),
    "record/steps/0": (page: { steps: unknown[] }) => ({ ...page, steps: page.steps.slice(0, -1) }),
    "record/ledgers/runner/0": (page: { rows: unknown[] }) => ({ ...page, rows: page.rows.slice(0, -3) }),
  };
  const waits: number[] = [];
  const looks = new Map<string, number>();
  const verdict = await verify(
    async (path) => {
      const look = (looks.get(path) ?? 0) + 1;
      looks.set(path, look);
      const older = behind[path];
      if (older === undefined || look === BOUNDS.staleLooksMax) return source(path);
      return look === 1 ? Buffer.from(JSON.stringify(older(parts.get(path) as never))) : null;
    },
    { pause: async (ms) => void waits.push(ms) },
  );
  expect(verdict).toMatchObject({ status: "holds", findings: [] });
  expect(waits).toEqual(Array.from({ length: 6 }, () => BOUNDS.staleWaitMs));
});

test("each check's report comes once, as soon as it is settled, and is the one of the verdict", async () => {
  const settled: { check: string }[] = [];
  const verdict = await verify(serve(publish(honestWorld(false))), {
    onCheck: (report) => settled.push(report),
  });
  expect(settled.map(({ check }) => check).slice(0, 3)).toEqual(["commitment", "chain", "beacon"]);
  expect(new Map(settled.map((report) => [report.check, report]))).toEqual(
    new Map(verdict.checks.map((report) => [report.check, report])),
  );
  expect(settled).toHaveLength(verdict.checks.length);
});

test("a part that cannot be read is no fraud: the verdict is incomplete, and says which", async () => {
  const parts = publish(honestWorld(false));
  const source = serve(parts);
  for (const lost of [
    "record/cohorts/0",
    "record/roots/3",
    "record/chunks/0/1",
    "record/steps/0",
    "record/ledgers/runner/0",
  ]) {
    const verdict = await verify(async (path) => {
      if (path === lost) throw new Error("the line is dead");
      return source(path);
    });
    expect([lost, verdict.status, verdict.findings]).toEqual([lost, "incomplete", []]);
    expect(verdict.checks.flatMap(({ gaps }) => gaps).join()).toContain(lost);
  }
  const verdict = await verify(async () => {
    throw new Error("nobody there");
  });
  expect(verdict.status).toBe("incomplete");
});

describe("over HTTP", () => {
  const answering = (answers: (() => Response | Promise<Response>)[]) => {
    let calls = 0;
    const source = fetchedRecord({
      origin: "http://127.0.0.1",
      dropId: "spring",
      fetch: async () => (answers[Math.min(calls++, answers.length - 1)] as () => Response)(),
      retryMs: 1,
    });
    return { read: () => source("record", 8), calls: () => calls };
  };

  test("no more is taken than asked for and one byte", async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(stream) {
        sent += 4;
        stream.enqueue(new Uint8Array(4));
      },
    });
    const { read } = answering([() => new Response(endless)]);
    expect((await read())?.byteLength).toBe(9);
    expect(sent).toBeLessThan(64);
  });

  test("what passes is tried again, a bounded number of times; what does not is not", async () => {
    const busy = answering([() => new Response("", { status: 503 })]);
    await expect(busy.read()).rejects.toThrow("503");
    expect(busy.calls()).toBe(BOUNDS.readTriesMax);

    const recovers = answering([
      () => new Response("", { status: 429 }),
      () => Promise.reject(new TypeError("fetch failed")),
      () => new Response("ok"),
    ]);
    expect(new TextDecoder().decode((await recovers.read()) ?? undefined)).toBe("ok");

    const refused = answering([() => new Response("", { status: 403 })]);
    await expect(refused.read()).rejects.toThrow("403");
    expect(refused.calls()).toBe(1);
    expect(await answering([() => new Response("", { status: 404 })]).read()).toBeNull();
  });
});

test("the table of tickets keeps the first cohort of each of many ids, over every growth", () => {
  const table = new TicketTable();
  const ids = Array.from({ length: 20_000 }, (_, n) => sha256(`id ${n}`).subarray(0, 16));
  for (const [n, id] of ids.entries()) expect(table.add(id, n % 32_767)).toBeNull();
  for (const [n, id] of ids.entries()) expect(table.add(id, 5)).toBe(n % 32_767);
  expect(table.size).toBe(20_000);
  expect(table.cohortOf(ids[77] as Buffer)).toBe(77);
  expect(table.cohortOf(sha256("nobody").subarray(0, 16))).toBeNull();
  expect(table.cohortOf(new Uint8Array(16))).toBeNull();
});

describe("the beacon's signatures", () => {
  const quicknet = { ...BEACON };
  test("of quicknet are told from others by its public key", async () => {
    const { QUICKNET } = await import("../../workers/edge/line/verify/beacons.ts");
    const signature = Buffer.from(
      "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
      "hex",
    );
    const randomness = "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587";
    expect(sha256(signature).toString("hex")).toBe(randomness);
    const rounds = [
      { round: 657_413, signature },
      { round: 657_414, signature },
      { round: 657_413, signature: new Uint8Array(48) },
    ];
    expect(await checkRounds(QUICKNET, rounds)).toEqual([true, false, false]);
    expect(await checkRounds(quicknet, rounds.slice(0, 1))).toEqual([false]);
  });
});
