type Deps = { dropId: string; storage: Pick<Storage, "getItem" | "setItem">; nowMs(): number };

/** Long enough to be heard and seen. */
const FIRST_MS = 1_500;
const MOST_MS = 60_000;

/**
 * How long to wait before the page is left for the choice. A server that sends it back (it is busy, or knows of something that
 * the snapshot does not say) is asked less and less often: the pause doubles with each time that was not long ago.
 */
export function movingOn({ dropId, storage, nowMs }: Deps) {
  const key = `dropline/moved-on/${dropId}`;
  const tried = readTried(storage, key);
  const before = nowMs() - tried.atMs > 2 * MOST_MS ? 0 : tried.times;
  return {
    /** The page was left a moment ago, and is there again: what the server says counts, not what the snapshot seems to say. */
    isSentBack: before > 0,
    afterMs(): number {
      try {
        storage.setItem(key, JSON.stringify({ times: before + 1, atMs: nowMs() }));
      } catch {
        return MOST_MS / 2;
      }
      return Math.min(MOST_MS, FIRST_MS * 2 ** before);
    },
  };
}

function readTried(storage: Pick<Storage, "getItem">, key: string): { times: number; atMs: number } {
  try {
    const { times, atMs } = JSON.parse(storage.getItem(key) ?? "{}") as { times?: number; atMs?: number };
    return { times: times ?? 0, atMs: atMs ?? 0 };
  } catch {
    return { times: 0, atMs: 0 };
  }
}
