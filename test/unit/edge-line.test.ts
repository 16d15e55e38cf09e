import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { isAdmitted } from "../../schema/line.ts";
import { markOf } from "../../workers/edge/bots/mark.ts";
import { callState } from "../../workers/edge/call-state.ts";
import { rankOf, ticketIdOf } from "../../workers/edge/derive.ts";
import { createEdge } from "../../workers/edge/edge.ts";
import { CHOICES, waitRangeOf } from "../../workers/edge/line/arithmetic.ts";
import { createTokens } from "../../workers/edge/tokens.ts";
import { issuePass } from "../../workers/edge/verbs/issue-pass.ts";
import { fakeLifetime, settle } from "./edge-clock.ts";
import { fakeDeps, fakeEdge } from "./edge-fakes.ts";
import { cohortOf, DROP, OPENS_AT, SEED, snapshotOf } from "./edge-samples.ts";

const PASSES = `/v1/drops/${DROP}/passes`;

/** A shopper with a ticket of the given cohort, and the rank that everybody can compute for it. */
async function waiting(cohort: number) {
  const edge = fakeEdge();
  edge.state.joinCohort = cohort;
  edge.state.closed = Array.from({ length: cohort + 1 }, (_, number) => cohortOf(number));
  const caller = await edge.open();
  const { ticket } = (await caller.post(`/v1/drops/${DROP}/tickets`, {})).body;
  return { edge, caller, ticket, rank: rankOf(SEED, ticketIdOf(DROP, caller.shopperId)) };
}

describe("a pass", () => {
  test("is given exactly to those whom the published watermark has passed", async () => {
    const { deps, state } = fakeDeps();
    state.closed = Array.from({ length: 6 }, (_, number) => cohortOf(number));
    const shoppers = await Promise.all(
      Array.from({ length: 30 }, async (_, number) => {
        const shopperId = `shp_${number.toString(16).padStart(32, "0")}` as never;
        const tid = ticketIdOf(DROP, shopperId);
        const mrk = markOf(deps.ticketKeys, { dropId: DROP, ticketId: tid, isHeldApart: false });
        const claims = { sub: shopperId, drop: DROP, tid, coh: number % 6, chk: 0, mrk };
        const tokens = createTokens(deps.sessionKeys, deps.ticketKeys, deps.clock);
        const { token } = await tokens.ticket.sign(claims, LIMITS.ticketTtlMs);
        return { shopperId, token, place: { cohort: claims.coh, rank: rankOf(SEED, tid) } };
      }),
    );
    const watermarks = fc.record({
      cohort: fc.integer({ min: -1, max: 5 }),
      rank: fc.oneof(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(...shoppers.map(({ place }) => place.rank)),
      ),
    });
    await fc.assert(
      fc.asyncProperty(watermarks, async (watermark) => {
        state.snapshot$ = snapshotOf({ watermark });
        const edge = createEdge(deps);
        for (const { shopperId, token, place } of shoppers) {
          const act = { edge, lifetime: fakeLifetime() };
          const issued = await issuePass(act, { dropId: DROP, session: { sub: shopperId }, ticket: token });
          expect(issued.ok).toBe(isAdmitted(place, watermark));
        }
      }),
      { numRuns: 40 },
    );
  });

  test("says the place it was given for", async () => {
    const { edge, caller, ticket, rank } = await waiting(2);
    edge.state.snapshot$ = snapshotOf({ watermark: { cohort: 2, rank: 1 } });
    const answer = await caller.post(PASSES, { ticket });
    expect(answer.body).toMatchObject({
      cohort: 2,
      rank,
      issuedAtMs: OPENS_AT,
      expiresAtMs: OPENS_AT + LIMITS.passTtlMs,
    });
  });

  test("is not decided by an object: asking costs one snapshot a second, not a call a person", async () => {
    const { edge, caller, ticket } = await waiting(2);
    edge.state.snapshot$ = snapshotOf({ watermark: { cohort: 2, rank: 1 } });
    for (let time = 0; time < 20; time++) await caller.post(PASSES, { ticket });
    expect(edge.state.calls).toMatchObject({ snapshot: 1, closedCohorts: 1 });
    edge.clock.set(OPENS_AT + LIMITS.snapshotTtlMs);
    await caller.post(PASSES, { ticket });
    expect(edge.state.calls).toMatchObject({ snapshot: 2, closedCohorts: 1 });
  });
});

