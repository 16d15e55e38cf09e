import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../schema/line.ts";
import {
  CHOICES,
  mayClaim,
  type Picture,
  type Standing,
  standingOf,
  type Ticket,
  waitRangeOf,
} from "../../workers/edge/line/arithmetic.ts";
import { askAgainAfterMs } from "../../workers/edge/line/asking.ts";

const OPENS_AT = Date.parse("2027-03-01T10:00:00Z");
const NOBODY = { cohort: -1, rank: 0 };
const levels = (available: number, reserved: number, sold: number) => [
  { stock: available + reserved + sold, available, reserved, sold },
];

function pictureOf(changes: Partial<Picture> = {}): Picture {
  return {
    atMs: OPENS_AT + 60_000,
    phase: "live",
    isPaused: false,
    opensAtMs: OPENS_AT,
    windowMs: 5_000,
    watermark: { cohort: 0, rank: 0.5 },
    standbyBefore: NOBODY,
    isStandbyOpen: false,
    joined: 20_000,
    admitted: 5_000,
    rootedThrough: 8,
    revealedThrough: 8,
    waitsForBeacon: null,
    admitPerSecond: 100,
    pacePerSecond: 100,
    noShowShare: 0,
    skus: levels(100_000, 0, 5_000),
    ...changes,
  };
}
const ticketOf = (cohort: number, rank: number, count = 1_000, before = 10_000): Ticket => ({
  cohort,
  ranked: { rank, count, before },
});
const at = (ticket: Ticket, picture: Picture, nowMs = picture.atMs) => standingOf(ticket, picture, nowMs);
function waitingAt(ticket: Ticket, picture: Picture) {
  const standing = at(ticket, picture);
  if (standing.kind !== "waiting") throw new Error(`is ${standing.kind}`);
  return standing;
}

test("a snapshot is a picture as it comes", () => {
  const picture: Picture = {} as Snapshot;
  expect(picture).toBeDefined();
});

