import { BOUNDS } from "./bounds.ts";
import type { RecordSource } from "./read-record.ts";

type Fetch = (url: string, init: { signal: AbortSignal; redirect: "error" }) => Promise<Response>;
type Options = {
  origin: string;
  dropId: string;
  fetch?: Fetch;
  signal?: AbortSignal | undefined;
  /** Before the second try; doubles. */
  retryMs?: number;
};

class Passing extends Error {}

/**
 * The record over HTTP, in Node and in browsers. What passes (no answer in time, 429, 5xx) is tried again, at most
 * `readTriesMax` times in all; 404 is null; redirects are not followed, and no more than asked for is taken off the wire.
 */
export function fetchedRecord(options: Options): RecordSource {
  const { origin, dropId, signal, retryMs = BOUNDS.readRetryMs } = options;
  // Called on nothing: a browser's fetch refuses to be called as a method of something else.
  const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  const base = `${origin}/v1/drops/${encodeURIComponent(dropId)}/`;
  return async (path, maxBytes) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await readOnce(fetch, base + path, maxBytes, signal);
      } catch (error) {
        if (tries === BOUNDS.readTriesMax || signal?.aborted || !isPassing(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryMs * 2 ** (tries - 1)));
      }
    }
  };
}

/** A fetch that got no answer rejects with a TypeError, one that ran out of time with a TimeoutError. */
function isPassing(error: unknown): boolean {
  return error instanceof Passing || error instanceof TypeError || (error as Error).name === "TimeoutError";
}

async function readOnce(
  fetch: Fetch,
  url: string,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | null> {
  const limit = AbortSignal.timeout(BOUNDS.readTimeoutMs);
  const response = await fetch(url, {
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    redirect: "error",
  });
  if (response.ok) return readUpTo(response, maxBytes);
  await response.body?.cancel();
  if (response.status === 404) return null;
  const words = `the server answered ${response.status}`;
  throw response.status === 429 || response.status >= 500 ? new Passing(words) : new Error(words);
}

async function readUpTo(response: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let taken = 0;
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  while (reader !== undefined && taken <= maxBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    taken += value.byteLength;
  }
  if (taken > maxBytes) await reader?.cancel();
  const all = new Uint8Array(Math.min(taken, maxBytes + 1));
  let at = 0;
  for (const part of parts) {
    const fits = part.subarray(0, all.byteLength - at);
    all.set(fits, at);
    at += fits.byteLength;
  }
  return all;
}
