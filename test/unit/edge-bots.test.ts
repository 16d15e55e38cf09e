import { describe, expect, test } from "vitest";
import type { PublishedDrop } from "../../schema/drop-document.ts";
import { ShopperId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { ok } from "../../schema/result.ts";
import { OWN_KEYS } from "../../scripts/sandbox/turnstile/keys.ts";
import { createSiteverify, solve } from "../../scripts/sandbox/turnstile/siteverify.ts";
import { isMarkedApart, markOf } from "../../workers/edge/bots/mark.ts";
import { Siteverify } from "../../workers/edge/bots/siteverify.ts";
import { ticketIdOf } from "../../workers/edge/derive.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import { createTokens } from "../../workers/edge/tokens.ts";
import { TUNING } from "../../workers/edge/tuning.ts";
import { browse } from "./edge-browser.ts";
import {
  admitAll,
  admitted,
  type Caller,
  cohortOf,
  DROP,
  documentOf,
  fakeEdge,
  headOf,
  keysetOf,
  OPENS_AT,
  ORIGIN,
  snapshotOf,
} from "./edge-fakes.ts";

const TICKETS = `/v1/drops/${DROP}/tickets`;
const PASSES = `/v1/drops/${DROP}/passes`;
const RESERVATIONS = `/v1/drops/${DROP}/reservations`;
const ADDRESS = { "CF-Connecting-IP": "198.51.100.7" };
const WIDGET = { siteKey: OWN_KEYS.siteKey, scriptUrl: "https://challenges.example/api.js" };

const HTML = "text/html,application/xhtml+xml";
const NO_CONTEXT = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} } as never;

let nonces = 0;
const solved = (changes: Partial<Parameters<typeof solve>[0]> = {}) =>
  solve({
    nonce: String(++nonces),
    hostname: "shop.example",
    action: "join",
    cdata: DROP,
    atMs: OPENS_AT,
    ...changes,
  });

/** An edge whose drop asks for a challenge, checked by the sandbox's stand-in with its real-like pair of keys. */
function challenged(line: Record<string, unknown> = {}, isDown = () => false) {
  const siteverify = createSiteverify(() => OPENS_AT);
  const asked: { token: string; idempotencyKey: string }[] = [];
  const challenges = {
    isTest: false,
    async verify({ token, idempotencyKey }: { token: string; idempotencyKey: string }) {
      asked.push({ token, idempotencyKey });
      if (isDown()) throw new Error("no answer");
      const body = new URLSearchParams({
        secret: OWN_KEYS.secret,
        response: token,
        idempotency_key: idempotencyKey,
      });
      return Siteverify.parse(siteverify.answer("application/x-www-form-urlencoded", body.toString()).body);
    },
  };
  const deps = { challenges, widget: WIDGET };
  const published: PublishedDrop = {
    version: "a".repeat(64),
    publishedAtMs: 0,
    document: documentOf({ line: { challenge: "turnstile", ...line } }),
  };
  return { deps, published, asked };
}

function challengedEdge(line: Record<string, unknown> = {}, isDown?: () => boolean) {
  const { deps, published, asked } = challenged(line, isDown);
  const edge = fakeEdge(deps);
  edge.state.published$ = published;
  return { ...edge, asked };
}

