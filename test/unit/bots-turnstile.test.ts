import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { DUMMY_TOKEN, OWN_KEYS, TEST_KEYS, tokenTtlMs } from "../../scripts/sandbox/turnstile/keys.ts";
import { createSiteverify, solve } from "../../scripts/sandbox/turnstile/siteverify.ts";
import { widgetScript } from "../../scripts/sandbox/turnstile/widget.ts";
import { postedChallenges } from "../../workers/edge/bots/challenges.ts";
import { isTestSecret, outcomeOf, Siteverify } from "../../workers/edge/bots/siteverify.ts";

const SECRET = "0x4AAAAAAAtestnotreal0123456789abcdef";
const EXPECTED = { hostnames: new Set(["shop.example"]), dropId: "runner", isTest: false };
const GOOD = { success: true, "error-codes": [], hostname: "shop.example", action: "join", cdata: "runner" };

describe("what siteverify answers", () => {
  test("counts when it was solved here, for joining, and for this drop", () => {
    expect(outcomeOf(GOOD, EXPECTED)).toEqual({ kind: "solved" });
  });

  test.each([
    ["another site", { hostname: "evil.example" }],
    ["no site", { hostname: undefined }],
    ["another form", { action: "login" }],
    ["no form", { action: undefined }],
    ["another drop", { cdata: "other" }],
    ["no drop", { cdata: undefined }],
  ])("does not count when it was solved for %s", (_what, change) => {
    expect(outcomeOf({ ...GOOD, ...change }, EXPECTED).kind).toBe("not_solved");
  });

  test.each(["missing-input-response", "invalid-input-response", "timeout-or-duplicate"])(
    "%s is the token's fault",
    (code) => {
      expect(outcomeOf({ success: false, "error-codes": [code] }, EXPECTED).kind).toBe("not_solved");
    },
  );

  test.each([
    [["internal-error"]],
    [["missing-input-secret"]],
    [["invalid-input-secret"]],
    [["bad-request"]],
    [["a-code-of-tomorrow"]],
    [["invalid-input-response", "internal-error"]],
    [[]],
  ])("%j says nothing about who joins", (codes) => {
    expect(outcomeOf({ success: false, "error-codes": codes }, EXPECTED).kind).toBe("no_answer");
  });

  test("of a key for tests knows of no site, and no other key is taken for one", () => {
    const answer = { success: true, "error-codes": [], hostname: "example.com" };
    expect(outcomeOf(answer, { ...EXPECTED, isTest: true }).kind).toBe("solved");
    expect(outcomeOf(answer, EXPECTED).kind).toBe("not_solved");
    for (const { secret } of Object.values(TEST_KEYS)) expect(isTestSecret(secret)).toBe(true);
    for (const secret of [SECRET, "", OWN_KEYS.secret, `${TEST_KEYS.passes.secret}A`])
      expect(isTestSecret(secret)).toBe(false);
  });
});

describe("the check of a token", () => {
  type Sent = { url: string; init: RequestInit };
  function challengesOf(answer: () => Response | Promise<Response>) {
    const sent: Sent[] = [];
    const challenges = postedChallenges({
      url: "https://verify.example/siteverify",
      secret: SECRET,
      isTest: false,
      fetch: (async (url: string, init: RequestInit) => {
        sent.push({ url, init });
        return answer();
      }) as typeof fetch,
    });
    return { challenges, sent };
  }
  const asked = { token: "t0k3n", address: "198.51.100.7", idempotencyKey: "an-id" };

  test("is a POST of the documented fields, and is followed nowhere else", async () => {
    const { challenges, sent } = challengesOf(() => Response.json(GOOD));
    expect(await challenges.verify(asked)).toMatchObject({ success: true, hostname: "shop.example" });
    await challenges.verify({ ...asked, address: undefined });
    expect(sent.map(({ init }) => Object.fromEntries(init.body as URLSearchParams))).toEqual([
      { secret: SECRET, response: "t0k3n", remoteip: "198.51.100.7", idempotency_key: "an-id" },
      { secret: SECRET, response: "t0k3n", idempotency_key: "an-id" },
    ]);
    expect(sent[0]).toMatchObject({
      url: "https://verify.example/siteverify",
      init: { method: "POST", redirect: "manual" },
    });
  });

  test.each([
    ["a page instead of JSON", () => new Response("<html>busy</html>", { status: 502 })],
    ["no verdict", () => Response.json({ ok: 1 })],
    ["a redirect", () => new Response(null, { status: 302, headers: { Location: "https://x.example" } })],
    ["silence", () => Promise.reject(new Error("reset"))],
    ["too much", () => Response.json({ ...GOOD, metadata: "x".repeat(LIMITS.challengeAnswerMaxBytes) })],
  ])("throws at %s, and the secret is in no message", async (_what, answer) => {
    const thrown = await challengesOf(answer)
      .challenges.verify(asked)
      .then(() => null, String);
    expect(thrown).not.toBeNull();
    expect(thrown).not.toContain(SECRET);
  });

  test("reads an answer as long as may be", async () => {
    const room = LIMITS.challengeAnswerMaxBytes - JSON.stringify({ ...GOOD, metadata: "" }).length;
    const { challenges } = challengesOf(() => Response.json({ ...GOOD, metadata: "x".repeat(room) }));
    expect((await challenges.verify(asked)).success).toBe(true);
  });
});

