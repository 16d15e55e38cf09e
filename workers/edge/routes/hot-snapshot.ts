import type { Snapshot } from "../../../schema/line.ts";
import { boundedPut } from "../bounded-put.ts";
import type { Edge } from "../edge.ts";
import { TUNING } from "../tuning.ts";
import { BARE_HEADERS, publicFor } from "./context.ts";
import { OPEN_TO_POLLS } from "./cors.ts";

const PATH = /^https?:\/\/[^/]+\/v1\/drops\/([a-z0-9-]+)\/snapshot$/;

/** What is asked for at one URL: of which drop, and what was answered last. */
type Asked = { dropId: string; snapshot?: Snapshot; text?: string; init?: ResponseInit };

/**
 * The one answer that a whole crowd polls, given before the router when this isolate holds it: rendered once a second, it
 * costs little more than the response itself. Anything else, also a snapshot that is due, is undefined: the declared
 * operation answers, and byte for byte the same, which a test holds. Like any cached answer it has the request id of
 * whoever it was made for. URLs are found in a map, since to take one apart costs as much as three headers.
 */
export function hotSnapshots(edge: Edge): (request: Request) => Response | undefined {
  const known = new Map<string, Asked>();
  return (request) => {
    const { url } = request;
    const asked = known.get(url) ?? remember(known, url);
    if (asked === undefined || request.method !== "GET") return undefined;
    const held = edge.snapshots.peek(asked.dropId);
    if (!held?.ok) return undefined;
    if (held.value !== asked.snapshot) {
      asked.snapshot = held.value;
      asked.text = JSON.stringify(held.value);
      asked.init = { headers: headersOf(crypto.randomUUID()) };
    }
    return new Response(asked.text, asked.init);
  };
}

/** A URL that was forgotten is taken apart anew. */
function remember(known: Map<string, Asked>, url: string): Asked | undefined {
  const dropId = PATH.exec(url)?.[1];
  if (dropId === undefined) return undefined;
  const asked: Asked = { dropId };
  boundedPut(known, url, asked, TUNING.cachedDropsMax);
  return asked;
}

function headersOf(requestId: string): Headers {
  return new Headers({
    ...BARE_HEADERS,
    ...OPEN_TO_POLLS,
    "Cache-Control": publicFor(TUNING.snapshotMaxAgeSeconds),
    "Content-Type": "application/json",
    "X-Request-Id": requestId,
  });
}
