import { beforeAll, describe, expect, test } from "vitest";
import { checkRounds } from "../../workers/edge/line/verify/check-rounds.ts";
import { verifyLine } from "../../workers/edge/line/verify/verify-line.ts";
import {
  BEACON,
  beaconSignature,
  type ClosedCohort,
  chunksOf,
  closesAtMs,
  type Head,
  honestWorld,
  ledgerHash,
  newKey,
  nth,
  type Parts,
  peopleBefore,
  publish,
  type Row,
  rankIn,
  revealsAtMs,
  type Step,
  seedOf,
  serve,
  sha256,
  signedRootOf,
  ticket,
  type World,
} from "./line-record-forge.ts";

type Options = Partial<Omit<Parameters<typeof verifyLine>[0], "source" | "dropId">>;

const verify = (parts: Parts, options: Options = {}) =>
  verifyLine({
    dropId: "spring",
    source: serve(parts),
    mode: "full",
    checkRounds,
    trustedBeacons: [BEACON],
    pause: async () => {},
    ...options,
  });

const head = (parts: Parts) => parts.get("record") as Head;
const cohortIn = (parts: Parts, cohort: number) => {
  const page = parts.get("record/cohorts/0") as { cohorts: ClosedCohort[] };
  return page.cohorts.find((entry) => entry.cohort === cohort) as ClosedCohort;
};
const chunkIn = (parts: Parts, cohort: number, k = 0) => parts.get(`record/chunks/${cohort}/${k}`) as Buffer;
const stepsIn = (parts: Parts) => (parts.get("record/steps/0") as { steps: Step[] }).steps;
const rowsIn = (parts: Parts) => (parts.get("record/ledgers/runner/0") as { rows: Row[] }).rows;
const rootIn = (parts: Parts, cohort: number) =>
  parts.get(`record/roots/${cohort}`) as ReturnType<typeof signedRootOf>;

let honest: World;
/** The honest line, with what a test changes. */
const like = (changes: Partial<World> = {}): World => ({
  ...honest,
  logs: new Map([...honest.logs].map(([cohort, ids]) => [cohort, [...ids]])),
  ledgers: new Map([...honest.ledgers].map(([sku, moves]) => [sku, [...moves]])),
  steps: honest.steps.map((step) => ({ ...step })),
  notes: [...honest.notes],
  ...changes,
});
const withMoves = (
  change: (moves: World["ledgers"] extends Map<string, infer Moves> ? Moves : never) => void,
) => {
  const world = like();
  change(world.ledgers.get("runner") ?? []);
  return publish(world);
};
/** Whoever rewrites a ledger hashes it again. */
const rehash = (parts: Parts) => {
  const ledger = head(parts).ledgers.find(({ skuId }) => skuId === "runner");
  if (ledger) Object.assign(ledger, { rows: rowsIn(parts).length, hash: ledgerHash(rowsIn(parts)) });
};

beforeAll(() => {
  honest = honestWorld();
});

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
      like({ notes: [...honest.notes, { atMs: OPENED - 1, what: "ended", detail: "" }] }),
    );
    Object.assign(parts.get("snapshot") as object, { opensAtMs: OPENED + 60_000 });
    expect((await verify(parts)).status).toBe("holds");
  });
});

const OPENED = closesAtMs(0);

