import { describe, expect, test } from "vitest";
import { verifyLine } from "../../workers/edge/line/verify/verify-line.ts";
import { BEACON, closesAtMs, honestWorld, ledgerHash, publish, serve, ticket } from "./line-record-forge.ts";
import { checkRoundsOnce, head, honest, like, rowsIn, verify, withMoves } from "./verify-line-world.ts";

describe("an honest record", () => {
  test("holds, with a beacon and without one", async () => {
    for (const world of [honest, honestWorld(false)]) {
      const verdict = await verify(publish(world));
      expect(verdict.findings).toEqual([]);
      expect(verdict.status).toBe("holds");
      expect(Object.fromEntries(verdict.checks.map(({ check, looked }) => [check, looked]))).toMatchObject({
        commitment: 1,
        cohorts: 3,
        chain: 3,
        beacon: world.hasBeacon ? 3 : 0,
        roots: 7,
        log: 5,
        steps: 4,
        ledgers: 16,
        units: 5,
      });
    }
  });

  test("is summed up: windows, people, units by ticket and by hand", async () => {
    const { summary } = await verify(publish(honest));
    expect(summary).toMatchObject({ windows: 3, inWindows: 4_111, joined: 4_118, heldApart: 2, steps: 4 });
    expect(summary.ledgers[0]).toMatchObject({
      skuId: "runner",
      rows: 15,
      stock: 11,
      available: 10,
      reserved: 0,
      sold: 1,
      published: 10,
      addedByHand: 3,
      removedByHand: 1,
      takenByHand: 0,
      soldByTicket: 1,
      soldByHand: 0,
    });
  });

  test("may have grown behind its head while it was read", async () => {
    const parts = publish(honest);
    Object.assign(head(parts), { steps: 3, revealedThrough: 1, rootedThrough: 3 });
    Object.assign(head(parts).ledgers[0] as object, {
      rows: 10,
      hash: ledgerHash(rowsIn(parts).slice(0, 10)),
    });
    expect(await verify(parts)).toMatchObject({ status: "holds", findings: [] });
  });

  test("units without a ticket are no fraud, and are counted apart", async () => {
    const parts = withMoves((moves) => {
      moves.push(["reserve", null, 2, honest.atMs - 50], ["commit", null, 2, honest.atMs - 40]);
    });
    const { status, summary } = await verify(parts);
    expect(status).toBe("holds");
    expect(summary.ledgers[0]).toMatchObject({ takenByHand: 2, soldByHand: 2, soldByTicket: 1 });
  });

  test("a window that an operator ended by hand may close early", async () => {
    const parts = publish(
      like({ notes: [...honest.notes, { atMs: closesAtMs(0) - 1, what: "ended", detail: "" }] }),
    );
    Object.assign(parts.get("snapshot") as object, { opensAtMs: closesAtMs(0) + 60_000 });
    expect((await verify(parts)).status).toBe("holds");
  });
});

test("a beacon that nobody trusts is told: whoever runs it may know its values", async () => {
  const verdict = await verifyLine({
    dropId: "spring",
    source: serve(publish(honest)),
    mode: "full",
    checkRounds: checkRoundsOnce,
  });
  expect(verdict.findings.map(({ code }) => code)).toEqual(["beacon_not_trusted"]);
  const moved = { ...BEACON, genesisAtMs: BEACON.genesisAtMs + 3_000 };
  const other = await verify(publish(honest), { trustedBeacons: [moved] });
  expect(other.findings.map(({ code }) => code)).toEqual(["beacon_not_trusted"]);
});

test("a light look asks for its own window's log alone, and for no ledger", async () => {
  const asked: string[] = [];
  const parts = publish(honest);
  const source = serve(parts);
  const verdict = await verifyLine({
    dropId: "spring",
    source: (path) => {
      asked.push(path);
      return source(path);
    },
    mode: "light",
    checkRounds: checkRoundsOnce,
    trustedBeacons: [BEACON],
    own: { ticketId: ticket(10_001), cohort: 1, chunk: 0 },
  });
  expect(verdict.status).toBe("holds");
  expect(asked.toSorted()).toEqual([
    "record",
    "record/chunks/1/0",
    "record/cohorts/0",
    "record/roots/1",
    "record/steps/0",
    "snapshot",
  ]);
  expect(verdict.checks.find(({ check }) => check === "units")?.status).toBe("skipped");
});
