import { describe, expect, test } from "vitest";
import { ShopperId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { ok } from "../../schema/result.ts";
import { isMarkedApart, markOf } from "../../workers/edge/bots/mark.ts";
import { ticketIdOf } from "../../workers/edge/derive.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import { createTokens } from "../../workers/edge/tokens.ts";
import { TUNING } from "../../workers/edge/tuning.ts";
import { browse } from "./edge-browser.ts";
import { ADDRESS, claimsOf, HTML, NO_CONTEXT, PASSES, script, TICKETS } from "./edge-challenged.ts";
import { admitAll, fakeEdge } from "./edge-fakes.ts";
import { keysetOf } from "./edge-keysets.ts";
import { cohortOf, DROP, headOf, OPENS_AT, ORIGIN, snapshotOf } from "./edge-samples.ts";

describe("who is judged a bot", () => {
  test("gets a ticket like everybody's: same fields, same lengths, in the log like all", async () => {
    const edge = fakeEdge();
    const [person, bot] = (await script(edge)).flatMap((caller, at, all) =>
      at === 0 || at === all.length - 1 ? [caller] : [],
    );
    const answers = [person, bot].map((caller) => claimsOf(caller?.ticket ?? ""));
    expect(Object.keys(answers[0] ?? {})).toEqual(Object.keys(answers[1] ?? {}));
    expect(person?.ticket.length).toBe(bot?.ticket.length);
    expect(edge.state.joined).toContain(answers[1]?.tid);
    expect([...edge.state.places$.values()].filter(({ isHeldApart }) => isHeldApart)).toHaveLength(1);
  });

  test("waits for ever: never a pass, in the form and at the time that others are told to wait", async () => {
    const edge = fakeEdge();
    const callers = await script(edge);
    const [person, bot] = [callers[0], callers.at(-1)];
    const asks = async (caller: typeof bot) => (await caller?.post(PASSES, { ticket: caller.ticket }))?.body;
    edge.state.closed = [cohortOf(0)];
    edge.clock.set(OPENS_AT + 60_000);
    edge.state.snapshot$ = snapshotOf({ watermark: { cohort: -1, rank: 1 } });
    const before = [await asks(person), await asks(bot)];
    expect(before.map(({ code }) => code)).toEqual(["not_admitted_yet", "not_admitted_yet"]);
    admitAll(edge.state);
    edge.clock.set(OPENS_AT + 62_000);
    const [let_in, kept] = [await asks(person), await asks(bot)];
    expect(let_in.pass).toBeDefined();
    expect(Object.keys(kept)).toEqual(Object.keys(before[1]));
    expect(kept).toMatchObject({ code: "not_admitted_yet", status: 409, title: before[1].title });
    for (const laterMs of [120_000, 3_600_000]) {
      edge.clock.set(OPENS_AT + laterMs);
      expect((await asks(bot)).code).toBe("not_admitted_yet");
    }
    edge.state.snapshot$ = { ...edge.state.snapshot$, phase: "closed" };
    edge.clock.set(OPENS_AT + 7_300_000);
    expect((await asks(bot)).code).toBe("drop_closed");
  });

  test("takes the same calls as others: nothing more is asked of any object for it", async () => {
    const edge = fakeEdge();
    const callers = await script(edge);
    admitAll(edge.state);
    await callers[0]?.post(PASSES, { ticket: callers[0].ticket });
    const calls = { ...edge.state.calls };
    await callers.at(-1)?.post(PASSES, { ticket: callers.at(-1)?.ticket });
    expect(edge.state.calls).toEqual(calls);
  });

  test("stays one for this drop: to join again, from elsewhere and slowly, brings no better ticket", async () => {
    const edge = fakeEdge();
    const bot = (await script(edge)).at(-1);
    edge.clock.set(OPENS_AT + 3_600_000);
    const again = await bot?.post(
      TICKETS,
      {},
      { "CF-Connecting-IP": "203.0.113.9", "User-Agent": "another" },
    );
    admitAll(edge.state);
    const answer = await bot?.post(PASSES, { ticket: again?.body.ticket });
    expect(answer?.body.code).toBe("not_admitted_yet");
  });

  test("cannot see by the record's head how a join was judged: the count is told once nobody can join", async () => {
    const edge = fakeEdge();
    edge.state.recordHead = async () => ok(headOf({ heldApart: 7 }));
    const told = async () => (await edge.send(`/v1/drops/${DROP}/record`)).body.heldApart;
    for (const phase of ["announced", "lobby", "live", "sold_out"] as const) {
      edge.state.snapshot$ = snapshotOf({ phase });
      await edge.clock.advance(LIMITS.snapshotTtlMs);
      expect([phase, await told()]).toEqual([phase, null]);
    }
    edge.state.snapshot$ = snapshotOf({ phase: "closed" });
    await edge.clock.advance(LIMITS.snapshotTtlMs);
    expect(await told()).toBe(7);
  });

  test.each(["mail", "cust"] as const)(
    "in a crowd are all sessions of one %s but a few: sessions are had for nothing, and it speaks for no more of them",
    async (shown) => {
      const edge = fakeEdge();
      const { session } = createTokens(edge.deps.sessionKeys, edge.deps.ticketKeys, edge.clock);
      await script(edge, TUNING.alikeFromAddressMax);
      const join = async (at: number, digest: string) => {
        const sub = ShopperId.parse(`shp_${at.toString(16).padStart(32, "f")}`);
        const { token } = await session.sign({ sub, [shown]: digest.repeat(64) }, LIMITS.sessionTtlMs);
        const headers = { ...ADDRESS, Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
        const sent = { method: "POST", headers: { ...headers, "Idempotency-Key": "k" }, body: "{}" };
        expect((await edge.send(TICKETS, sent)).status).toBe(201);
        return edge.state.places$.get(ticketIdOf(DROP, sub))?.isHeldApart;
      };
      const few = Array.from({ length: LIMITS.joinsByPersonMax }, (_, at) => at);
      for (const at of few) expect(await join(at, "a")).toBe(false);
      for (const at of [100, 101, 102]) expect(await join(at, "a")).toBe(true);
      // Whoever is in stays so, and is no further one; another person is another.
      for (const at of few) expect(await join(at, "a")).toBe(false);
      expect(await join(200, "b")).toBe(false);
    },
  );

  test("is nobody whose address is not known, and nobody who joined before the rush", async () => {
    const edge = fakeEdge();
    const early = await edge.open();
    await early.post(TICKETS, {}, ADDRESS);
    await script(edge, 100);
    for (let at = 0; at < 100; at++) await (await edge.open()).post(TICKETS, {});
    expect([...edge.state.places$.values()].filter(({ isHeldApart }) => isHeldApart)).toHaveLength(
      101 - TUNING.alikeFromAddressMax,
    );
    const again = await early.post(TICKETS, {}, ADDRESS);
    const { mrk, tid } = claimsOf(again.body.ticket);
    expect(isMarkedApart(edge.deps.ticketKeys, mrk, { dropId: DROP, ticketId: tid as never })).toBe(false);
  });

  test("sees the page of somebody whose place is still to be drawn; a browser of another kind beside it, its turn", async () => {
    const pageOf = async (userAgent: string) => {
      const browser = browse();
      const from = { ...ADDRESS, "User-Agent": userAgent };
      for (let at = 0; at <= TUNING.alikeFromAddressMax; at++) {
        await browser.app.request(
          `${ORIGIN}/drops/${DROP}/line`,
          {
            method: "POST",
            headers: { ...ADDRESS, Origin: ORIGIN, Accept: HTML, "User-Agent": "script" },
          },
          {},
          NO_CONTEXT,
        );
      }
      await browser.send(`/drops/${DROP}/line`, { method: "POST", headers: { ...from, Origin: ORIGIN } });
      admitAll(browser.state);
      browser.clock.set(OPENS_AT + 60_000);
      return (await browser.send(`/drops/${DROP}/line`)).text;
    };
    expect(await pageOf("script")).toContain("Your place is not known yet");
    expect(await pageOf("a phone")).toContain("It is your turn");
  });
});

describe("a ticket's mark", () => {
  const KEYS = parseKeyset("T", keysetOf(["t1", 2]));
  const place = { dropId: DROP, ticketId: "2".repeat(32) as never };

  test("differs from ticket to ticket, also of one place, so that two say nothing to who compares them", () => {
    const marks = new Set<string>();
    for (let at = 0; at < 400; at++) {
      const ticketId = (at % 2).toString(16).padStart(32, "0") as never;
      for (const isHeldApart of [true, false])
        marks.add(markOf(KEYS, { dropId: DROP, ticketId, isHeldApart }));
    }
    expect(marks.size).toBe(800);
    for (const mark of marks) expect(mark).toMatch(/^[0-9a-f]{32}$/);
  });

  test("is read by its own keys alone, and for its own place", () => {
    const mark = markOf(KEYS, { ...place, isHeldApart: true });
    expect(isMarkedApart(KEYS, mark, place)).toBe(true);
    expect(isMarkedApart(KEYS, markOf(KEYS, { ...place, isHeldApart: false }), place)).toBe(false);
    expect(isMarkedApart(KEYS, mark, { ...place, ticketId: "3".repeat(32) as never })).toBe(false);
    expect(isMarkedApart(parseKeyset("T", keysetOf(["t1", 9])), mark, place)).toBe(false);
    for (const broken of ["", ".", "0".repeat(32), `${mark}0`, mark.slice(1), `z${mark.slice(1)}`]) {
      expect(isMarkedApart(KEYS, broken, place)).toBe(false);
    }
  });

  test("outlives a rotation: who is held apart stays so under the new key, and who is not gets the pass", async () => {
    const edge = fakeEdge();
    const callers = await script(edge);
    const rotated = fakeEdge({ ticketKeys: parseKeyset("T", keysetOf(["t2", 7], ["t1", 2])) });
    admitAll(rotated.state);
    const asks = (caller: (typeof callers)[number] | undefined) =>
      rotated.send(PASSES, {
        method: "POST",
        headers: { Authorization: `Bearer ${caller?.session}`, "Content-Type": "application/json" },
        body: JSON.stringify({ ticket: caller?.ticket }),
      });
    expect((await asks(callers[0])).status).toBe(201);
    expect((await asks(callers.at(-1))).body.code).toBe("not_admitted_yet");
  });
});
