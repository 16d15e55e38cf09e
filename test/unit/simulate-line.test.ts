import { describe, expect, test } from "vitest";
import { silentProgress } from "../../scripts/rehearse/progress.ts";
import { judge } from "../../scripts/simulate/claims.ts";
import { combineLoads, type Load } from "../../scripts/simulate/combining.ts";
import { parseOptions } from "../../scripts/simulate/options.ts";
import { planCrowd } from "../../scripts/simulate/plan.ts";
import { renderReport } from "../../scripts/simulate/report.ts";
import { createSigning } from "../../scripts/simulate/signing.ts";
import { type Measured, simulate } from "../../scripts/simulate/simulate.ts";
import { VirtualClock } from "../../scripts/simulate/virtual-clock.ts";
import { type PublicRecord, secondOpinion } from "./second-line.ts";

const options = {
  shoppers: 5_000,
  cohorts: 30,
  isolates: 40,
  noShows: 30,
  evictions: 3,
  seed: 7,
  json: null,
};

async function play(changes: Partial<typeof options> = {}, opinion = secondOpinion): Promise<Measured> {
  const asked = { ...options, ...changes };
  return simulate(asked, {
    signing: createSigning({ seed: asked.seed, dropId: planCrowd({ ...asked, shoppers: 1 }).document.id }),
    secondOpinion: async (record: PublicRecord) => opinion(record),
    progress: silentProgress,
  });
}

const played = { measured: null as Measured | null, loads: null as Load[] | null };
async function theLine() {
  played.measured ??= await play();
  played.loads ??= await combineLoads(options);
  return { measured: structuredClone(played.measured), loads: structuredClone(played.loads) };
}

const broken = (measured: Measured, loads: Load[]) =>
  judge(measured, loads).flatMap(({ ok, name }) => (ok ? [] : [name]));

describe("a line of 5,000 people", { timeout: 60_000 }, () => {
  test("keeps every claim, and the report says so", async () => {
    const { measured, loads } = await theLine();
    const claims = judge(measured, loads);
    expect(claims.filter(({ ok }) => !ok)).toEqual([]);
    const report = renderReport({ ok: true, claims, measured, loads, options, seconds: 1, memoryMb: 1 });
    expect(report).toContain("Every claim holds.");
    for (const { name } of claims) expect(report).toContain(name);
  });

  test("is the same line again with the same seed, and another with another", async () => {
    const small = { shoppers: 300, cohorts: 3 };
    const [one, same, other] = [await play(small), await play(small), await play({ ...small, seed: 8 })];
    expect(same).toEqual(one);
    expect(other.waits).not.toEqual(one.waits);
  });

  test("has the same order and the same public record however often its object is evicted", async () => {
    const small = { shoppers: 600, cohorts: 6 };
    const [one, other] = [await play({ ...small, evictions: 0 }), await play({ ...small, evictions: 40 })];
    expect([one.evictions, other.evictions]).toEqual([0, 40]);
    expect(other.recordHash).toBe(one.recordHash);
    expect(other.order).toEqual(one.order);
    expect(other.waits).toEqual(one.waits);
  });

  test("is caught when two people change places in the order", async () => {
    const swapped = (record: PublicRecord) => {
      const second = secondOpinion(record);
      const [one, other] = [second.ids.slice(0, 16), second.ids.slice(-16)];
      second.ids.set(other, 0);
      second.ids.set(one, second.ids.byteLength - 16);
      return second;
    };
    const measured = await play({ shoppers: 300, cohorts: 3 }, swapped);
    expect(measured.order.misplaced).toBe(2);
  });

  test("is caught when its record does not add up", async () => {
    const altered = (record: PublicRecord) => {
      const [first] = record.cohorts;
      if (first) first.seed = "00".repeat(32);
      return secondOpinion(record);
    };
    const measured = await play({ shoppers: 300, cohorts: 3 }, altered);
    expect(measured.order.faults.join()).toContain("its seed does not follow");
  });
});

