import { DropDocument } from "../../schema/drop-document.ts";

const HOUR_MS = 3_600_000;
/** Waiting for a cohort to close is most of a shopper's time: so windows are as short as they may be. */
const WINDOW_MS = 1_000;
/** Longer than any run, and short enough for a line's links: there is one for each window. */
const LASTS_MS = 9 * HOUR_MS;

/** Drops in different states, so that each refusal of a phase can come: open with much, open with little, in its lobby, announced. */
export function fuzzDrops(nowMs: number): DropDocument[] {
  const at = (ms: number) => new Date(nowMs + ms).toISOString();
  const drop = (id: string, lobbyInMs: number, opensInMs: number, stock: number) =>
    DropDocument.parse({
      id,
      name: `Fuzz ${id}`,
      currency: "EUR",
      lobbyOpensAt: at(lobbyInMs),
      opensAt: at(opensInMs),
      closesAt: at(opensInMs + LASTS_MS),
      line: { windowMs: WINDOW_MS, admitPerSecond: 1_000 },
      // Nothing lapses by itself while the state is compared.
      timing: { reservationTtlMs: HOUR_MS, paymentWindowMs: HOUR_MS, unknownHoldMs: HOUR_MS },
      waitingList: { isOpen: true },
      skus: [1, 2, 3].map((size) => ({
        id: `${id}-${size}`,
        name: `Size ${size}`,
        stock,
        priceMinor: 1_000 * size,
        perShopper: 10,
      })),
    });
  return [
    drop("fuzz-many", -1_000, 300, 100_000),
    drop("fuzz-few", -1_000, 300, 3),
    drop("fuzz-lobby", -1_000, 12 * HOUR_MS, 100),
    drop("fuzz-announced", 6 * HOUR_MS, 12 * HOUR_MS, 100),
  ];
}
