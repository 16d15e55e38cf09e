import { describe } from "vitest";
import { answerOf, orderId, orderOf, reservationId, shopperId, soundEvidence } from "./rehearse-evidence.ts";
import { cancelOrder, first, plantedIn, sku } from "./rehearse-planted.ts";

describe("what shoppers were told", () => {
  plantedIn(soundEvidence, [
    [
      "a 201 for a reservation that no object has",
      "acknowledgedLost",
      /rsv_0{31}1 was answered 201, but no object has it/,
      (evidence) => {
        sku(evidence).reservations.shift();
      },
    ],
    [
      "a reservation kept at another price than was told",
      "acknowledgedLost",
      /"unitPriceMinor":9900.* \/ .*"unitPriceMinor":9800/,
      (evidence) => Object.assign(first(sku(evidence).reservations), { unitPriceMinor: 9_800 }),
    ],
    [
      "a reservation kept for another shopper",
      "acknowledgedLost",
      /told one thing, kept another: shopperId/,
      (evidence) => {
        first(evidence.answers.reservations).shopperId = shopperId(8);
      },
    ],
    [
      "a 202 for an order that no object has",
      "acknowledgedLost",
      /ord_0{33}9 was answered 2xx, but no object has it/,
      (evidence) => {
        const answer = answerOf(orderOf(9));
        evidence.answers.orders.push({
          shopperId: shopperId(9),
          key: "place-9",
          reservationId: reservationId(9),
          answer,
        });
      },
    ],
    [
      "an order told as confirmed that is canceled now",
      "acknowledgedLost",
      /was told confirmed, but is canceled/,
      (evidence) => {
        const { orders } = evidence.answers;
        cancelOrder(evidence, "refunded");
        evidence.answers.orders = orders;
      },
    ],
    [
      "an order told with another total",
      "acknowledgedLost",
      /totalMinor 100 \/ 9900/,
      (evidence) => Object.assign(first(evidence.answers.orders).answer, { totalMinor: 100 }),
    ],
    [
      "a repeat that made a second reservation",
      "acknowledgedLost",
      /a repeat of rsv_0{31}1 was answered differently/,
      (evidence) => {
        const [one, two] = evidence.answers.reservations;
        if (one && two)
          evidence.answers.reservations.push({ ...two, shopperId: one.shopperId, key: one.key });
      },
    ],
    [
      "a repeat that made a second order",
      "acknowledgedLost",
      /a repeat of ord_0{33}1 was answered differently/,
      (evidence) => {
        const given = first(evidence.answers.orders);
        evidence.answers.orders.push({ ...given, answer: { ...given.answer, orderId: orderId(2) as never } });
      },
    ],
  ]);
});
