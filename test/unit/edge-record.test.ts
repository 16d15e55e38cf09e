import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { CohortPage, RecordHead, recordKeys, SignedRoot, StepPage } from "../../schema/line.ts";
import { createEdge } from "../../workers/edge/edge.ts";
import { fakeLifetime } from "./edge-clock.ts";
import { fakeDeps, fakeEdge } from "./edge-fakes.ts";
import { chunkOf, cohortOf, DROP, OPENS_AT, rootOf, snapshotOf } from "./edge-samples.ts";

const RECORD = `/v1/drops/${DROP}/record`;
const FOR_EVER = "public, max-age=31536000, immutable";
const BRIEFLY = "public, max-age=2";

/** A line of 120 closed cohorts of which each third was empty, two more whose roots are out, and 1,001 steps. */
function longLine() {
  const edge = fakeEdge();
  const { state } = edge;
  state.closed = Array.from({ length: 120 }, (_, number) => cohortOf(number)).filter(
    ({ cohort }) => cohort % 3 !== 1,
  );
  state.rooted = [120, 121];
  state.steps = Array.from({ length: LIMITS.stepsPerPage + 1 }, (_, index) => ({
    step: index + 1,
    atMs: OPENS_AT + index * 1_000,
    cohort: 0,
    rank: index / 2_000,
    admitted: index,
  }));
  state.store();
  return edge;
}

describe("the public record", () => {
  test("is told part by part, each in its shape and kept as long as it stays as it is", async () => {
    const edge = longLine();
    const told: Record<string, unknown> = {};
    const read = async (path: string) => {
      const answer = await edge.send(`${RECORD}${path}`);
      told[path] = [answer.status, answer.headers.get("Cache-Control")];
      return answer.body;
    };
    expect(RecordHead.parse(await read(""))).toMatchObject({ revealedThrough: 119, rootedThrough: 121 });
    expect(SignedRoot.parse(await read("/roots/0"))).toEqual(rootOf(0));
    expect(SignedRoot.parse(await read("/roots/121"))).toEqual(rootOf(121));
    const pages = [await read("/cohorts/0"), await read("/cohorts/1")].map((page) => CohortPage.parse(page));
    expect(pages.map(({ isComplete, cohorts }) => [isComplete, cohorts.length])).toEqual([
      [true, 67],
      [false, 13],
    ]);
    const steps = [await read("/steps/0"), await read("/steps/1")].map((page) => StepPage.parse(page));
    expect(steps.map(({ isComplete, steps }) => [isComplete, steps[0]?.step])).toEqual([
      [true, 1],
      [false, 1_001],
    ]);
    expect(told).toEqual({
      "": [200, BRIEFLY],
      "/roots/0": [200, FOR_EVER],
      "/roots/121": [200, FOR_EVER],
      "/cohorts/0": [200, FOR_EVER],
      "/cohorts/1": [200, BRIEFLY],
      "/steps/0": [200, FOR_EVER],
      "/steps/1": [200, BRIEFLY],
    });
  });

  test("gives a chunk as its bytes", async () => {
    const { app } = longLine();
    const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} };
    const answer = await app.request(`${RECORD}/chunks/2/1`, {}, {}, context as unknown as ExecutionContext);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(chunkOf(2, 1));
    expect(answer.headers.get("Content-Type")).toBe("application/octet-stream");
    expect(answer.headers.get("Cache-Control")).toBe(FOR_EVER);
    expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
  });

  test("tells what is not there, or not yet, as such, and lets that be kept for a moment only", async () => {
    const edge = longLine();
    const paths = [
      "roots/1",
      "roots/122",
      "chunks/0/2",
      "chunks/1/0",
      "chunks/122/0",
      "cohorts/2",
      "steps/2",
    ];
    const odd = [
      "roots/00",
      "roots/-1",
      "roots/1e1",
      "roots/32767",
      "cohorts/100000",
      "chunks/0/x",
      "steps/%20x",
    ];
    for (const path of [...paths, ...odd]) {
      const answer = await edge.send(`${RECORD}/${path}`);
      expect([path, answer.status, answer.body?.code]).toEqual([path, 404, "record_not_found"]);
      expect(answer.headers.get("Cache-Control")).toBe(BRIEFLY);
    }
  });

  test("appears as soon as the line has it", async () => {
    const edge = longLine();
    expect((await edge.send(`${RECORD}/roots/122`)).status).toBe(404);
    edge.state.rooted.push(122);
    edge.clock.set(OPENS_AT + LIMITS.snapshotTtlMs);
    expect((await edge.send(`${RECORD}/roots/122`)).status).toBe(200);
  });
});