describe("who is not admitted yet", () => {
  test("is told how many are before, and to come back after a part of the shortest wait", async () => {
    const { edge, caller, ticket, rank } = await waiting(3);
    edge.clock.set(OPENS_AT + 60_000);
    const watermark = { cohort: 1, rank: 0.5 };
    const changes = { atMs: OPENS_AT + 60_000, watermark, admitted: 1_500, pacePerSecond: 100 };
    edge.state.snapshot$ = snapshotOf(changes);
    const answer = await caller.post(PASSES, { ticket });
    const ahead = Math.round(500 + 1_000 + rank * 1_000);
    expect(answer.body).toMatchObject({ code: "not_admitted_yet", status: 409 });
    expect(answer.body.detail).toContain(String(ahead));
    const shortestMs = waitRangeOf(ahead, edge.state.snapshot$).fromMs;
    expect(answer.body.retryAfterMs).toBeGreaterThanOrEqual(shortestMs * CHOICES.askShare);
    expect(answer.body.retryAfterMs).toBeLessThan(shortestMs);
    expect(answer.headers.get("Retry-After")).toBe(String(Math.ceil(answer.body.retryAfterMs / 1_000)));
  });

  test("is told to wait for the close while the window is open, without any seed", async () => {
    const { edge, caller, ticket } = await waiting(4);
    edge.state.closed = [cohortOf(0)];
    edge.state.snapshot$ = snapshotOf({ watermark: { cohort: 0, rank: 1 } });
    const answer = await caller.post(PASSES, { ticket });
    expect(answer.body.code).toBe("not_admitted_yet");
    expect(answer.body.retryAfterMs).toBeGreaterThan(20_000);
    expect(answer.body.retryAfterMs).toBeLessThanOrEqual(23_000);
    expect(edge.state.calls.closedCohorts).toBeUndefined();
  });

  test.each([
    ["sold_out", "sold_out"],
    ["closed", "drop_closed"],
  ] as const)("is told when it is %s instead of being sent to wait", async (phase, code) => {
    const { edge, caller, ticket } = await waiting(1);
    edge.state.snapshot$ = snapshotOf({ phase, watermark: { cohort: 0, rank: 1 } });
    expect((await caller.post(PASSES, { ticket })).body.code).toBe(code);
  });

  test("gets nothing from a snapshot that is ahead of the revealed seeds", async () => {
    const { edge, caller, ticket } = await waiting(2);
    edge.state.closed = [];
    edge.state.snapshot$ = snapshotOf({ watermark: { cohort: 2, rank: 1 } });
    expect((await caller.post(PASSES, { ticket })).body.code).toBe("unavailable");
  });
});

describe("the isolate's memory", () => {
  test("answers a crowd that comes at once with one call, each waiting beside a timer of its own", async () => {
    const { deps, state, clock } = fakeDeps();
    const edge = createEdge(deps);
    const gate = Promise.withResolvers<void>();
    const real = state.snapshot.bind(state);
    state.snapshot = async (dropId) => {
      await gate.promise;
      return real(dropId);
    };
    const crowd = Array.from({ length: 50 }, () => edge.snapshots.get(DROP, fakeLifetime()));
    await settle();
    expect(clock.pending).toBe(49);
    gate.resolve();
    expect((await Promise.all(crowd)).every((read) => read.ok)).toBe(true);
    expect(state.calls.snapshot).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test("does not wait for ever for a load that somebody else began", async () => {
    const { deps, state, clock } = fakeDeps();
    const edge = createEdge(deps);
    const real = state.snapshot.bind(state);
    state.snapshot = () => new Promise(() => {});
    void edge.snapshots.get(DROP, fakeLifetime());
    const second = edge.snapshots.get(DROP, fakeLifetime());
    state.snapshot = real;
    await clock.advance(2_000);
    expect((await second).ok).toBe(true);
  });

  test("serves a snapshot of the last half minute while its object does not answer, then says so", async () => {
    const { deps, state, clock } = fakeDeps();
    const edge = createEdge(deps);
    await edge.snapshots.get(DROP, fakeLifetime());
    state.snapshot = () => Promise.reject(new Error("down"));
    clock.set(OPENS_AT + 20_000);
    expect((await edge.snapshots.get(DROP, fakeLifetime())).ok).toBe(true);
    clock.set(OPENS_AT + 31_000);
    expect((await edge.snapshots.get(DROP, fakeLifetime())).ok).toBe(false);
  });

  test("renews a document as soon as a snapshot names another version", async () => {
    const edge = fakeEdge();
    await edge.send(`/v1/drops/${DROP}`);
    const version = "b".repeat(64);
    edge.state.published$ = { ...edge.state.published$, version };
    edge.clock.set(OPENS_AT + 1_000);
    await edge.send(`/v1/drops/${DROP}`);
    expect(edge.state.calls.published).toBe(1);
    edge.state.snapshot$ = snapshotOf({ version });
    edge.clock.set(OPENS_AT + 2_000);
    expect((await edge.send(`/v1/drops/${DROP}`)).body.version).toBe(version);
    expect(edge.state.calls.published).toBe(2);
  });
});

describe("a call into the objects", () => {
  const failing = (error: object) => {
    const { deps, clock } = fakeDeps();
    let tries = 0;
    const called = callState(deps, "test", async () => {
      tries++;
      throw Object.assign(new Error("x"), error);
    });
    return { called, clock, tries: () => tries };
  };

  test("is repeated a bounded number of times when it may be", async () => {
    const { called, clock, tries } = failing({ retryable: true });
    await clock.advance(10_000);
    expect((await called).ok).toBe(false);
    expect(tries()).toBe(LIMITS.rpcTriesMax);
  });

  test.each([{}, { retryable: true, overloaded: true }, { overloaded: true }])(
    "is not repeated after %j",
    async (error) => {
      const { called, tries } = failing(error);
      expect((await called).ok).toBe(false);
      expect(tries()).toBe(1);
    },
  );

  test("takes a fresh stub for each try", async () => {
    const { deps, state, clock } = fakeDeps();
    let stubs = 0;
    const broken = { snapshot: () => Promise.reject(Object.assign(new Error("reset"), { retryable: true })) };
    deps.state = () => (++stubs === 1 ? (broken as never) : state);
    const called = callState(deps, "snapshot", (stub) => stub.snapshot(DROP));
    await clock.advance(1_000);
    expect(await called).toMatchObject({ ok: true });
    expect(stubs).toBe(2);
  });
});