describe("the sandbox's stand-in", () => {
  const NOW = Date.parse("2027-03-01T10:00:00Z");
  const FORM = "application/x-www-form-urlencoded";
  function stand() {
    let nowMs = NOW;
    const siteverify = createSiteverify(() => nowMs);
    const check = (fields: Record<string, string>) =>
      Siteverify.parse(siteverify.answer(FORM, new URLSearchParams(fields).toString()).body);
    return { check, siteverify, wait: (ms: number) => (nowMs += ms) };
  }
  const token = (changes: Partial<Parameters<typeof solve>[0]> = {}) =>
    solve({ nonce: "n1", hostname: "shop.example", action: "join", cdata: "runner", atMs: NOW, ...changes });

  test("does for each documented key for tests what is documented of it", () => {
    const { check } = stand();
    const answers = Object.values(TEST_KEYS).map(({ secret }) => check({ secret, response: DUMMY_TOKEN }));
    expect(answers.map(({ success }) => success)).toEqual([true, false, false]);
    expect(answers[2]?.["error-codes"]).toEqual(["timeout-or-duplicate"]);
    expect(check({ secret: TEST_KEYS.passes.secret, response: "anything" }).success).toBe(true);
  });

  test("asks for secret and token, and knows no other secret", () => {
    const { check } = stand();
    expect(check({ response: "x" })["error-codes"]).toEqual(["missing-input-secret"]);
    expect(check({ secret: OWN_KEYS.secret })["error-codes"]).toEqual(["missing-input-response"]);
    expect(check({ secret: SECRET, response: "x" })["error-codes"]).toEqual(["invalid-input-secret"]);
  });

  test("takes a token of its own once, again only under the same idempotency key, and not after its life", () => {
    const { check, wait } = stand();
    const secret = OWN_KEYS.secret;
    const first = check({ secret, response: token(), idempotency_key: "a" });
    expect(outcomeOf(first, EXPECTED).kind).toBe("solved");
    expect(check({ secret, response: token(), idempotency_key: "a" }).success).toBe(true);
    expect(check({ secret, response: token(), idempotency_key: "b" })["error-codes"]).toEqual([
      "timeout-or-duplicate",
    ]);
    expect(check({ secret, response: token() }).success).toBe(false);
    wait(tokenTtlMs - 1);
    expect(check({ secret, response: token({ nonce: "n2" }) }).success).toBe(true);
    wait(1);
    expect(check({ secret, response: token({ nonce: "n3" }) }).success).toBe(false);
    expect(check({ secret, response: DUMMY_TOKEN }).success).toBe(false);
  });

  test("reads JSON too", () => {
    const { siteverify } = stand();
    const body = JSON.stringify({ secret: TEST_KEYS.passes.secret, response: "x" });
    expect(siteverify.answer("application/json", body).body).toMatchObject({ success: true });
  });
});

describe("the stand-in's widget", () => {
  /** As much of a page as the script touches. */
  function render(dataset: Record<string, string>): { name: string; value: string } | undefined {
    const fields: { name: string; value: string }[] = [];
    const place = { dataset, textContent: "", append: (field: never) => fields.push(field) };
    const document = {
      readyState: "complete",
      querySelectorAll: () => [place],
      createElement: () => ({}),
    };
    runInNewContext(widgetScript(), { document, crypto, btoa, location: { hostname: "shop.example" } });
    return fields[0];
  }

  test("gives what the check takes: the dummy for the key for tests, a token of its own for its own", () => {
    const siteverify = createSiteverify(Date.now);
    const dummy = render({ sitekey: TEST_KEYS.passes.siteKey });
    expect(dummy).toMatchObject({ name: "cf-turnstile-response", value: DUMMY_TOKEN });
    expect(render({ sitekey: TEST_KEYS.fails.siteKey })).toBeUndefined();
    const own = render({ sitekey: OWN_KEYS.siteKey, action: "join", cdata: "runner" });
    const body = JSON.stringify({ secret: OWN_KEYS.secret, response: own?.value });
    const answer = Siteverify.parse(siteverify.answer("application/json", body).body);
    expect(outcomeOf(answer, EXPECTED)).toEqual({ kind: "solved" });
  });
});
