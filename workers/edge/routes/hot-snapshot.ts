import type { Snapshot } from "../../../schema/line.ts";
import type { Edge } from "../edge.ts";
import { TUNING } from "../tuning.ts";
import { API_HEADERS, publicFor } from "./context.ts";
import { OPEN } from "./cors.ts";

const PATH = /^https?:\/\/[^/]+\/v1\/drops\/([a-z0-9-]+)\/snapshot$/;

/**
 * The one answer that a whole crowd polls, given before the router when this isolate holds it: rendered once a second, it
 * costs little more than the response itself. Anything else, also a snapshot that is due, is undefined: the declared
 * operation answers, and byte for byte the same, which a test holds. Like any cached answer it has the request id of
 * whoever it was made for.
 */
export function hotSnapshots(edge: Edge): (request: Request) => Response | undefined {
  const rendered = new WeakMap<Snapshot, { text: string; headers: Headers }>();
  return (request) => {
    if (request.method !== "GET") return undefined;
    const dropId = PATH.exec(request.url)?.[1];
    const held = dropId === undefined ? undefined : edge.snapshots.peek(dropId);
    if (!held?.ok) return undefined;
    const snapshot = held.value;
    let answer = rendered.get(snapshot);
    if (answer === undefined) {
      answer = { text: JSON.stringify(snapshot), headers: headersOf(crypto.randomUUID()) };
      rendered.set(snapshot, answer);
    }
    return new Response(answer.text, { headers: answer.headers });
  };
}

function headersOf(requestId: string): Headers {
  return new Headers({
    ...API_HEADERS,
    ...OPEN,
    "Cache-Control": publicFor(TUNING.snapshotMaxAgeSeconds),
    "Content-Type": "application/json",
    "X-Request-Id": requestId,
  });
}
