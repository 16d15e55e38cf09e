import { beaconsTrustedAt } from "../line/verify/beacons.ts";
import { checkRounds } from "../line/verify/check-rounds.ts";
import { fetchedRecord } from "../line/verify/fetched-record.ts";
import { verifyLine } from "../line/verify/verify-line.ts";
import type { News, Order } from "./proof/checking.ts";

/** The proof page's worker: checks the line off the page's own thread, since a beacon's rounds take milliseconds each. */
const page = self as unknown as {
  postMessage(news: News): void;
  onmessage: (event: MessageEvent<Order>) => void;
};
const ending = new AbortController();

page.onmessage = ({ data }) => {
  if (data === null) return ending.abort();
  void check(data);
};

async function check(order: NonNullable<Order>): Promise<void> {
  const { signal } = ending;
  const verdict = await verifyLine({
    ...order,
    source: fetchedRecord({ origin: location.origin, dropId: order.dropId, signal }),
    checkRounds,
    trustedBeacons: beaconsTrustedAt(location.origin),
    onProgress: (progress) => page.postMessage({ kind: "progress", progress }),
    onCheck: (report) => page.postMessage({ kind: "settled", report }),
    signal,
  });
  page.postMessage({ kind: "verdict", verdict });
}
