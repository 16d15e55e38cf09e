import { expect, test } from "vitest";
import { sparingly } from "../../../durable-objects/drop-queue/beacon/sparingly.ts";
import { LIMITS } from "../../../schema/limits.ts";

function create() {
  const clock = { nowMs: 0 };
  const logged: object[] = [];
  const log = sparingly(
    (event, facts) => logged.push({ event, ...facts }),
    () => clock.nowMs,
  );
  return { clock, logged, log };
}
const url = "https://relay.example";

test("a relay that answers the same each second is complained of once, whichever round it is about", () => {
  const { clock, logged, log } = create();
  for (let round = 1; clock.nowMs < LIMITS.beaconComplaintEveryMs; clock.nowMs += 1_000)
    log("beacon_round_overdue", { url, round: round++, status: 404 });
  expect(logged).toEqual([{ event: "beacon_round_overdue", url, round: 1, status: 404 }]);
  log("beacon_round_overdue", { url, round: 900, status: 404 });
  expect(logged).toHaveLength(2);
});

test("another relay, another reason and another status are each complained of", () => {
  const { logged, log } = create();
  const said = [
    { url, round: 1, fault: "refused", status: 500 },
    { url, round: 1, fault: "refused", status: 403 },
    { url, round: 1, fault: "timed_out" },
    { url: "https://other.example", round: 1, fault: "timed_out" },
  ];
  for (const facts of [...said, ...said]) log("beacon_round_not_taken", facts);
  expect(logged).toEqual(said.map((facts) => ({ event: "beacon_round_not_taken", ...facts })));
});

test("no more complaints are remembered than the limit: of one more, the oldest may come again", () => {
  const { logged, log } = create();
  const say = (status: number) => log("beacon_round_not_taken", { url, round: 1, status });
  for (let status = 0; status < LIMITS.beaconComplaintsMax; status += 1) say(status);
  say(0);
  expect(logged).toHaveLength(LIMITS.beaconComplaintsMax);
  say(LIMITS.beaconComplaintsMax);
  say(0);
  expect(logged).toHaveLength(LIMITS.beaconComplaintsMax + 2);
});

test("what was complained of again is no longer the oldest", () => {
  const { clock, logged, log } = create();
  const say = (status: number) => log("beacon_round_not_taken", { url, round: 1, status });
  for (let status = 0; status < LIMITS.beaconComplaintsMax; status += 1) say(status);
  clock.nowMs = LIMITS.beaconComplaintEveryMs;
  say(0);
  say(LIMITS.beaconComplaintsMax);
  say(0);
  expect(logged).toHaveLength(LIMITS.beaconComplaintsMax + 2);
});
