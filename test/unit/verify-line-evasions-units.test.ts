import { describe, expect, test } from "vitest";
import {
  type Move,
  OPENS_AT_MS,
  type Parts,
  publish,
  rankIn,
  revealsAtMs,
  seedOf,
  serve,
  ticket,
} from "./line-record-forge.ts";
import { found, honest, like, type Options } from "./verify-line-small-world.ts";

test("a unit whose ticket may stand in a chunk that could not be read is not held against anybody", async () => {
  const world = like({
    ledgers: new Map([
      [
        "runner",
        [
          ["configure", null, 2, OPENS_AT_MS],
          ["reserve", ticket(10_000), 1, OPENS_AT_MS + 60_000],
        ],
      ],
    ]),
  });
  const honestly = serve(publish(world));
  const source = async (path: string) => {
    if (path === "record/chunks/1/0") throw new Error("away");
    return honestly(path);
  };
  expect(await found(publish(world), { source } as Options)).toEqual({ status: "incomplete", codes: [] });
});

describe("the steps' page", () => {
  const steps = [
    { step: 1, atMs: revealsAtMs(0), cohort: 0, rank: 0.5, admitted: 3 },
    { step: 2, atMs: revealsAtMs(0) + 1, cohort: 0, rank: 1, admitted: 5 },
  ];
  const page = (parts: Parts) => parts.get("record/steps/0") as { page: number; steps: unknown[] };
  const wrong = { status: "broken", codes: ["steps/step_order"] };

  test("is the one that was asked for", async () => {
    const parts = publish(like({ steps }));
    expect(await found(parts)).toEqual({ status: "holds", codes: [] });
    page(parts).page = 1;
    expect(await found(parts)).toEqual(wrong);
  });

  test.each<[string, object, string]>([
    ["a number twice", { step: 1 }, "steps/step_order"],
    ["more people than were let in", { admitted: 7 }, "steps/admitted_wrong"],
    ["less people than were let in", { admitted: 3 }, "steps/admitted_wrong"],
  ])("does not say %s", async (_, change, code) => {
    const [first, second] = steps;
    const parts = publish(like({ steps: [{ ...first }, { ...second, ...change }] as typeof steps }));
    expect(await found(parts)).toEqual({ status: "broken", codes: [code] });
  });

  test("has all steps that the head promises", async () => {
    const parts = publish(like({ steps }));
    page(parts).steps.pop();
    expect(await found(parts)).toEqual(wrong);
  });
});

describe("a ledger", () => {
  const LAST_MS = OPENS_AT_MS + 30_000;
  /** The lobby is let in whole, window 3 is not. */
  const withMoves = (...moves: Move[]) => {
    const steps = [{ step: 1, atMs: revealsAtMs(0), cohort: 0, rank: 1, admitted: 5 }];
    const configured: Move = ["configure", null, 9, OPENS_AT_MS];
    return publish(like({ steps, ledgers: new Map([["runner", [configured, ...moves]]]) }));
  };
  const served: Move = ["reserve", ticket(0), 1, LAST_MS];
  const page = (parts: Parts) => parts.get("record/ledgers/runner/0") as object;

  test("of whom the line served holds", async () => {
    expect(await found(withMoves(served))).toEqual({ status: "holds", codes: [] });
  });

  test.each<[string, Move[], string]>([
    [
      "sells late what nobody's turn had come for",
      [["late", ticket(30_000), 1, LAST_MS]],
      "units/unit_past_the_line",
    ],
    [
      "takes back what its ticket was not sold",
      [served, ["commit", ticket(0), 1, LAST_MS], ["return", ticket(1), 1, LAST_MS]],
      "units/unit_changed_hands",
    ],
    [
      "takes back what its ticket had not reserved",
      [served, ["release", ticket(1), 1, LAST_MS]],
      "units/unit_changed_hands",
    ],
    [
      "ends with a row that is younger than the record",
      [["reserve", ticket(0), 1, revealsAtMs(3) + 61_001]],
      "ledgers/ledger_order",
    ],
  ])("%s", async (_, moves, code) => {
    expect(await found(withMoves(...moves))).toEqual({ status: "broken", codes: [code] });
  });

  test.each([{ page: 1 }, { skuId: "walker" }])("whose page is another one is found: %o", async (change) => {
    const parts = withMoves(served);
    Object.assign(page(parts), change);
    expect(await found(parts)).toEqual({ status: "broken", codes: ["ledgers/ledger_order"] });
  });
});

test("a watermark at a place does not let that place in", async () => {
  const rank = rankIn(seedOf(honest, 0), ticket(0));
  const admitted = Math.round(5 * rank);
  const steps = (at: number) => [{ step: 1, atMs: revealsAtMs(0), cohort: 0, rank: at, admitted }];
  const moves: Move[] = [
    ["configure", null, 1, OPENS_AT_MS],
    ["reserve", ticket(0), 1, revealsAtMs(0)],
  ];
  const at = (mark: number) =>
    found(publish(like({ steps: steps(mark), ledgers: new Map([["runner", moves]]) })));
  expect((await at(rank)).codes).toEqual(["units/unit_past_the_line"]);
  expect((await at(rank + Number.EPSILON)).codes).toEqual([]);
});

test.each<[string, string]>([
  ["record", "commitment"],
  ["record/cohorts/0", "cohorts"],
  ["record/steps/0", "steps"],
  ["record/ledgers/runner/0", "ledgers"],
])("%s is promised and withheld", async (path, check) => {
  const steps = [{ step: 1, atMs: revealsAtMs(0), cohort: 0, rank: 1, admitted: 5 }];
  const parts = publish(
    like({ steps, ledgers: new Map([["runner", [["configure", null, 1, OPENS_AT_MS]]]]) }),
  );
  expect((await found(parts)).status).toBe("holds");
  parts.delete(path);
  expect(await found(parts)).toEqual({ status: "broken", codes: [`${check}/missing`] });
});

test("a ticket that does not know its chunk is missed in a log that was read whole", async () => {
  const own = { ticketId: ticket(-1), cohort: 3, chunk: null };
  expect(await found(publish(honest), { own })).toEqual({
    status: "broken",
    codes: ["ticket/ticket_missing"],
  });
});
