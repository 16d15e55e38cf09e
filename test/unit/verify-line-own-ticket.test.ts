import { describe, expect, test } from "vitest";
import { nth, publish, rankIn, seedOf, ticket } from "./line-record-forge.ts";
import { honest, verify, withMoves } from "./verify-line-world.ts";

describe("one's own ticket", () => {
  const own = (cohort: number, n: number, chunk: number | null = 0) => ({
    ticketId: nth(honest, cohort, n),
    cohort,
    chunk,
  });

  test.each(["full", "light"] as const)("is found with its exact place, in a %s look", async (mode) => {
    const ticketId = nth(honest, 3, 2);
    const { status, own: mine } = await verify(publish(honest), {
      mode,
      own: { ticketId, cohort: 3, chunk: 0 },
    });
    expect(status).toBe("holds");
    expect(mine).toEqual({
      ticketId,
      cohort: 3,
      isInLog: true,
      rank: rankIn(seedOf(honest, 3), ticketId),
      place: 4_103 + 2,
      isPlaceExact: true,
      people: 8,
      admittedAtMs: rankIn(seedOf(honest, 3), ticketId) < 0.5 ? honest.steps[3]?.atMs : null,
      units: mode === "full" ? { runner: 0, walker: 0 } : null,
    });
  });

  test("is found without its chunk's number", async () => {
    const ticketId = honest.logs.get(0)?.[4_099] as string;
    const { status, own: mine } = await verify(publish(honest), {
      own: { ticketId, cohort: 0, chunk: null },
    });
    expect({ status, isInLog: mine?.isInLog }).toEqual({ status: "holds", isInLog: true });
  });

  test("holds units that its owner may know nothing of", async () => {
    const parts = withMoves((moves) => moves.push(["reserve", nth(honest, 0, 7), 1, honest.atMs - 100]));
    const { own: mine } = await verify(parts, { own: own(0, 7, null) });
    expect(mine?.units).toEqual({ runner: 1, walker: 0 });
  });

  test("waits for its window to close, and for its seed", async () => {
    const open = await verify(publish(honest), { own: { ticketId: ticket(5), cohort: 5, chunk: 0 } });
    expect(open).toMatchObject({ status: "holds", own: { isInLog: null, place: null } });
    const rooted = await verify(publish(honest), { own: { ticketId: ticket(40_001), cohort: 4, chunk: 0 } });
    expect(rooted).toMatchObject({
      status: "holds",
      own: { isInLog: true, rank: null, place: null, people: 2 },
    });
  });

  test.each<[string, { ticketId: string; cohort: number; chunk: number | null }, string]>([
    ["is in no log", { ticketId: ticket(-1), cohort: 3, chunk: 0 }, "ticket_missing"],
    ["stands in another window", { ticketId: ticket(10_000), cohort: 3, chunk: 0 }, "ticket_missing"],
    [
      "is of a window that had nobody in it",
      { ticketId: ticket(10_000), cohort: 2, chunk: 0 },
      "ticket_missing",
    ],
    ["stands in another chunk", { ticketId: ticket(4_099), cohort: 0, chunk: 0 }, "ticket_elsewhere"],
  ])("that %s is told", async (_, ticketGiven, code) => {
    for (const mode of ["full", "light"] as const) {
      const verdict = await verify(publish(honest), { mode, own: ticketGiven });
      expect(verdict.findings.map((finding) => `${finding.check}/${finding.code}`)).toEqual([
        `ticket/${code}`,
      ]);
    }
  });
});
