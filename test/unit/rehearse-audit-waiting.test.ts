import { describe, expect, test } from "vitest";
import { audit } from "../../scripts/rehearse/audit/audit.ts";
import type { Evidence, WaitingGiven } from "../../scripts/rehearse/audit/evidence.ts";
import { ledgerOf, reservationId, reservationOf, shopperId, soundEvidence } from "./rehearse-evidence.ts";
import { at, first, plantedIn } from "./rehearse-planted.ts";

/** Shopper 1 has the one unit until it lapses; 2 and then 3 wait, and 2 is offered it. */
function twoWait(): Evidence {
  const evidence = soundEvidence();
  const sku = first(evidence.skus);
  first(evidence.document.skus).stock = 1;
  sku.ledger = ledgerOf(1, [
    ["reserve", 1, at(2_000)],
    ["lapse", 1, at(12_000)],
    ["offer", 2, at(12_000)],
    ["lapse", 2, at(17_000)],
    ["offer", 3, at(17_000)],
    ["lapse", 3, at(22_000)],
  ]);
  const lapsed = { state: "lapsed", orderId: null } as const;
  sku.reservations = [
    reservationOf(1, lapsed),
    reservationOf(2, { ...lapsed, createdAtMs: at(12_000), deadlineAtMs: at(17_000) }),
    reservationOf(3, { ...lapsed, createdAtMs: at(17_000), deadlineAtMs: at(22_000) }),
  ];
  sku.level = { skuId: "runner" as never, stock: 1, available: 1, reserved: 0, sold: 0 };
  Object.assign(evidence, { orders: [], orderRows: [], attemptRows: [], gateway: [] });
  evidence.record.cohorts = evidence.record.cohorts.map((cohort) => ({ ...cohort, count: 3 }));
  evidence.proof.log = new Map([...evidence.proof.log, [reservationTicket(3), 0]]);
  const { answers } = evidence;
  answers.tickets.push({
    ...first(answers.tickets),
    shopperId: shopperId(3),
    ticketId: reservationTicket(3),
  });
  answers.orders = [];
  answers.reservations = [first(answers.reservations)];
  answers.waiting = [waiting(2, 3_000), waiting(3, 4_000)];
  answers.offers = [{ reservationId: reservationId(2), skuId: "runner", expiresAtMs: at(17_000) }];
  return evidence;
}

const reservationTicket = (n: number) => reservationOf(n).ticketId as string;

const waiting = (n: number, askedMs: number): WaitingGiven => ({
  shopperId: shopperId(n),
  reservationId: reservationId(n),
  skuId: "runner",
  quantity: 1,
  askedAtMs: at(askedMs),
  answeredAtMs: at(askedMs + 100),
});

describe("a waiting list", () => {
  plantedIn(twoWait, [
    [
      "somebody who came later and was offered the unit first",
      "orderInversions",
      /rsv_0+3 waits for runner, and rsv_0+2, who came later, was offered it/,
      ({ answers }) => {
        answers.waiting = [waiting(2, 4_000), waiting(3, 3_000)];
      },
    ],
    [
      "an ordinary reservation past those who wait",
      "orderInversions",
      /rsv_0+3 waits for runner, and rsv_0+2 took it past the list/,
      (evidence) => {
        evidence.answers.waiting = [waiting(3, 3_000)];
        first(first(evidence.skus).ledger.slice(3)).kind = "reserve";
      },
    ],
    [
      "a free unit that nobody offers to whoever waits",
      "acknowledgedLost",
      /rsv_0+4 waits for runner, of which 1 are free/,
      ({ answers }) => {
        answers.waiting.push(waiting(4, 5_000));
      },
    ],
    [
      "an offer that stood shorter than was told",
      "acknowledgedLost",
      /rsv_0+2 was offered until \d+, kept is \d+/,
      ({ answers }) => {
        first(answers.offers).expiresAtMs += 1;
      },
    ],
  ]);

  test.each([
    [
      "gave the place up",
      ({ answers }: Evidence) =>
        answers.left.push({ reservationId: reservationId(3), askedAtMs: at(11_000) }),
    ],
    [
      "wants more than the other",
      ({ answers }: Evidence) => Object.assign(answers.waiting[1] ?? {}, { quantity: 2 }),
    ],
    [
      "came in the same instant as far as anybody knows",
      ({ answers }: Evidence) => Object.assign(answers.waiting[0] ?? {}, { askedAtMs: at(3_050) }),
    ],
    [
      "took the SKU in another session of the same customer",
      ({ answers }: Evidence) =>
        answers.parties.push(
          ...[1, 3].map((n) => ({ shopperId: shopperId(n), customer: "one with two sessions" })),
        ),
    ],
  ])("overtakes nobody who %s", (_, change) => {
    const evidence = twoWait();
    evidence.answers.waiting = [waiting(2, 4_000), waiting(3, 3_000)];
    change(evidence);
    expect(audit(evidence).guarantees.orderInversions).toBe(0);
  });
});
