import type { CatalogIndex } from "../../../schema/catalog.ts";
import { ok } from "../../../schema/result.ts";
import type { Deps } from "../deps.ts";
import { Fresh } from "../fresh.ts";
import { TUNING } from "../tuning.ts";
import { staleTags } from "./tags.ts";

/**
 * The catalog's index, looked at again every two seconds. Whoever sees that it changed purges what was cached of the older
 * one: at that moment and not before, since until KV shows the change here the cache would only be filled with the old again.
 */
export function freshIndex(deps: Deps): Fresh<CatalogIndex> {
  let last: CatalogIndex | undefined;
  return new Fresh({
    clock: deps.clock,
    ttlMs: TUNING.catalogTtlMs,
    async load() {
      const index = await deps.catalog.index();
      const tags = staleTags(last, index);
      last = index;
      if (tags.length > 0) await deps.catalog.purge(tags).catch((error) => notPurged(deps, error));
      return ok(index);
    },
  });
}

/** What could not be purged goes by its age. */
function notPurged(deps: Deps, error: unknown): void {
  deps.log({ level: "warn", event: "purge_failed", error: String(error) });
}
