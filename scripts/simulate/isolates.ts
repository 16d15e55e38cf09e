import type { DropId, TicketId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Result } from "../../schema/result.ts";
import { type Answered, type Combiner, createCombiner } from "../../workers/combine.ts";
import type { Door } from "./object-door.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What one kind of crowd cost in calls. */
export type Calls = {
  calls: number;
  people: number;
  /** The most people that one call carried, and the most calls that one isolate had under way. */
  peopleMax: number;
  underWayMax: number;
  /** The longest that somebody waited for an answer. */
  waitMaxMs: number;
};

export type Isolates<Answer> = {
  submit(isolate: number, ticketId: TicketId): Promise<Answered<Answer>>;
  /** Counts since the last time it was asked. */
  takeCalls(): Calls;
};

type Object<Answer> = {
  clock: VirtualClock;
  door: Door;
  dropId: DropId;
  count: number;
  /** One answer an id. */
  join(packed: Uint8Array): Result<Answer[], never>;
};

/** The nearest isolate of a fleet around the world, one way, and the farthest. The stride mixes near and far in any fleet. */
const AWAY_MS = { least: 5, most: 75, stride: 37 };
export const SHORTEST_TRIP_MS = 2 * AWAY_MS.least;

const NONE: Calls = { calls: 0, people: 0, peopleMax: 0, underWayMax: 0, waitMaxMs: 0 };
const lifetime = { waitUntil() {} };

/** The edge's own combiner, once an isolate, each at its distance from the object; as `edge.ts` sets it up for joins. */
export function createIsolates<Answer>({
  clock,
  door,
  dropId,
  count,
  join,
}: Object<Answer>): Isolates<Answer> {
  let seen = { ...NONE };
  const isolates = Array.from({ length: count }, (_, at) => isolate(at));

  function isolate(at: number): Combiner<DropId, TicketId, Answer> {
    const awayMs = AWAY_MS.least + ((at * AWAY_MS.stride) % (AWAY_MS.most - AWAY_MS.least + 1));
    let underWay = 0;
    return createCombiner<DropId, TicketId, Answer>({
      clock,
      laneOf: (name) => name,
      batchMax: LIMITS.joinBatchMax,
      async call(_, ticketIds) {
        underWay += 1;
        seen.calls += 1;
        seen.people += ticketIds.length;
        seen.peopleMax = Math.max(seen.peopleMax, ticketIds.length);
        seen.underWayMax = Math.max(seen.underWayMax, underWay);
        const packed = new Uint8Array(Buffer.from(ticketIds.join(""), "hex"));
        const answer = await door.call({ awayMs, items: ticketIds.length, act: () => join(packed) });
        underWay -= 1;
        return answer;
      },
    });
  }

  return {
    async submit(at, ticketId) {
      const askedAtMs = clock.now();
      const answered = await (isolates[at] as Combiner<DropId, TicketId, Answer>).submit(
        dropId,
        ticketId,
        lifetime,
      );
      seen.waitMaxMs = Math.max(seen.waitMaxMs, clock.now() - askedAtMs);
      return answered;
    },
    takeCalls() {
      const taken = seen;
      seen = { ...NONE };
      return taken;
    },
  };
}
