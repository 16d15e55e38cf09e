import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  afterRelease,
  nextPace,
  type Pace,
  type PaceNow,
  startPace,
} from "../../durable-objects/drop-queue/pace.ts";
import { LIMITS } from "../../schema/limits.ts";

const TICK = LIMITS.lineTickMs;
const TARGET = 20;
/** Some day: a clock that steps back does not reach 1970. */
const BEGAN = Date.UTC(2030, 0, 1);
const plenty = {
  arrived: 0,
  free: 1_000_000,
  backlog: null,
  isOpen: true,
  admitPerSecond: TARGET,
  claimWindowMs: 600_000,
};

type Crowd = {
  noShows: number;
  /** Mean delay of those who come. */
  delayMs: number;
  free?: number;
  /** Whether there is always somebody to admit. */
  waiting?: (tick: number) => number;
  at?: (tick: number) => Partial<PaceNow>;
};

/** Plays ticks against a crowd whose expectations are exact: the same fraction of every release comes, each after its delay. */
function play(
  ticks: number,
  { noShows, delayMs, free = 1_000_000, waiting, at }: Crowd,
  from = startPace(0, 0),
) {
  let pace = from;
  let onTheirWay = 0;
  let arrived = 0;
  let left = free;
  const seen: { release: number; admitted: number; came: number; pace: Pace; free: number }[] = [];
  for (let tick = 1; tick <= ticks; tick++) {
    const came = onTheirWay * (1 - Math.exp(-TICK / delayMs));
    onTheirWay -= came;
    const served = Math.min(came, left);
    arrived += served;
    left -= served;
    const asked = nextPace(pace, {
      ...plenty,
      nowMs: from.atMs + tick * TICK,
      arrived,
      free: left,
      ...at?.(tick),
    });
    const admitted = Math.min(asked.release, waiting?.(tick) ?? Number.POSITIVE_INFINITY);
    pace = afterRelease(asked.pace, { release: asked.release, admitted });
    onTheirWay += admitted * (1 - noShows);
    seen.push({ release: asked.release, admitted, came: served, pace, free: left });
  }
  return { seen, pace, arrived };
}

const perTick = (seen: { came: number }[], from: number, to: number) =>
  seen.slice(from, to).reduce((people, { came }) => people + came, 0) / (to - from);

describe("the pace", () => {
  test("is the target, as long as everybody turns up", () => {
    const { seen, pace } = play(600, { noShows: 0, delayMs: 30_000 });
    expect(pace.noShowShare).toBeCloseTo(0, 6);
    expect(seen.every(({ release }) => Math.abs(release - TARGET) < 0.01)).toBe(true);
    expect(pace.pacePerSecond).toBeCloseTo(TARGET, 2);
  });

  test.each([5_000, 30_000, 60_000, 120_000])(
    "lets in more when 30 % stay away, until as many arrive as were asked for: people who need %i ms",
    (delayMs) => {
      const { seen, pace } = play(1_800, { noShows: 0.3, delayMs });
      expect(Math.abs(pace.noShowShare - 0.3)).toBeLessThan(0.02);
      expect(Math.abs(perTick(seen, 600, 1_800) / TARGET - 1)).toBeLessThan(0.03);
      expect(Math.abs(perTick(seen, 300, 600) / TARGET - 1)).toBeLessThan(0.2);
    },
  );

  test("takes nobody for a no-show because he needs a minute", () => {
    const { seen } = play(1_200, { noShows: 0, delayMs: LIMITS.paceTurnUpMs });
    for (const { pace } of seen) expect(pace.noShowShare).toBeLessThan(0.05);
  });

  test("does not fly off because nobody can have come in the first seconds", () => {
    // Nobody at all for the first twenty seconds, then everybody, as people do who must look and choose.
    let pace = startPace(BEGAN, 0);
    let arrived = 0;
    const admitted: number[] = [];
    for (let tick = 1; tick <= 120; tick++) {
      arrived += admitted[tick - 21] ?? 0;
      const next = nextPace(pace, { ...plenty, admitPerSecond: 200, nowMs: BEGAN + tick * TICK, arrived });
      expect(next.release).toBeLessThan(200 * 1.25);
      pace = afterRelease(next.pace, { release: next.release, admitted: next.release });
      admitted.push(next.release);
    }
  });

  test("follows a crowd that changes", () => {
    const first = play(900, { noShows: 0.5, delayMs: 20_000 });
    expect(first.pace.noShowShare).toBeGreaterThan(0.47);
    let pace = first.pace;
    let arrived = first.arrived;
    for (let tick = 0; tick < 900; tick++) {
      // From now on everybody comes, at once.
      const next = nextPace(pace, { ...plenty, nowMs: pace.atMs + TICK, arrived });
      arrived += next.release;
      pace = afterRelease(next.pace, { release: next.release, admitted: next.release });
    }
    expect(pace.noShowShare).toBeLessThan(0.05);
  });

  test("never lets in more than the bound allows, though nobody ever comes", () => {
    const { seen, pace } = play(2_000, { noShows: 1, delayMs: 1_000 });
    expect(pace.noShowShare).toBe(LIMITS.noShowShareMax);
    for (const { release } of seen)
      expect(release).toBeLessThanOrEqual(TARGET / (1 - LIMITS.noShowShareMax) + 1e-9);
  });
});

