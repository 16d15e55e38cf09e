import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import type { Snapshot } from "../../schema/line.ts";
import { standingOf } from "../../workers/edge/line/arithmetic.ts";
import { rangeWords, roundedBy } from "../../workers/edge/line/spans.ts";
import { toldOf } from "../../workers/edge/line/told.ts";
import { TUNING } from "../../workers/edge/tuning.ts";
import { browse } from "./edge-browser.ts";
import { admitAll } from "./edge-fakes.ts";
import { cohortOf, DROP, OPENS_AT, SKU, snapshotOf } from "./edge-samples.ts";

const LINE = `/drops/${DROP}/line`;
const units = (available: number, reserved: number, sold: number) => [
  { skuId: SKU, stock: available + reserved + sold, available, reserved, sold },
];

/** In the line since the lobby; the cohort's seed is out unless it is said otherwise. */
async function inLine(changes: Partial<Snapshot>, { nowMs = OPENS_AT + 60_000, isRevealed = true } = {}) {
  const shop = browse();
  shop.clock.set(nowMs - 10_000);
  await shop.press(await shop.send(`/drops/${DROP}`));
  shop.clock.set(nowMs);
  shop.state.closed = isRevealed ? [cohortOf(0)] : [];
  const watermark = isRevealed ? { cohort: 0, rank: 0 } : { cohort: -1, rank: 1 };
  shop.state.snapshot$ = snapshotOf({ atMs: nowMs, watermark, skus: units(9_000, 0, 0), ...changes });
  return { shop, page: await shop.send(LINE) };
}
const titleOf = (text: string) => /<h1>([^<]*)<\/h1>/.exec(text)?.[1];
const refreshOf = (text: string) =>
  Number(/<noscript><meta http-equiv="refresh" content="(\d+)"/.exec(text)?.[1]);