describe("a page of cohorts", () => {
  test("has what the snapshot says is drawn, also while a head from before is still told", async () => {
    const edge = fakeEdge();
    edge.state.rooted = [0];
    expect((await edge.send(RECORD)).body).toMatchObject({ revealedThrough: -1 });
    edge.state.closed = [cohortOf(0)];
    edge.clock.set(OPENS_AT + LIMITS.snapshotTtlMs);
    expect((await edge.send(`/v1/drops/${DROP}/snapshot`)).body).toMatchObject({ revealedThrough: 0 });
    expect((await edge.send(RECORD)).body).toMatchObject({ revealedThrough: -1 });
    expect((await edge.send(`${RECORD}/cohorts/0`)).body).toMatchObject({ cohorts: [{ cohort: 0 }] });
  });
});

describe("the line's object", () => {
  test("is not asked for what KV has", async () => {
    const edge = longLine();
    for (const path of ["roots/0", "chunks/0/0", "cohorts/0", "steps/0", "roots/99", "roots/120"])
      expect((await edge.send(`${RECORD}/${path}`)).status).toBe(200);
    expect(edge.state.calls.recordPart).toBeUndefined();
  });

  test("is asked once for what KV lacks, or has in a form that cannot be read", async () => {
    const edge = longLine();
    edge.state.stored.delete(recordKeys.root(DROP, 0));
    edge.state.stored.set(recordKeys.root(DROP, 2), '{"cohort":');
    for (let time = 0; time < 5; time++) {
      expect((await edge.send(`${RECORD}/roots/0`)).body).toEqual(rootOf(0));
      expect((await edge.send(`${RECORD}/roots/2`)).body).toEqual(rootOf(2));
    }
    expect(edge.state.calls.recordPart).toBe(2);
    expect(edge.logs).toMatchObject([{ event: "record_part_unreadable" }]);
  });

  test("is not reached by numbers that are made up, however many they are", async () => {
    const edge = longLine();
    await edge.send(`${RECORD}`);
    const calls = { ...edge.state.calls };
    for (let number = 0; number < 300; number++) {
      for (const path of [`roots/${122 + number}`, `cohorts/${2 + number}`, `steps/${2 + number}`])
        expect((await edge.send(`${RECORD}/${path}`)).status).toBe(404);
      expect((await edge.send(`${RECORD}/chunks/0/${2 + number}`)).status).toBe(404);
    }
    expect(edge.state.calls).toEqual(calls);
    for (let cohort = 1; cohort < 100; cohort += 3)
      expect((await edge.send(`${RECORD}/roots/${cohort}`)).status).toBe(404);
    expect(edge.state.calls).toEqual(calls);
    expect(edge.state.storedAsked.length).toBeLessThan(5);
  });

  test("is asked for its snapshot alone by a name that is no drop's", async () => {
    const edge = fakeEdge();
    for (const path of ["", "/roots/0", "/chunks/0/0", "/cohorts/0", "/steps/0"]) {
      const answer = await edge.send(`/v1/drops/no-drop/record${path}`);
      expect([answer.body.code, answer.headers.get("Cache-Control")]).toEqual(["drop_not_found", "no-store"]);
    }
    expect(edge.state.calls).toEqual({ snapshot: 1 });
  });

  test("gives no growing page that is behind the head which was told before it", async () => {
    const edge = longLine();
    const length = async () => (await edge.send(`${RECORD}/cohorts/1`)).body.cohorts.length;
    await edge.send(RECORD);
    edge.clock.set(OPENS_AT + 1_000);
    expect(await length()).toBe(13);
    edge.clock.set(OPENS_AT + 2_000);
    edge.state.closed.push(cohortOf(120), cohortOf(121));
    edge.state.steps.push({ step: 1_002, atMs: OPENS_AT, cohort: 0, rank: 0.9, admitted: 900 });
    expect((await edge.send(RECORD)).body).toMatchObject({ revealedThrough: 121, steps: 1_002 });
    expect(await length()).toBe(15);
    expect((await edge.send(`${RECORD}/steps/1`)).body.steps).toHaveLength(2);
  });

  test("is asked for a growing page once in two seconds, whoever asks", async () => {
    const edge = longLine();
    for (let time = 0; time < 10; time++) await edge.send(`${RECORD}/cohorts/1`);
    expect(edge.state.calls.recordPart).toBe(1);
    edge.clock.set(OPENS_AT + 2_000);
    await edge.send(`${RECORD}/cohorts/1`);
    expect(edge.state.calls.recordPart).toBe(2);
  });
});