describe("free units", () => {
  test("bound it: those on their way and those let in now find one each, as far as can be expected", () => {
    const { seen, arrived } = play(900, { noShows: 0.3, delayMs: 20_000, free: 500 });
    for (const { pace, free } of seen) expect(pace.expected).toBeLessThanOrEqual(free + 1e-6);
    expect(arrived).toBeGreaterThan(495);
    // Of those let in, as many as there were units for, corrected for those who stay away.
    const admitted = seen.reduce((people, one) => people + one.admitted, 0);
    expect(admitted).toBeLessThan((500 / (1 - LIMITS.noShowShareMax)) * 1.05);
  });

  test("none: nobody is let in, and who finds nothing is not taken for a no-show", () => {
    const busy = play(600, { noShows: 0.3, delayMs: 20_000 });
    const { seen, pace } = play(
      600,
      { noShows: 0, delayMs: 20_000, at: () => ({ free: 0, arrived: busy.arrived }) },
      busy.pace,
    );
    expect(seen.every(({ release }) => release === 0)).toBe(true);
    expect(pace.noShowShare).toBe(busy.pace.noShowShare);
    expect(pace.pacePerSecond).toBeLessThan(0.01);
  });

  test("that come back let the line move again, by as many", () => {
    const dry = play(1_200, { noShows: 0, delayMs: 10_000, free: 300 });
    expect(dry.seen.at(-1)?.release).toBeLessThan(0.01);
    const { seen } = play(
      10,
      { noShows: 0, delayMs: 10_000, free: 7, at: () => ({ free: 7, arrived: dry.arrived }) },
      dry.pace,
    );
    const admitted = seen.reduce((people, one) => people + one.admitted, 0);
    expect(admitted).toBeGreaterThan(6.5);
    expect(admitted).toBeLessThan(8);
  });

  test("are not kept for ever for people who do not come", () => {
    const { seen } = play(1_800, { noShows: 1, delayMs: 1_000, free: 100 });
    // The line goes on past the first hundred: the next ones get their chance.
    expect(seen.reduce((people, one) => people + one.admitted, 0)).toBeGreaterThan(400);
  });
});