/** What a brand that holds every key might do, and the finding that gives it away, alone. */
const FRAUDS: [what: string, forge: () => Parts, findings: string[]][] = [
  [
    "a place is moved inside a signed log",
    () => {
      const parts = publish(honest);
      const chunk = chunkIn(parts, 3);
      const [a, b] = [Buffer.from(chunk.subarray(0, 16)), Buffer.from(chunk.subarray(16, 32))];
      b.copy(chunk, 0);
      a.copy(chunk, 16);
      return parts;
    },
    ["log/chunk_wrong"],
  ],
  [
    "a seed is tried that gives a friend a better place",
    () => {
      const parts = publish(honest);
      cohortIn(parts, 3).seed = sha256("a better one").toString("hex");
      return parts;
    },
    // The ticket that was served has another rank by that seed.
    ["chain/seed_wrong", "units/unit_past_the_line"],
  ],
  [
    "a ticket is minted after the reveal and put into the log",
    () => {
      const parts = publish(honest);
      parts.set("record/chunks/3/0", Buffer.concat([chunkIn(parts, 3), Buffer.from(ticket(1), "hex")]));
      return parts;
    },
    ["log/chunk_wrong", "log/id_repeated"],
  ],
  [
    "a ticket is minted after the reveal and given a unit",
    () => withMoves((moves) => moves.push(["reserve", ticket(-1), 1, honest.atMs - 100])),
    ["units/unit_without_place"],
  ],
  [
    "a logged id is re-bound: another id stands in its place",
    () => {
      const parts = publish(honest);
      Buffer.from(ticket(-2), "hex").copy(chunkIn(parts, 1), 0);
      return parts;
    },
    ["log/chunk_wrong"],
  ],
  [
    "a logged id gets a second, better place in an earlier window",
    () => {
      const world = like();
      world.logs.get(1)?.push(world.logs.get(3)?.[0] as string);
      for (const step of world.steps.slice(2))
        step.admitted = Math.round(
          peopleBefore(world, step.cohort) + step.rank * (world.logs.get(step.cohort)?.length ?? 0),
        );
      return publish(world);
    },
    ["log/id_repeated"],
  ],
  [
    "an id stands twice in one window",
    () => {
      const world = like();
      world.logs.get(4)?.push(world.logs.get(4)?.[0] as string);
      return publish(world);
    },
    ["log/id_repeated"],
  ],
  [
    "an id is dropped from a signed log",
    () => {
      const parts = publish(honest);
      parts.set("record/chunks/3/0", chunkIn(parts, 3).subarray(16));
      return parts;
    },
    ["log/chunk_wrong"],
  ],
  [
    "a chunk is withheld",
    () => {
      const parts = publish(honest);
      parts.delete("record/chunks/0/1");
      return parts;
    },
    ["log/missing"],
  ],
  [
    "two roots are shown for one window, both signed",
    () => {
      const parts = publish(honest);
      const other = like();
      other.logs.set(3, [...(other.logs.get(3) ?? []).slice(1), ticket(-3)]);
      parts.set("record/roots/3", signedRootOf(other, 3));
      for (const [k, chunk] of chunksOf(other.logs.get(3) ?? []).entries())
        parts.set(`record/chunks/3/${k}`, chunk);
      return parts;
    },
    ["roots/two_roots"],
  ],
  [
    "a root is signed by another key",
    () => {
      const parts = publish(honest);
      parts.set("record/roots/4", signedRootOf(like({ key: newKey() }), 4));
      return parts;
    },
    ["roots/root_unsigned"],
  ],
  [
    "a root does not cover the hashes beside it",
    () => {
      const parts = publish(honest);
      rootIn(parts, 0).chunks.reverse();
      return parts;
    },
    ["log/chunk_wrong", "roots/root_wrong"],
  ],
  [
    "a revealed window's root is withheld",
    () => {
      const parts = publish(honest);
      parts.delete("record/roots/1");
      return parts;
    },
    ["roots/missing"],
  ],
  [
    "a link is skipped: a window uses the one after its own",
    () => publish(like({ linkOf: (cohort) => honest.chain[cohort === 1 ? 3 : cohort + 1] as Buffer })),
    ["chain/chain_broken"],
  ],
  [
    "a link is of another chain",
    () =>
      publish(
        like({ linkOf: (cohort) => (cohort === 1 ? sha256("mine") : (honest.chain[cohort + 1] as Buffer)) }),
      ),
    ["chain/chain_broken"],
  ],
  [
    "a window uses more links than were committed to",
    () => {
      const world = like({ chain: honest.chain.slice(0, 3) });
      return publish(world);
    },
    ["chain/links_exceeded"],
  ],
  [
    "a round is chosen: the one after the fixed one",
    () => publish(like({ roundOf: (closedAtMs) => honest.roundOf(closedAtMs) + 1 })),
    // Who was served while the round was the right one has another rank now.
    ["beacon/beacon_round_wrong", "units/unit_past_the_line"],
  ],
  [
    "a beacon's signature is made up",
    () => {
      const parts = publish(honest);
      const window = cohortIn(parts, 1);
      const made = beaconSignature((window.beaconRound ?? 0) + 1);
      window.beaconSignature = made;
      window.seed = sha256(
        "dropline/seed/1\n",
        Buffer.from(window.link, "hex"),
        sha256(Buffer.from(made, "hex")),
      ).toString("hex");
      return parts;
    },
    ["beacon/beacon_unsigned"],
  ],
  [
    "the beacon is left out of one window",
    () => {
      const parts = publish(honest);
      const window = cohortIn(parts, 1);
      window.beaconSignature = null;
      window.seed = sha256("dropline/seed/1\n", Buffer.from(window.link, "hex")).toString("hex");
      return parts;
    },
    ["beacon/beacon_unsigned"],
  ],
  [
    "a seed is said to have come out before its round could",
    () => {
      const parts = publish(honest);
      for (const cohort of [0, 1, 3]) cohortIn(parts, cohort).revealedAtMs = closesAtMs(cohort);
      return parts;
    },
    ["beacon/revealed_early"],
  ],
  [
    "a commitment is signed by nobody",
    () => {
      const parts = publish(honest);
      head(parts).commitment.committedAtMs -= 1;
      return parts;
    },
    ["commitment/commitment_unsigned"],
  ],
  ["the record is another drop's", () => publish(like({ dropId: "summer" })), ["commitment/wrong_drop"]],
  [
    "the chain was drawn when the line was already open",
    () => publish(like({ committedAtMs: OPENED + 3 * 60_000 })),
    ["cohorts/commitment_late", "commitment/commitment_late"],
  ],
  [
    "a window closed before its end",
    () => {
      const parts = publish(honest);
      Object.assign(parts.get("snapshot") as object, { windowMs: 5_001 });
      return parts;
    },
    ["cohorts/closed_early"],
  ],
  [
    "people are counted who never joined",
    () => {
      const parts = publish(honest);
      cohortIn(parts, 3).before += 2;
      return parts;
    },
    ["cohorts/before_wrong", "steps/admitted_wrong"],
  ],
  [
    "a whole window is left out",
    () => {
      const parts = publish(honest);
      const page = parts.get("record/cohorts/0") as { cohorts: ClosedCohort[] };
      page.cohorts = page.cohorts.filter(({ cohort }) => cohort !== 1);
      return parts;
    },
    ["cohorts/before_wrong", "steps/step_unrevealed"],
  ],
  [
    "the last revealed window is left out",
    () => {
      const parts = publish(honest);
      (parts.get("record/cohorts/0") as { cohorts: ClosedCohort[] }).cohorts.pop();
      return parts;
    },
    ["cohorts/missing", "steps/step_unrevealed", "units/unit_without_place"],
  ],
  [
    "the last closed window's root is withheld",
    () => {
      const parts = publish(honest);
      parts.delete("record/roots/4");
      return parts;
    },
    ["roots/missing"],
  ],
  [
    "windows stand in another order",
    () => {
      const parts = publish(honest);
      (parts.get("record/cohorts/0") as { cohorts: ClosedCohort[] }).cohorts.reverse();
      return parts;
    },
    ["cohorts/before_wrong", "cohorts/cohort_order"],
  ],
  [
    "fewer people are said to have joined than are in the log",
    () => {
      const parts = publish(honest);
      head(parts).joined = 4_112;
      return parts;
    },
    ["cohorts/joined_wrong"],
  ],
  [
    "the watermark goes back",
    () => {
      const parts = publish(honest);
      Object.assign(stepsIn(parts)[1] as Step, { cohort: 0, rank: 0.1, admitted: 410 });
      return parts;
    },
    // Going back lets in fewer people, and the last of the lobby too late for the unit it got.
    ["steps/admitted_wrong", "steps/step_order", "units/unit_past_the_line"],
  ],
  [
    "a step is left out",
    () => {
      const parts = publish(honest);
      stepsIn(parts).splice(0, 1);
      return parts;
    },
    ["steps/step_order"],
  ],
  [
    "the watermark passes a window whose seed is not out",
    () => {
      const world = like();
      world.steps.push({ step: 5, atMs: world.atMs - 1, cohort: 4, rank: 0.5, admitted: 4_112 });
      return publish(world);
    },
    ["steps/step_unrevealed"],
  ],
  [
    "the watermark passes a window before its seed was out",
    () => {
      const world = like();
      (world.steps[3] as Step).atMs = revealsAtMs(3) - 1_001;
      return publish(world);
    },
    ["steps/step_unrevealed"],
  ],
  [
    "more are let in than a step says",
    () => {
      const world = like();
      (world.steps[3] as Step).admitted -= 2;
      return publish(world);
    },
    ["steps/admitted_wrong"],
  ],
  [
    "a unit goes past the line: before its ticket's turn",
    () => {
      const world = like();
      const moves = world.ledgers.get("runner") ?? [];
      const served = nth(world, 3, 0);
      moves.splice(1, 0, ["reserve", served, 1, revealsAtMs(3) - 901]);
      // Everything behind it is later, so that only the turn is wrong.
      world.ledgers.set("runner", moves.slice(0, 2));
      return publish(world);
    },
    ["units/unit_past_the_line"],
  ],
  [
    "a unit goes past the line: the ticket's turn never came",
    () => withMoves((moves) => moves.push(["reserve", nth(honest, 3, -1), 1, honest.atMs - 100])),
    ["units/unit_past_the_line"],
  ],
  [
    "a unit goes past the line: to a window whose seed is not out",
    () => withMoves((moves) => moves.push(["offer", ticket(40_000), 1, honest.atMs - 100])),
    ["units/unit_past_the_line"],
  ],
  [
    "a unit that one ticket reserved is sold to another",
    () =>
      withMoves((moves) =>
        moves.push(
          ["reserve", nth(honest, 0, 3), 1, honest.atMs - 200],
          ["commit", nth(honest, 3, -1), 1, honest.atMs - 100],
        ),
      ),
    ["units/unit_changed_hands"],
  ],
  [
    "a ledger's row is changed",
    () => {
      const parts = publish(honest);
      (rowsIn(parts)[1] as Row).ticketId = nth(honest, 0, 1);
      return parts;
    },
    ["ledgers/ledger_changed", "units/unit_changed_hands"],
  ],
  [
    "a ledger's row is taken out, and the rest hashed again",
    () => {
      const parts = publish(honest);
      rowsIn(parts).splice(12, 1);
      rehash(parts);
      return parts;
    },
    ["ledgers/ledger_order", "ledgers/ledger_sums"],
  ],
  [
    "a ledger is cut short",
    () => {
      const parts = publish(honest);
      rowsIn(parts).pop();
      return parts;
    },
    ["ledgers/ledger_changed", "ledgers/ledger_order"],
  ],
  [
    "a unit comes out of nothing",
    () => {
      const parts = publish(honest);
      for (const row of rowsIn(parts).slice(-1)) row.sold += 1;
      rehash(parts);
      return parts;
    },
    ["ledgers/ledger_sums"],
  ],
  [
    "a row is dated later than it was, so that a turn had come",
    () => {
      const parts = publish(honest);
      (rowsIn(parts)[1] as Row).atMs = honest.atMs + 1_001;
      rehash(parts);
      return parts;
    },
    ["ledgers/ledger_order"],
  ],
  [
    "one more is counted in a window's entry alone",
    () => {
      const parts = publish(honest);
      cohortIn(parts, 3).count += 1;
      return parts;
    },
    ["roots/root_unsigned", "roots/two_roots"],
  ],
  [
    "a link came out before that of an earlier window",
    () => {
      const parts = publish(honest);
      cohortIn(parts, 0).revealedAtMs = revealsAtMs(1) + 1;
      return parts;
    },
    ["cohorts/cohort_order", "steps/step_unrevealed"],
  ],
  [
    "without a beacon, links came out before their windows closed",
    () => {
      const parts = publish(honestWorld(false));
      for (const cohort of [0, 1, 3]) cohortIn(parts, cohort).revealedAtMs = closesAtMs(cohort) - 1;
      return parts;
    },
    ["cohorts/revealed_early"],
  ],
  [
    "a line without a beacon names a round",
    () => {
      const parts = publish(honestWorld(false));
      cohortIn(parts, 1).beaconRound = 5;
      return parts;
    },
    ["beacon/beacon_round_wrong", "roots/root_unsigned", "roots/two_roots"],
  ],
  ["nobody ever published the drop", () => publish(like({ notes: [] })), ["commitment/commitment_late"]],
  [
    "a window stands twice in the record",
    () => {
      const parts = publish(honest);
      const { cohorts } = parts.get("record/cohorts/0") as { cohorts: ClosedCohort[] };
      cohorts.push(cohortIn(parts, 3));
      return parts;
    },
    ["cohorts/before_wrong", "cohorts/cohort_order"],
  ],
  [
    "a window is said to have closed after a later one",
    () => {
      const parts = publish(honestWorld(false));
      Object.assign(cohortIn(parts, 1), { closedAtMs: closesAtMs(3) + 1, revealedAtMs: revealsAtMs(3) });
      return parts;
    },
    // Its link came out before its people were let in, by its own word too.
    ["cohorts/cohort_order", "roots/root_unsigned", "roots/two_roots", "steps/step_unrevealed"],
  ],
  [
    "more are held apart than joined",
    () => {
      const parts = publish(honest);
      head(parts).heldApart = head(parts).joined + 1;
      return parts;
    },
    ["cohorts/joined_wrong"],
  ],
  [
    "a page of windows is another one",
    () => {
      const parts = publish(honest);
      Object.assign(parts.get("record/cohorts/0") as object, { page: 1 });
      return parts;
    },
    ["cohorts/cohort_order"],
  ],
  [
    "seeds are out of windows whose roots are not",
    () => {
      const parts = publish(honest);
      head(parts).rootedThrough = 1;
      return parts;
    },
    ["cohorts/cohort_order"],
  ],
  [
    "a root has one chunk too many",
    () => {
      const parts = publish(honest);
      rootIn(parts, 0).chunks.push("00".repeat(32));
      return parts;
    },
    ["log/missing", "roots/root_wrong"],
  ],
  [
    "a root is another window's",
    () => {
      const parts = publish(honest);
      parts.set("record/roots/4", signedRootOf(honest, 1));
      return parts;
    },
    ["log/chunk_wrong", "roots/root_wrong"],
  ],
  [
    "a chunk is signed that has less than its people",
    () => {
      const world = like();
      world.logs.set(4, [ticket(40_000), "abcd"]);
      return publish(world);
    },
    ["log/chunk_wrong"],
  ],
  [
    "a step is older than the one before",
    () => {
      const world = like();
      (world.steps[1] as Step).atMs = revealsAtMs(0) + 99;
      return publish(world);
    },
    ["steps/step_order"],
  ],
  [
    "a step is younger than the record, and so is the turn of whom it served",
    () => {
      const world = like();
      (world.steps[3] as Step).atMs = world.atMs + 1_001;
      return publish(world);
    },
    ["steps/step_order", "units/unit_past_the_line"],
  ],
  [
    "a ledger's row is older than the one before",
    () =>
      withMoves((moves) => {
        moves[4] = [...(moves[4] as (typeof moves)[0])];
        (moves[4] as (typeof moves)[0])[3] -= 5_000;
      }),
    ["ledgers/ledger_order"],
  ],
  [
    "less than nothing is reserved",
    () =>
      withMoves((moves) => {
        const served = nth(honest, 0, 0);
        moves.push(["reserve", served, 1, honest.atMs - 100], ["reserve", served, -1, honest.atMs - 90]);
      }),
    ["ledgers/ledger_sums"],
  ],
  [
    "a page is no JSON",
    () => {
      const parts = publish(honest);
      parts.set("record/steps/0", Buffer.from("<html>"));
      return parts;
    },
    ["steps/malformed"],
  ],
];

