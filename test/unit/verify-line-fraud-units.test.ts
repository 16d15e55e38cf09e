import { describe, expect, test } from "vitest";
import { nth, publish, type Row, revealsAtMs, ticket } from "./line-record-forge.ts";
import { type Fraud, found, honest, like, rehash, rowsIn, withMoves } from "./verify-line-world.ts";

/** Units that went past the line, and ledgers that hide it. */
const FRAUDS: Fraud[] = [
  [
    "a ticket is minted after the reveal and given a unit",
    () => withMoves((moves) => moves.push(["reserve", ticket(-1), 1, honest.atMs - 100])),
    ["units/unit_without_place"],
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
];

describe("a fraud with units is caught, and by the right finding:", () => {
  test.each(FRAUDS)("%s", async (_, forge, expected) => {
    expect(await found(forge())).toEqual({ status: "broken", findings: expected });
  });
});