describe("a short time to claim", () => {
  test("is as long as a unit is kept for whoever does not come, on average", () => {
    const letIn = (claimWindowMs: number) =>
      play(60, { noShows: 1, delayMs: 1_000, free: 40, at: () => ({ claimWindowMs }) }).seen.reduce(
        (people, { admitted }) => people + admitted,
        0,
      );
    // A minute of 40 free units and nobody who comes: 40 people at once, then those who stood for others' units.
    expect(letIn(30_000)).toBeGreaterThan(40 * 2.5);
    expect(letIn(LIMITS.paceWriteOffMs)).toBeLessThan(40 * 1.7);
    expect(letIn(24 * 3_600_000)).toBe(letIn(LIMITS.paceWriteOffMs));
  });
});

describe("payments that lag behind", () => {
  const behind = (waiting: number, oldestWaitMs: number) =>
    play(120, { noShows: 0, delayMs: 5_000, at: () => ({ backlog: { waiting, oldestWaitMs } }) });

  test("slow it smoothly and never stop it", () => {
    const paces = [0, 5_000, 15_000, 45_000, 600_000].map(
      (wait) => behind(1, wait).seen.at(-1)?.release ?? 0,
    );
    expect(paces[0]).toBeCloseTo(TARGET, 1);
    expect(paces[2]).toBeCloseTo(TARGET / 2, 1);
    expect(paces[4]).toBeCloseTo(TARGET * LIMITS.paceShareMin, 1);
    expect([...paces].sort((a, b) => b - a)).toEqual(paces);
  });

  test("count by how many wait, too", () => {
    expect(behind(TARGET * 15, 0).seen.at(-1)?.release).toBeCloseTo(TARGET / 2, 1);
  });

  test("do not make it jump from one tick to the next", () => {
    const { seen } = play(200, {
      noShows: 0,
      delayMs: 5_000,
      at: (tick) => ({ backlog: { waiting: 1, oldestWaitMs: tick < 100 ? 0 : 600_000 } }),
    });
    for (const [at, { release }] of seen.entries()) {
      const before = seen[at - 1]?.release ?? release;
      expect(Math.abs(release - before)).toBeLessThan(TARGET * 0.11);
    }
  });

  test("that nobody could ask about leave it as it was", () => {
    const slow = behind(1, 15_000).pace;
    const next = nextPace(slow, { ...plenty, nowMs: slow.atMs + TICK });
    expect(next.pace.backlogShare).toBe(slow.backlogShare);
  });
});

describe("sold out", () => {
  const LET_IN = 40;
  /** All units are taken in one tick by those let in; the line hears of it only once it is shut. */
  const soldOut = () => {
    const first = nextPace(startPace(BEGAN, 0), { ...plenty, free: LET_IN, nowMs: BEGAN + 2 * TICK });
    const full = afterRelease(first.pace, { release: LET_IN, admitted: LET_IN });
    const shut = { ...plenty, isOpen: false, free: 0, arrived: LET_IN };
    return nextPace(full, { ...shut, nowMs: BEGAN + 3 * TICK }).pace;
  };

  test("and a unit that comes back is offered on at once: whoever bought the others is not waited for", () => {
    const pace = soldOut();
    expect(pace.expected).toBe(0);
    const next = nextPace(pace, { ...plenty, free: 1, arrived: LET_IN, nowMs: BEGAN + 4 * TICK });
    expect(next.release).toBeGreaterThanOrEqual(1);
  });

  test("takes nobody who bought for a no-show later", () => {
    let pace = soldOut();
    for (let tick = 4; tick < 300; tick += 1)
      pace = nextPace(pace, { ...plenty, arrived: LET_IN, nowMs: BEGAN + tick * TICK }).pace;
    expect(pace.noShowShare).toBeLessThan(0.01);
  });
});