test("imports nothing, so that anybody can take the file alone", () => {
  const text = readFileSync(join(import.meta.dirname, "../../workers/edge/line/arithmetic.ts"), "utf8");
  expect(text).not.toMatch(/^\s*import\b|\bimport\(|\brequire\(|Date\.now|Math\.random/m);
});

describe("where a ticket stands", () => {
  test("is admitted strictly before the watermark, whatever else there is to say", () => {
    const picture = pictureOf({ watermark: { cohort: 2, rank: 0.5 } });
    expect(at(ticketOf(2, 0.4999), picture).kind).toBe("admitted");
    expect(at(ticketOf(2, 0.5), picture).kind).toBe("waiting");
    expect(at(ticketOf(1, 0.9), { ...picture, phase: "closed" }).kind).toBe("admitted");
    expect(at(ticketOf(1, 0.9), { ...picture, isPaused: true })).toMatchObject({
      kind: "admitted",
      isPaused: true,
    });
  });

  test("stands by once its time to claim is over", () => {
    const picture = pictureOf({ watermark: { cohort: 2, rank: 0.5 }, standbyBefore: { cohort: 0, rank: 1 } });
    expect(at(ticketOf(0, 0.9), picture)).toMatchObject({ kind: "standby", isOpen: false });
    expect(at(ticketOf(0, 0.9), { ...picture, isStandbyOpen: true })).toMatchObject({ isOpen: true });
    expect(at(ticketOf(1, 0), picture).kind).toBe("admitted");
    const closed = { ...picture, phase: "closed", isPaused: true } as const;
    expect(at(ticketOf(0, 0.9), closed)).toMatchObject({ kind: "admitted", isPaused: false });
    expect(at(ticketOf(2, 0.6), closed).kind).toBe("over");
  });

  test("may claim when admitted, or late and standby is open, and never while the line is paused", () => {
    const admitted = { kind: "admitted", rank: 0, isPaused: false } as const;
    const late = { kind: "standby", rank: 0, isPaused: false, isOpen: true } as const;
    expect([admitted, late].map(mayClaim)).toEqual([true, true]);
    expect(mayClaim({ ...admitted, isPaused: true })).toBe(false);
    expect(mayClaim({ ...late, isPaused: true })).toBe(false);
    expect(mayClaim({ ...late, isOpen: false })).toBe(false);
    expect(mayClaim({ kind: "over" })).toBe(false);
  });

  test("gathers until its cohort closes, then its places are drawn, and no wait is told before its rank is known", () => {
    const ticket: Ticket = { cohort: 12, ranked: null };
    const picture = pictureOf({
      atMs: OPENS_AT + 59_000,
      waitsForBeacon: { cohort: 9, dueAtMs: OPENS_AT + 62_000 },
    });
    expect(at(ticket, picture)).toMatchObject({ kind: "gathering", closesAtMs: OPENS_AT + 60_000 });
    const drawing = at(ticket, picture, OPENS_AT + 60_001);
    expect(drawing).toMatchObject({ kind: "drawing", isLate: false });
    expect(at(ticket, picture, OPENS_AT + 70_000)).toMatchObject({ kind: "drawing", isLate: true });
    expect(drawing).not.toHaveProperty("wait");
  });

  test("says before + count * rank, with twice the deviation", () => {
    const standing = waitingAt(ticketOf(5, 0.25, 400, 10_000), pictureOf());
    expect(standing).toMatchObject({ place: 10_101, placeMargin: 18 });
    expect(standing.ahead).toBe(10_000 - 5_000 + 100);
    expect(standing.aheadMargin).toBe(Math.ceil(2 * Math.sqrt(400 * 0.25 * 0.75 + 5_000 * 0.5)));
  });

  test("counts only what lies between when the watermark is in its own cohort", () => {
    const picture = pictureOf({ watermark: { cohort: 5, rank: 0.25 }, admitted: 10_250 });
    expect(waitingAt(ticketOf(5, 0.75), picture)).toMatchObject({ ahead: 500, aheadMargin: 32 });
  });
});

describe("no unit can reach you any more", () => {
  test("is said after the end, and never while a unit could still come back", () => {
    fc.assert(
      fc.property(pictures, fc.double({ min: 0, max: 0.999, noNaN: true }), (picture, rank) => {
        const standing = at(ticketOf(7, rank), picture);
        expect(standing.kind === "over").toBe(picture.phase === "closed" && standing.kind !== "admitted");
      }),
    );
  });

  test("is preceded by a likelihood: by what is free, what is held, and what those before took", () => {
    const far = ticketOf(5, 0.5);
    const chance = (skus: Picture["skus"], changes: Partial<Picture> = {}) =>
      waitingAt(far, pictureOf({ skus, ...changes })).chance;
    expect(chance(levels(7_000, 0, 5_000))).toBe("likely");
    expect(chance(levels(5_000, 0, 5_000))).toBe("possible");
    expect(chance(levels(100, 4_900, 0))).toBe("possible");
    expect(chance(levels(100, 1_000, 4_000))).toBe("unlikely");
    expect(chance(levels(0, 0, 5_000), { phase: "sold_out" })).toBe("unlikely");
    expect(chance(levels(4_500, 0, 3_000), { noShowShare: 0.4 })).toBe("likely");
  });

  test("is told for a lobby by units over people, since any place may come", () => {
    const chance = (available: number) => {
      const lobby = {
        phase: "lobby",
        joined: 1_000,
        admitted: 0,
        watermark: NOBODY,
        rootedThrough: -1,
      } as const;
      const picture = pictureOf({ ...lobby, atMs: OPENS_AT - 1, skus: levels(available, 0, 0) });
      return at({ cohort: 0, ranked: null }, picture);
    };
    expect(chance(1_000)).toMatchObject({ kind: "gathering", chance: "likely" });
    expect(chance(999)).toMatchObject({ chance: "possible" });
    expect(chance(250)).toMatchObject({ chance: "unlikely" });
  });

  test("tells all reserved and sold out apart, and no wait for either", () => {
    const far = ticketOf(5, 0.5);
    expect(waitingAt(far, pictureOf({ skus: levels(0, 10, 0) }))).toMatchObject({
      stop: "all_reserved",
      wait: null,
    });
    const sold = pictureOf({ phase: "sold_out", skus: levels(0, 0, 10) });
    expect(waitingAt(far, sold)).toMatchObject({ stop: "sold_out", wait: null });
    expect(waitingAt(far, pictureOf({ isPaused: true }))).toMatchObject({ stop: "paused", wait: null });
  });
});

describe("the wait", () => {
  const people = fc.integer({ min: 0, max: 2_000_000 });
  const paces = fc.integer({ min: 1, max: 10_000 });
  const seen = fc.integer({ min: 0, max: 86_400_000 });

  test("is told as a range of which the upper end is at most twice the lower and a minute", () => {
    fc.assert(
      fc.property(
        people,
        paces,
        seen,
        fc.integer({ min: 0, max: 60_000 }),
        (ahead, pace, sinceMs, staleMs) => {
          const picture = pictureOf({ atMs: OPENS_AT + sinceMs, pacePerSecond: pace });
          const { fromMs, toMs } = waitRangeOf(ahead, picture, staleMs);
          expect(toMs).toBeLessThanOrEqual(2 * fromMs + 60_000);
          expect(fromMs).toBeGreaterThanOrEqual(0);
          expect(toMs).toBeGreaterThan(fromMs);
        },
      ),
    );
  });

  test("narrows: while the pace keeps, a later range lies inside every earlier one", () => {
    fc.assert(
      fc.property(
        people,
        paces,
        seen,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (ahead, pace, sinceMs, part) => {
          const told = (atMs: number, left: number) => {
            const { fromMs, toMs } = waitRangeOf(left, pictureOf({ atMs, pacePerSecond: pace }));
            return [atMs + fromMs, atMs + toMs] as const;
          };
          const waitMs = (ahead / pace) * 1_000;
          const early = told(OPENS_AT + sinceMs, ahead);
          const late = told(OPENS_AT + sinceMs + part * waitMs, ahead * (1 - part));
          expect(late[0]).toBeGreaterThanOrEqual(early[0] - 2);
          expect(late[1]).toBeLessThanOrEqual(early[1] + 2);
        },
      ),
    );
  });

  test("holds the true one also when three in ten do not turn up, which nobody knew", () => {
    const { fromMs, toMs } = waitRangeOf(60_000, pictureOf({ atMs: OPENS_AT, pacePerSecond: 0 }));
    const trueMs = (60_000 / (100 / 0.7)) * 1_000;
    expect(fromMs).toBeLessThan(trueMs);
    expect(toMs).toBeGreaterThan(trueMs);
  });

  test("follows the pace of the moment; before there is one, what the drop is set to", () => {
    const told = (changes: Partial<Picture>) => waitRangeOf(10_000, pictureOf(changes)).fromMs;
    expect(told({ pacePerSecond: 50 })).toBeGreaterThan(told({ pacePerSecond: 100 }));
    expect(told({ pacePerSecond: 0 })).toBe(told({ pacePerSecond: 100 }));
    expect(told({ pacePerSecond: 0, noShowShare: 0.5 })).toBe(told({ pacePerSecond: 200 }));
  });
});

describe("asking again", () => {
  const jitters = fc.double({ min: 0, max: 0.999, noNaN: true });
  const mostFor = (waitMs: number) => 30 + 10 * Math.log2(1 + waitMs / 1_000);

  /** Asks until `isOver`, as a page does, and counts. */
  function questions(
    standingAt: (nowMs: number) => Standing,
    endsAtMs: number,
    jitter: number,
    isStill: boolean,
  ) {
    let asked = 0;
    for (let nowMs = 0; nowMs < endsAtMs; asked++) {
      const after = askAgainAfterMs(standingAt(nowMs), { nowMs, unchangedMs: isStill ? nowMs : 0, jitter });
      if (after === null) throw new Error("asks no more");
      nowMs += after;
      if (asked > 10_000) throw new Error("asks for ever");
    }
    return asked;
  }

  test("comes a logarithm of the wait often, even when the line goes at half or twice the pace that was told", () => {
    const waits = fc.integer({ min: 1_000, max: 21 * 86_400_000 });
    fc.assert(
      fc.property(waits, jitters, fc.double({ min: 0.5, max: 2, noNaN: true }), (waitMs, jitter, error) => {
        const standingAt = (nowMs: number): Standing => {
          const ahead = ((waitMs - nowMs) / 1_000) * 20 * error;
          const picture = pictureOf({ atMs: OPENS_AT + nowMs, pacePerSecond: 20 });
          const wait = waitRangeOf(Math.max(0, ahead), picture);
          return {
            kind: "waiting",
            place: 1,
            placeMargin: 0,
            ahead,
            aheadMargin: 0,
            stop: null,
            wait,
            chance: "likely",
          };
        };
        expect(questions(standingAt, waitMs, jitter, false)).toBeLessThanOrEqual(mostFor(waitMs));
      }),
    );
  });

  test.each<[string, (nowMs: number) => Standing]>([
    [
      "a lobby that lasts for days",
      () => ({ kind: "gathering", closesAtMs: 21 * 86_400_000, chance: "likely" }),
    ],
    ["a beacon that is late", () => ({ kind: "drawing", dueAtMs: 0, isLate: true, chance: "likely" })],
    [
      "a seed of which nobody says when",
      () => ({ kind: "drawing", dueAtMs: null, isLate: false, chance: "likely" }),
    ],
    ["a pause", () => ({ kind: "admitted", rank: 0, isPaused: true })],
    ["a line that stands", () => waitingAt(ticketOf(5, 0.5), pictureOf({ skus: levels(0, 10, 0) }))],
    ["a wait that is nearly over for ever", () => waitingAt(ticketOf(0, 0.5, 10, 0), pictureOf())],
    ["standby", () => ({ kind: "standby", rank: 0, isOpen: false, isPaused: false })],
  ])("comes a logarithm of the time often during %s", (_, standingAt) => {
    for (const waitMs of [10_000, 3_600_000, 20 * 86_400_000])
      for (const jitter of [0, 0.999])
        expect(questions(standingAt, waitMs, jitter, true)).toBeLessThanOrEqual(mostFor(waitMs));
  });

  test("never comes sooner than a snapshot lives, nor by everybody at once after a close", () => {
    const closing: Standing = { kind: "gathering", closesAtMs: 10_000, chance: "likely" };
    const ask = (jitter: number) => askAgainAfterMs(closing, { nowMs: 0, unchangedMs: 0, jitter });
    expect(ask(0)).toBe(10_000);
    expect(ask(0.5)).toBe(10_000 + CHOICES.askSpreadMs / 2);
    fc.assert(
      fc.property(pictures, jitters, fc.integer({ min: 0, max: 60_000 }), (picture, jitter, unchangedMs) => {
        const standing = at(ticketOf(7, 0.5), picture);
        const after = askAgainAfterMs(standing, { nowMs: picture.atMs, unchangedMs, jitter });
        if (standing.kind === "over") expect(after).toBeNull();
        else expect(after).toBeGreaterThanOrEqual(CHOICES.askMinMs);
      }),
    );
  });
});

const counts = fc.integer({ min: 0, max: 1_000_000 });
const marks = fc.record({
  cohort: fc.integer({ min: -1, max: 12 }),
  rank: fc.double({ min: 0, max: 1, noNaN: true }),
});
const pictures: fc.Arbitrary<Picture> = fc
  .record({
    phase: fc.constantFrom("announced", "lobby", "live", "sold_out", "closed"),
    isPaused: fc.boolean(),
    watermark: marks,
    joined: counts,
    admitted: counts,
    rootedThrough: fc.integer({ min: -1, max: 12 }),
    pacePerSecond: fc.double({ min: 0, max: 20_000, noNaN: true }),
    noShowShare: fc.double({ min: 0, max: 0.99, noNaN: true }),
    skus: fc.array(fc.record({ stock: counts, available: counts, reserved: counts, sold: counts }), {
      minLength: 1,
      maxLength: 3,
    }),
  })
  .map((changes) => pictureOf(changes as Partial<Picture>));