type Change = (measured: Measured, loads: Load[]) => void;

describe("a claim is broken", { timeout: 60_000 }, () => {
  test.each<[string, string, Change]>([
    ["Everybody has one place", "one person was never admitted", (m) => (m.admitted -= 1)],
    ["Everybody has one place", "one id is missing in the log", (m) => (m.logged -= 1)],
    ["No row a shopper", "there is a row for one in four", (m) => (m.held.rows.places = m.shoppers / 4)],
    ["16 bytes a person", "each person takes 80 bytes more", (m) => (m.held.bytes += 80 * m.shoppers)],
    ["Admission in the exact order", "two changed places", (m) => (m.order.misplaced = 2)],
    ["Admission in the exact order", "the second line finds a fault", (m) => m.order.faults.push("no")],
    ["Every ticket and pass", "one token says something else", (m) => (m.signing.wrong = 1)],
    ["Every ticket and pass", "nobody tried to forge one", (m) => (m.signing.forgeries = 0)],
    ["Arrivals within 10 %", "one stretch is at 89 %", (m) => (m.arrivals.windows[2] = 0.89)],
    ["Arrivals within 10 %", "one stretch is at 111 %", (m) => (m.arrivals.windows[2] = 1.11)],
    [
      "At least 90 %",
      "one in nine waits longer",
      (m) => (m.waits.inside = Math.floor(m.waits.people * 0.89)),
    ],
    ["At least 90 %", "nobody was told anything", (m) => (m.waits.people = 0)],
    ["A range ends", "one range is wider", (m) => (m.waits.tooWide = 1)],
    ["An isolate has one call", "one had two", (m) => (m.joins.rush.underWayMax = 2)],
    ["An isolate has one call", "somebody waited 16 s", (m) => (m.joins.start.waitMaxMs = 16_000)],
    [
      "Calls to DropQueue follow",
      "four times the people make twice the calls",
      (_, loads) => ((loads[1] as Load).calls = 2 * (loads[0] as Load).calls),
    ],
    [
      "Calls to DropQueue follow",
      "four times the isolates make as many calls as before",
      (_, loads) => ((loads.at(-1) as Load).calls = (loads.at(-2) as Load).calls),
    ],
  ])("%s: when %s", async (name, _, change) => {
    const { measured, loads } = await theLine();
    change(measured, loads);
    const names = broken(measured, loads);
    expect(names.filter((one) => one.includes(name)).length).toBe(1);
  });
});

describe("the command line", () => {
  test("refuses what is out of range or unknown, and says so", () => {
    expect(parseOptions([])).toMatchObject({
      ok: true,
      options: { noShows: 30, isolates: 2_000, evictions: 5 },
    });
    expect(parseOptions(["--shoppers", "1000000", "--json", "out.json"])).toMatchObject({
      ok: true,
      options: { shoppers: 1_000_000, json: "out.json" },
    });
    for (const argv of [["--shoppers", "4999"], ["--no-shows", "56"], ["--seed", "1.5"], ["--what"]])
      expect(parseOptions(argv).ok).toBe(false);
    expect(parseOptions(["--no-shows", "55"]).ok).toBe(true);
    expect(parseOptions(["--shoppers", "5000"]).ok).toBe(true);
  });
});

describe("virtual time", () => {
  test("runs timers in order, forgets the canceled, and lets promises go on in between", async () => {
    const clock = new VirtualClock(1_000);
    const seen: string[] = [];
    clock.after(20, () => seen.push("late"));
    clock.after(10, () => {
      seen.push("early");
      void clock.turn().then(() => seen.push("turn"));
    });
    clock.after(10, () => seen.push("canceled"))();
    expect(clock.nextMs()).toBe(1_010);
    await clock.play(1_010);
    expect(seen).toEqual(["early", "turn"]);
    await clock.play(1_020);
    expect(seen).toEqual(["early", "turn", "late"]);
    expect([clock.now(), clock.nextMs()]).toEqual([1_020, Number.POSITIVE_INFINITY]);
  });
});