describe("a pause", () => {
  test("lets nobody in, makes nobody late, and is no stampede later", () => {
    const busy = play(600, { noShows: 0.3, delayMs: 20_000 });
    const shut = nextPace(busy.pace, {
      ...plenty,
      nowMs: busy.pace.atMs + TICK,
      arrived: busy.arrived,
      isOpen: false,
    });
    expect(shut.release).toBe(0);
    const still = nextPace(shut.pace, {
      ...plenty,
      nowMs: shut.pace.atMs + 3_600_000,
      arrived: busy.arrived,
      isOpen: false,
    });
    expect(still.pace.underway).toBe(busy.pace.underway);
    const open = nextPace(still.pace, { ...plenty, nowMs: still.pace.atMs + TICK, arrived: busy.arrived });
    expect(open.release).toBeLessThanOrEqual((TARGET / 0.65) * 1.01);
    expect(Math.abs(open.pace.noShowShare - busy.pace.noShowShare)).toBeLessThan(0.05);
  });

  test("of an empty line is none either: what was not used is kept for two ticks at most", () => {
    const { seen } = play(1_000, { noShows: 0, delayMs: 5_000, waiting: (tick) => (tick < 900 ? 0 : 1_000) });
    for (const { release } of seen) expect(release).toBeLessThanOrEqual(2 * TARGET + 1e-9);
    expect(seen[899]?.admitted).toBeCloseTo(2 * TARGET, 6);
    expect(seen[901]?.admitted).toBeCloseTo(TARGET, 6);
  });
});

describe("whatever comes", () => {
  const now = fc.record({
    sinceMs: fc.oneof(fc.integer({ min: -5_000, max: 5_000 }), fc.integer({ min: 0, max: 86_400_000 })),
    admitPerSecond: fc.integer({ min: 1, max: 10_000 }),
    claimWindowMs: fc.integer({ min: 30_000, max: 86_400_000 }),
    came: fc.integer({ min: -5, max: 50_000 }),
    free: fc.integer({ min: 0, max: 1_000_000 }),
    backlog: fc.option(
      fc.record({
        waiting: fc.integer({ min: 0, max: 1_000_000 }),
        oldestWaitMs: fc.integer({ min: 0, max: 86_400_000 }),
      }),
    ),
    isOpen: fc.boolean(),
    servedShare: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  test("the release is finite, not negative, within two ticks of the corrected target and within the free units", () => {
    fc.assert(
      fc.property(fc.array(now, { maxLength: 60 }), (ticks) => {
        let pace = startPace(BEGAN, 0);
        let arrived = 0;
        for (const { sinceMs, came, servedShare, ...rest } of ticks) {
          arrived = Math.max(0, arrived + came);
          const { pace: next, release } = nextPace(pace, { ...rest, nowMs: pace.atMs + sinceMs, arrived });
          const corrected = 1 / (1 - next.noShowShare);
          expect(release).toBeGreaterThanOrEqual(0);
          expect(release).toBeLessThanOrEqual(((rest.admitPerSecond * 2 * TICK) / 1_000) * corrected + 1e-6);
          expect(release).toBeLessThanOrEqual(rest.free * corrected + 1e-6);
          if (!rest.isOpen) expect(release).toBe(0);
          pace = afterRelease(next, { release, admitted: release * servedShare });
          for (const value of Object.values(pace)) expect(Number.isFinite(value) && value >= 0).toBe(true);
          expect(pace.noShowShare).toBeLessThanOrEqual(LIMITS.noShowShareMax);
          expect(pace.backlogShare).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test("a line that wakes from its row goes on as if nothing had been", () => {
    const crowd = { noShows: 0.3, delayMs: 20_000 };
    const { pace } = play(300, crowd);
    const now = { ...plenty, nowMs: pace.atMs + TICK, arrived: 4_000 };
    expect(nextPace(JSON.parse(JSON.stringify(pace)) as Pace, now)).toEqual(nextPace(pace, now));
  });

  test("a line that lost its row is back at its pace within minutes", () => {
    const before = play(1_200, { noShows: 0.3, delayMs: 20_000 });
    // The row is gone, and those on their way with it.
    const { seen } = play(900, { noShows: 0.3, delayMs: 20_000 }, startPace(before.pace.atMs, 0));
    expect(Math.abs(perTick(seen, 600, 900) / TARGET - 1)).toBeLessThan(0.05);
  });
});
