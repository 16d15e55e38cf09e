import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { OWN_KEYS } from "../../scripts/sandbox/turnstile/keys.ts";
import { browse } from "./edge-browser.ts";
import { challenged, challengedEdge, solved, TICKETS, WIDGET } from "./edge-challenged.ts";
import { type Caller, fakeEdge } from "./edge-fakes.ts";
import { DROP, OPENS_AT } from "./edge-samples.ts";

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
