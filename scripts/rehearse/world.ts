import type { DropDocument } from "../../schema/drop-document.ts";
import type { Answers } from "./audit/evidence.ts";
import type { EdgeClient } from "./client.ts";
import type { ConsoleClient } from "./console-client.ts";
import type { HostedPages } from "./hosted-page.ts";
import type { Restarts } from "./kills.ts";
import type { CrowdView } from "./view.ts";

/** How shoppers' visits ended, and how long a purchase took them. */
export type Tally = {
  expected: number;
  here: number;
  endings: Record<string, number>;
  /** From sending the first request to reserve until the shopper read `confirmed`. */
  purchaseMs: number[];
  firstReserveAtMs: number | null;
  confirmed: number;
};

/** What shoppers share: the wires, the clock's marks, and the notes of what they were told. */
export type World = {
  document: DropDocument;
  client: EdgeClient;
  view: CrowdView;
  pages: HostedPages;
  /** The brand, who is told by the crowd what to do with whose order. */
  brand: ConsoleClient;
  /** What the brand's shop gives a customer who is signed in there. */
  customerToken(customer: string): Promise<string>;
  answers: Answers;
  tally: Tally;
  gatherAtMs: number;
  opensAtMs: number;
  restarts: Restarts;
  /** How long somebody without a unit stays. */
  patienceMs: number;
  /** How long somebody looks after an order beyond that. */
  orderPatienceMs: number;
};

export function createTally(): Tally {
  return { expected: 0, here: 0, endings: {}, purchaseMs: [], firstReserveAtMs: null, confirmed: 0 };
}

export const createAnswers = (): Answers => ({
  tickets: [],
  passes: [],
  reservations: [],
  givenBack: [],
  orders: [],
  parties: [],
  sent: [],
  waiting: [],
  offers: [],
  left: [],
  commands: [],
});