describe("closed cohorts in an isolate", () => {
  test("are read page by page from KV, and only the last ones from the object, each time only what is new", async () => {
    const { deps, state } = fakeDeps();
    const asked: number[] = [];
    const real = state.closedCohorts.bind(state);
    state.closedCohorts = (dropId, after) => {
      asked.push(after);
      return real(dropId, after);
    };
    const grow = (length: number) => {
      state.closed = Array.from({ length }, (_, number) => cohortOf(number)).filter(
        ({ cohort }) => cohort % 3 !== 1,
      );
      state.store();
      return snapshotOf({ revealedThrough: length - 1 });
    };
    const { cohorts } = createEdge(deps);
    const read = async (snapshot: ReturnType<typeof snapshotOf>, cohort: number) => {
      const one = await cohorts.one(snapshot, cohort, fakeLifetime());
      return one.ok ? one.value?.cohort : one.refusal;
    };
    const early = grow(250);
    for (const cohort of [249, 0, 1, 150, 248, 3, 201])
      expect(await read(early, cohort)).toBe(cohort % 3 === 1 ? undefined : cohort);
    expect(asked).toEqual([199]);
    expect(state.storedAsked).toEqual([recordKeys.cohorts(DROP, 0), recordKeys.cohorts(DROP, 1)]);
    expect(await read(early, 251)).toBeUndefined();
    const late = grow(260);
    expect(await read(late, 258)).toBe(258);
    expect(await read(late, 251)).toBe(251);
    expect(asked).toEqual([199, 249]);
  });

  test("are read once for a crowd that comes together", async () => {
    const { deps, state } = fakeDeps();
    state.closed = [cohortOf(0), cohortOf(1)];
    const { cohorts } = createEdge(deps);
    const snapshot = snapshotOf({ revealedThrough: 1 });
    const crowd = Array.from({ length: 40 }, (_, index) => cohorts.one(snapshot, index % 2, fakeLifetime()));
    expect((await Promise.all(crowd)).every((one) => one.ok && one.value !== undefined)).toBe(true);
    expect(state.calls.closedCohorts).toBe(1);
  });

  test("of more pages than one may hold push out those that were not asked for longest", async () => {
    const { deps, state } = fakeDeps();
    state.closed = Array.from({ length: 6_300 }, (_, number) => cohortOf(number));
    state.store();
    const { cohorts } = createEdge(deps);
    const snapshot = snapshotOf({ revealedThrough: 6_299 });
    for (let cohort = 0; cohort < 6_300; cohort += 50) {
      const one = await cohorts.one(snapshot, cohort, fakeLifetime());
      expect(one.ok && one.value?.cohort).toBe(cohort);
    }
    expect(state.storedAsked).toHaveLength(63);
  });
});