describe("the page of somebody who waits", () => {
  const EARLY = OPENS_AT - 600_000;
  const beacon = (dueAtMs: number) => ({ cohort: 0, round: 7, dueAtMs });
  test.each<[string, Partial<Snapshot>, { nowMs?: number; isRevealed?: boolean }, string, RegExp[]]>([
    [
      "the lobby",
      { phase: "lobby" },
      { nowMs: EARLY, isRevealed: false },
      "You are in the lobby",
      [
        /1,000 people have joined so far/,
        /in 10 minutes/,
        /coming earlier gains nothing/,
        /enough units for everybody/,
      ],
    ],
    [
      "the lobby, for its first by a snapshot from before",
      { phase: "lobby", joined: 0 },
      { nowMs: EARLY, isRevealed: false },
      "You are in the lobby",
      [/1 person has joined so far/],
    ],
    [
      "the draw",
      { waitsForBeacon: beacon(OPENS_AT + 63_000) },
      { isRevealed: false },
      "Places are being drawn",
      [/Your place is not known yet. It will be in about 3 seconds/],
    ],
    [
      "a late beacon",
      { waitsForBeacon: beacon(OPENS_AT + 3_000) },
      { isRevealed: false },
      "The draw is waiting for its public random value",
      [/is late. The line waits for it/, /Everybody(?:'|&#39;)s place is safe/],
    ],
    [
      "the wait",
      {},
      {},
      "You are in the line",
      [
        /About \d+ (?:person is|people are) before you|You are next/,
        /At the present pace that is/,
        /likely that a unit is left/,
        /Your place in the whole line is about/,
        /There are 9,000 units/,
      ],
    ],
    [
      "few units",
      { skus: units(2, 3, 95) },
      {},
      "You are in the line",
      [/unlikely that a unit is left/, /2 free, 3 reserved and 95 sold/],
    ],
    ["a pause", { isPaused: true }, {}, "The line is paused", [/Nobody is admitted until it goes on/]],
    [
      "a pause at one's turn",
      { isPaused: true, watermark: { cohort: 0, rank: 1 } },
      {},
      "Your turn has come, and the line is paused",
      [/You can choose as soon as the line goes on/],
    ],
    [
      "standby",
      { watermark: { cohort: 0, rank: 1 }, standbyBefore: { cohort: 0, rank: 1 } },
      {},
      "You are on standby",
      [/The time in which you could claim your place is over/, /Once everybody else has had their turn/],
    ],
    [
      "all reserved",
      { skus: units(0, 5, 5) },
      {},
      "All units are reserved",
      [/What they do not buy comes back/],
    ],
    [
      "sold out",
      { phase: "sold_out", skus: units(0, 0, 10) },
      {},
      "Everything is sold",
      [/do not count on it/],
    ],
    ["the end", { phase: "closed" }, {}, "This drop is over", [/No unit can reach you any more/]],
  ])("says what %s is", async (_, changes, when, title, words) => {
    const { page } = await inLine(changes, when);
    expect(page.status).toBe(200);
    expect(titleOf(page.text)).toBe(title);
    expect(page.text).toContain(`<title>${title}: Runner`);
    for (const word of words) expect(page.text).toMatch(word);
    if (changes.phase === "closed") expect(page.text).not.toContain('http-equiv="refresh"');
    else expect(refreshOf(page.text)).toBeGreaterThan(0);
    expect(page.text).not.toMatch(
      /<script(?! type="module" src="\/assets\/islands\/)|<style| style=| on[a-z]+=/,
    );
    expect(page.headers.get("Content-Security-Policy")).toMatch(/script-src 'self'; connect-src 'self';/);
    expect(page.headers.get("Cache-Control")).toBe("no-store");
  });

  test("says no wait and no place before the rank is known, and 'no unit can reach you' before the end never", async () => {
    for (const changes of [
      { phase: "sold_out" as const, skus: units(0, 0, 10) },
      { skus: units(0, 5, 5) },
      {},
    ]) {
      const { page } = await inLine(changes, { isRevealed: false });
      expect(page.text).not.toMatch(/At the present pace|Your place in the whole line|No unit can reach you/);
    }
    const { page } = await inLine({ phase: "sold_out", skus: units(0, 0, 10) });
    expect(page.text).not.toMatch(/No unit can reach you|At the present pace/);
  });

  test("tells what the brand has to say, as text", async () => {
    const { page } = await inLine({ message: "Back in <5> minutes" });
    expect(page.text).toContain("Back in &lt;5&gt; minutes");
    expect(page.text).toMatch(/<div class="notice" id="line-message">/);
    expect((await inLine({})).page.text).toMatch(/id="line-message" hidden=""/);
  });

  test("gives its script the ticket's id and cohort, and no session", async () => {
    const { shop, page } = await inLine({});
    expect(page.text).toMatch(
      /data-drop="runner" data-name="Runner" data-ticket="[0-9a-f]{32}" data-cohort="0"/,
    );
    for (const { value } of shop.cookies.values()) expect(page.text).not.toContain(value);
  });

  test("takes whoever stood by to the choice once standby is open", async () => {
    const late = { watermark: { cohort: 0, rank: 1 }, standbyBefore: { cohort: 0, rank: 1 } };
    expect(titleOf((await inLine({ ...late, isStandbyOpen: true })).page.text)).toBe("It is your turn");
  });

  test("keeps showing the way to a basket that is still held", async () => {
    const { shop } = await inLine({});
    admitAll(shop.state);
    shop.clock.set(OPENS_AT + 65_000);
    await shop.press(await shop.send(LINE), { "units-runner-42": "1" });
    const standbyBefore = { cohort: 0, rank: 1 };
    shop.state.snapshot$ = { ...shop.state.snapshot$, atMs: OPENS_AT + 70_000, standbyBefore };
    shop.clock.set(OPENS_AT + 70_000);
    const page = await shop.send(LINE);
    expect(titleOf(page.text)).toBe("You are on standby");
    expect(page.text).toContain("To your basket");
  });
});

test("a choice that is made during a pause is shown again, with what was chosen and why it has to wait", async () => {
  const shop = browse();
  admitAll(shop.state);
  const turn = await shop.press(await shop.send(`/drops/${DROP}`));
  shop.state.refuseBasket = () => ({ code: "drop_paused" });
  const page = await shop.press(turn, { "units-runner-42": "1" });
  expect(page.status).toBe(409);
  expect(page.text).toContain("The line is paused, so nothing new can be reserved");
  expect(page.text).toContain("<title>Not reserved. It is your turn");
});

describe("the page of somebody outside", () => {
  test.each([
    ["announced", "This line is not open yet", false],
    ["lobby", "You are not in this line yet", true],
    ["live", "You are not in this line yet", true],
    ["sold_out", "You are not in this line yet", true],
    ["closed", "This drop is over", false],
  ] as const)("lets them join where that can be done: %s", async (phase, title, canJoin) => {
    const shop = browse();
    shop.state.snapshot$ = snapshotOf({ phase });
    const page = await shop.send(LINE);
    expect(titleOf(page.text)).toBe(title);
    expect(page.text.includes("<form")).toBe(canJoin);
    expect(page.text).not.toContain("<script");
  });
});

describe("words", () => {
  test("round a range outwards, in units that its size makes sense of", () => {
    const words = (from: number, to: number) => rangeWords({ fromMs: from * 1_000, toMs: to * 1_000 });
    expect(words(0, 34)).toBe("at most 40 seconds");
    expect(words(21, 89)).toBe("between 20 seconds and 2 minutes");
    expect(words(30, 150)).toBe("at most 3 minutes");
    expect(words(241, 500)).toBe("between 4 and 9 minutes");
    expect(words(3_000, 5_000)).toBe("between 50 minutes and 1 hour 24 minutes");
    expect(words(7_300, 14_000)).toBe("between 2 and 4 hours");
  });

  test("give no digits that the margin makes nonsense of", () => {
    expect([roundedBy(1_237, 4), roundedBy(1_237, 60), roundedBy(1_237, 300)]).toEqual([1_237, 1_240, 1_200]);
  });

  test("are the same for the server and for a page that keeps itself up to date", () => {
    const picture = snapshotOf({ rootedThrough: 0, revealedThrough: 0 });
    const ticket = { cohort: 0, ranked: { rank: 0.5, count: 1_000, before: 0 } };
    const told = toldOf(ticket, standingOf(ticket, picture, OPENS_AT), picture, OPENS_AT);
    expect(told.main).toBe("About 500 people are before you (give or take 32).");
  });
});

test("a visitor without a ticket is told when it starts and enters the lobby before that, and joins the line after it", async () => {
  for (const [nowMs, words, button] of [
    [OPENS_AT - 90_000, "It starts in 2 minutes", "Enter the lobby"],
    [OPENS_AT + 90_000, "You are not in this line yet", "Join the line"],
  ] as const) {
    const shop = browse();
    shop.clock.set(nowMs);
    shop.state.snapshot$ = snapshotOf({ phase: nowMs < OPENS_AT ? "lobby" : "live" });
    const { text } = await shop.send(LINE);
    expect(text).toContain(words);
    expect(text).toContain(`<button type="submit">${button}</button>`);
  }
});

test("the page that is told instead while nothing answers looks again by itself, and the answer to a form does not", async () => {
  const { shop, page } = await inLine({});
  shop.clock.set(OPENS_AT + 60_000 + TUNING.staleWhileUnavailableMs + 1_000);
  shop.state.snapshot = () => Promise.reject(new Error("gone"));
  const { status, text } = await shop.send(LINE);
  expect([status, titleOf(page.text)]).toEqual([503, "You are in the line"]);
  const [, seconds] = /<head>.*<meta http-equiv="refresh" content="(\d+)"/.exec(text) ?? [];
  expect(Number(seconds)).toBeGreaterThanOrEqual(TUNING.pageRefreshMinSeconds);
  expect(Number(seconds)).toBeLessThanOrEqual(
    TUNING.pageRefreshSpreadSeconds + LIMITS.unavailableRetryMs / 1_000,
  );
  expect(text).toContain("Nobody loses a place in the line by this");
  const joining = browse();
  const drop = await joining.send(`/drops/${DROP}`);
  joining.state.join = () => Promise.reject(new Error("gone"));
  const answer = await joining.press(drop, {}, { action: "/line" });
  expect([answer.status, answer.text.includes("http-equiv")]).toEqual([503, false]);
});