describe("a drop that asks for a challenge", () => {
  test("is joined with a solved one, and not without", async () => {
    const edge = challengedEdge();
    const caller = await edge.open();
    const bare = await caller.post(TICKETS, {});
    expect([bare.status, bare.body.code]).toEqual([403, "challenge_required"]);
    expect(edge.state.joined).toHaveLength(0);
    expect((await caller.post(TICKETS, { challenge: solved() })).status).toBe(201);
  });

  test("tells how its widget is to be set up", async () => {
    const { body } = await challengedEdge().send(`/v1/drops/${DROP}`);
    expect(body.challenge).toEqual({
      kind: "turnstile",
      siteKey: OWN_KEYS.siteKey,
      action: "join",
      cdata: DROP,
      isMailEnough: true,
    });
    expect((await fakeEdge().send(`/v1/drops/${DROP}`)).body.challenge).toBeNull();
  });

  test.each([
    ["a made-up one", () => "made-up"],
    ["one that was solved for another drop", () => solved({ cdata: "other" })],
    ["one that was solved at another site", () => solved({ hostname: "evil.example" })],
    ["one that was solved for another form", () => solved({ action: "login" })],
    ["one that is five minutes old", () => solved({ atMs: OPENS_AT - 300_000 })],
  ])("refuses %s", async (_what, token) => {
    const edge = challengedEdge();
    const answer = await (await edge.open()).post(TICKETS, { challenge: token() });
    expect([answer.status, answer.body.code]).toEqual([403, "challenge_required"]);
    expect(edge.state.joined).toHaveLength(0);
  });

  test("takes one token for one shopper: its repeat is the same join, another's is refused", async () => {
    const edge = challengedEdge();
    const [one, other] = [await edge.open(), await edge.open()];
    const challenge = solved();
    const first = await one.post(TICKETS, { challenge });
    const again = await one.post(TICKETS, { challenge });
    expect(again.body.ticketId).toBe(first.body.ticketId);
    const replayed = await other.post(TICKETS, { challenge });
    expect([replayed.status, replayed.body.code]).toEqual([403, "challenge_required"]);
    const [a, b, c] = edge.asked.map(({ idempotencyKey }) => idempotencyKey);
    expect(a).toBe(b);
    expect(c).not.toBe(a);
    expect(a).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("lets nobody in by a token while it cannot be checked, judges nobody, and takes the same token later", async () => {
    let isDown = true;
    const edge = challengedEdge({}, () => isDown);
    const caller = await edge.open();
    const challenge = solved();
    const refused = await caller.post(TICKETS, { challenge });
    expect([refused.status, refused.body.code]).toEqual([503, "unavailable"]);
    expect(refused.headers.get("Retry-After")).toBe("2");
    expect(edge.state.joined).toHaveLength(0);
    expect(edge.logs).toMatchObject([{ level: "error", event: "challenge_not_verified" }]);
    isDown = false;
    expect((await caller.post(TICKETS, { challenge })).status).toBe(201);
  });

  test("without a secret lets nobody in by a token, and says so in the log", async () => {
    const edge = fakeEdge({ challenges: null, widget: WIDGET });
    edge.state.published$ = challenged().published;
    const answer = await (await edge.open()).post(TICKETS, { challenge: "x" });
    expect(answer.body.code).toBe("unavailable");
    expect(edge.logs).toMatchObject([
      { event: "challenge_not_verified", why: "TURNSTILE_SECRET is not set" },
    ]);
  });

  test("reads a token as long as Turnstile's, and none longer", async () => {
    const caller = await challengedEdge().open();
    const longest = await caller.post(TICKETS, { challenge: "x".repeat(LIMITS.challengeMaxChars) });
    expect(longest.body.code).toBe("challenge_required");
    const longer = await caller.post(TICKETS, { challenge: "x".repeat(LIMITS.challengeMaxChars + 1) });
    expect(longer.body.code).toBe("invalid_request");
    expect((await caller.post(TICKETS, { challenge: "" })).body.code).toBe("invalid_request");
  });

  test("asks nobody's check and no limit where it asks for no challenge, and is one call", async () => {
    const { deps, asked } = challenged();
    const edge = fakeEdge(deps);
    const caller = await edge.open();
    await caller.post(TICKETS, { challenge: "whatever" });
    await caller.post(TICKETS, {});
    expect(asked).toHaveLength(0);
    expect(edge.state.calls).toEqual({ published: 1, join: 2 });
  });
});

describe("a mailed code instead of a challenge", () => {
  const withMail = async (edge: ReturnType<typeof fakeEdge>, email = "ada@example.com") => {
    const caller = await edge.open();
    const sent = await caller.post("/v1/sessions/mail", { email });
    const code = /Your code is (\d{6})/.exec(edge.mails.at(-1)?.text ?? "")?.[1] ?? "";
    const { body } = await caller.post("/v1/sessions/mail/verify", { challenge: sent.body.challenge, code });
    return { ...caller, session: body.session as string };
  };
  const join = (edge: ReturnType<typeof fakeEdge>, { session }: Pick<Caller, "session">) =>
    edge.send(TICKETS, {
      method: "POST",
      headers: { Authorization: `Bearer ${session}`, "Idempotency-Key": "k" },
    });

  test("is enough where the drop lets it, and asks no check", async () => {
    const edge = challengedEdge();
    expect((await join(edge, await withMail(edge))).status).toBe(201);
    expect(edge.asked).toHaveLength(0);
    const strict = challengedEdge({ mailInsteadOfChallenge: false });
    expect((await join(strict, await withMail(strict))).body.code).toBe("challenge_required");
  });

  test("keeps its way open while challenges cannot be checked", async () => {
    const edge = challengedEdge({}, () => true);
    expect((await join(edge, await withMail(edge))).status).toBe(201);
  });

  test("brings a few sessions in by one mail, however it is spelled, and no more; a repeat is the same one", async () => {
    const edge = challengedEdge();
    const sessions = [];
    for (let at = 0; at <= LIMITS.joinsByPersonMax; at++) {
      sessions.push(await withMail(edge, `ada+${at}@Example.com`));
    }
    const last = sessions.pop();
    for (const session of [...sessions, ...sessions]) expect((await join(edge, session)).status).toBe(201);
    expect(last && (await join(edge, last)).body.code).toBe("challenge_required");
  });

  test("works in a browser without JavaScript, from the drop's page to the line", async () => {
    const { deps, published } = challenged();
    const browser = browse(deps);
    browser.state.published$ = published;
    const drop = await browser.send(`/drops/${DROP}`);
    const asked = await browser.press(drop, {}, { action: "/line" });
    expect(browser.at()).toBe(`/drops/${DROP}/join`);
    expect(asked.text).toContain("<noscript>");
    const mailed = await browser.press(asked, { email: "ada@example.com" }, { action: "/join" });
    const code = /Your code is (\d{6})/.exec(browser.mails.at(-1)?.text ?? "")?.[1] ?? "";
    const wrong = await browser.press(mailed, { code: "000000" }, { action: "/join" });
    expect(wrong.status).toBe(422);
    const line = await browser.press(wrong, { code }, { action: "/join" });
    expect([line.status, browser.at()]).toEqual([200, `/drops/${DROP}/line`]);
    expect(browser.cookies.has(`dropline_ticket_${DROP}`)).toBe(true);
  });
});

describe("the page of the challenge", () => {
  test("lets its script and frame in from where the widget is, and other pages let in none of it", async () => {
    const { deps, published } = challenged();
    const edge = fakeEdge(deps);
    edge.state.published$ = published;
    const policyOf = async (path: string) =>
      (await edge.send(path, { headers: { Accept: "text/html" } })).headers.get("Content-Security-Policy");
    const policy = await policyOf(`/drops/${DROP}/join`);
    expect(policy).toContain("script-src https://challenges.example;");
    expect(policy).toContain("frame-src https://challenges.example;");
    expect(policy).toContain("form-action 'self'");
    expect(await policyOf(`/drops/${DROP}`)).not.toContain("challenges.example");
  });

  test("takes what the widget put into the form; nothing solved is said beside it", async () => {
    const { deps, published } = challenged();
    const browser = browse(deps);
    browser.state.published$ = published;
    const page = await browser.send(`/drops/${DROP}/join`);
    expect(page.text).toContain(`data-sitekey="${OWN_KEYS.siteKey}"`);
    const unsolved = await browser.press(page);
    expect([unsolved.status, unsolved.text.includes("was not solved")]).toEqual([422, true]);
    const line = await browser.press(page, { "cf-turnstile-response": solved() });
    expect([line.status, browser.at()]).toEqual([200, `/drops/${DROP}/line`]);
  });

  test("of a drop that asks for none leads to the line", async () => {
    const browser = browse({ widget: WIDGET });
    await browser.send(`/drops/${DROP}/join`);
    expect(browser.at()).toBe(`/drops/${DROP}/line`);
  });
});

/** So many sessions of one script at one address: the last of them is taken for a bot. */
async function script(edge: ReturnType<typeof fakeEdge>, count = TUNING.alikeFromAddressMax + 1) {
  const callers: (Caller & { ticket: string })[] = [];
  for (let at = 0; at < count; at++) {
    const caller = await edge.open();
    const { status, body } = await caller.post(TICKETS, {}, ADDRESS);
    expect(status).toBe(201);
    callers.push({ ...caller, ticket: body.ticket });
  }
  return callers;
}

const claimsOf = (ticket: string) =>
  JSON.parse(Buffer.from(ticket.split(".")[1] ?? "", "base64url").toString()) as {
    tid: string;
    mrk: string;
  };

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

describe("a paused line", () => {
  test("gives no pass, and takes no new basket on a pass that was given before; a repeat gets its first answer", async () => {
    const edge = fakeEdge();
    const owner = await admitted(edge);
    const basket = { pass: owner.pass, lines: [{ skuId: "runner-42" }] };
    const first = await owner.post(RESERVATIONS, basket, { "Idempotency-Key": "before" });
    edge.state.snapshot$ = { ...edge.state.snapshot$, isPaused: true };
    edge.clock.set(OPENS_AT + 2_000);
    const refusedPass = await owner.post(PASSES, { ticket: owner.ticket });
    expect([refusedPass.status, refusedPass.body.code]).toEqual([409, "drop_paused"]);
    expect(refusedPass.body.retryAfterMs).toBeGreaterThan(0);
    const fresh = await owner.post(RESERVATIONS, basket, { "Idempotency-Key": "during" });
    expect([fresh.status, fresh.body.code]).toEqual([409, "drop_paused"]);
    const repeat = await owner.post(RESERVATIONS, basket, { "Idempotency-Key": "before" });
    expect(repeat.body).toEqual(first.body);
    edge.state.snapshot$ = { ...edge.state.snapshot$, isPaused: false };
    edge.clock.set(OPENS_AT + 4_000);
    expect((await owner.post(PASSES, { ticket: owner.ticket })).status).toBe(201);
    expect((await owner.post(RESERVATIONS, basket, { "Idempotency-Key": "during" })).status).toBe(201);
  });
});

describe("a turn that was not claimed in time", () => {
  test("stands by until standby is open, and may have its pass then", async () => {
    const edge = fakeEdge();
    const owner = await admitted(edge);
    const at = async (afterMs: number, changes: Parameters<typeof snapshotOf>[0]) => {
      edge.clock.set(OPENS_AT + afterMs);
      edge.state.snapshot$ = snapshotOf({ watermark: { cohort: 0, rank: 1 }, ...changes });
      return (await owner.post(PASSES, { ticket: owner.ticket })).body;
    };
    const late = { standbyBefore: { cohort: 0, rank: 1 } };
    expect(await at(700_000, late)).toMatchObject({ code: "standing_by", status: 409 });
    expect((await at(702_000, { ...late, isStandbyOpen: true })).pass).toBeDefined();
    expect((await at(704_000, { ...late, isStandbyOpen: true, isPaused: true })).code).toBe("drop_paused");
    expect((await at(706_000, { ...late, phase: "sold_out" })).code).toBe("sold_out");
    expect((await at(7_200_000, { ...late, phase: "closed" })).pass).toBeDefined();
  });
});