describe("a fraud is caught, and by the right finding:", () => {
  test.each(FRAUDS)("%s", async (_, forge, expected) => {
    const verdict = await verify(forge());
    const found = new Set(verdict.findings.map(({ check, code }) => `${check}/${code}`));
    expect([...found].toSorted()).toEqual(expected);
    expect(verdict.status).toBe("broken");
  });
});

test("a beacon that nobody trusts is told: whoever runs it may know its values", async () => {
  const verdict = await verifyLine({
    dropId: "spring",
    source: serve(publish(honest)),
    mode: "full",
    checkRounds,
  });
  expect(verdict.findings.map(({ code }) => code)).toEqual(["beacon_not_trusted"]);
  const moved = { ...BEACON, genesisAtMs: BEACON.genesisAtMs + 3_000 };
  const other = await verify(publish(honest), { trustedBeacons: [moved] });
  expect(other.findings.map(({ code }) => code)).toEqual(["beacon_not_trusted"]);
});

describe("what was kept", () => {
  const keptOf = (parts: Parts) => ({
    commitment: head(parts).commitment,
    roots: [0, 1, 3, 4].map((cohort) => rootIn(parts, cohort)),
  });
  const codes = async (parts: Parts, kept: Options["kept"]) => {
    const verdict = await verify(parts, { kept: kept ?? null });
    return { status: verdict.status, codes: verdict.findings.map(({ check, code }) => `${check}/${code}`) };
  };

  test("and is the same still, holds", async () => {
    expect(await codes(publish(honest), keptOf(publish(honest)))).toEqual({ status: "holds", codes: [] });
  });

  test("shows a log that was signed anew with one more ticket", async () => {
    const world = like();
    world.logs.get(4)?.push(ticket(-4));
    expect(await codes(publish(world), keptOf(publish(honest)))).toEqual({
      status: "broken",
      codes: ["kept/two_roots"],
    });
  });

  test("shows a window that was taken back", async () => {
    const world = like();
    world.logs.delete(4);
    Object.assign(world, { rootedThrough: 3 });
    expect((await codes(publish(world), keptOf(publish(honest)))).codes).toEqual(["kept/cohort_withdrawn"]);
  });

  test("shows a drawn window that was left out since, its people and all", async () => {
    const world = like();
    world.logs.delete(1);
    const found = await codes(publish(world), keptOf(publish(honest)));
    expect(found.codes).toContain("kept/cohort_withdrawn");
  });

  test("shows a line that was started anew with other keys", async () => {
    const world = like({ key: newKey() });
    const found = await codes(publish(world), keptOf(publish(honest)));
    expect(found.status).toBe("broken");
    expect(found.codes).toContain("kept/commitment_changed");
  });

  test("proves nothing when the line never signed it", async () => {
    const forged = { ...rootIn(publish(honest), 4), count: 3 };
    for (const root of [forged, { any: "thing" }, "text", 7])
      expect(await codes(publish(honest), { commitment: null, roots: [root] })).toEqual({
        status: "incomplete",
        codes: [],
      });
  });
});

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
    checkRounds,
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
