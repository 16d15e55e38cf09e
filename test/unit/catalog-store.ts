import type { CatalogIndex, ShownProduct } from "../../schema/catalog.ts";
import type { OperatorLogRow } from "../../schema/tables.ts";
import type { CatalogHints } from "../../workers/console/catalog/hints.ts";
import type { CatalogStore, StoredProduct } from "../../workers/console/catalog/store.ts";

export type CatalogFakes = {
  catalog: CatalogStore;
  hints: CatalogHints;
  held: Held;
  calls: { count: number; failAt: number };
};

type Held = {
  products: Map<string, StoredProduct & { shownVersion: string | null }>;
  layouts: Map<string, string[]>;
  version: number;
  shownVersion: number;
  shown: Map<string, ShownProduct>;
  index: CatalogIndex | null;
  log: Omit<OperatorLogRow, "entry">[];
};

/** D1's catalog and KV's hints in memory, each call of them a place to die at: `failAt` counts from 1. */
export function fakeCatalog(): CatalogFakes {
  const held: Held = {
    products: new Map(),
    layouts: new Map(),
    version: 0,
    shownVersion: 0,
    shown: new Map(),
    index: null,
    log: [],
  };
  const calls = { count: 0, failAt: 0 };
  const step = async () => {
    calls.count += 1;
    if (calls.count === calls.failAt) throw new Error("the process died here");
  };
  const sorted = () => [...held.products.values()].sort((one, other) => one.position - other.position);
  const byHandle = () => sorted().sort((one, other) => (one.product.handle < other.product.handle ? -1 : 1));
  const catalog: CatalogStore = {
    async keys() {
      await step();
      return sorted().map(({ product, version, position }) => ({
        handle: product.handle,
        version,
        position,
      }));
    },
    async read(handles) {
      await step();
      return handles.flatMap((handle) => held.products.get(handle) ?? []);
    },
    async page({ after, limit, isPublished }) {
      await step();
      return byHandle()
        .filter(
          ({ product }) =>
            product.handle > after && (isPublished === null || product.isPublished === isPublished),
        )
        .slice(0, limit);
    },
    async exportPage(afterPosition, limit) {
      await step();
      return sorted()
        .filter(({ position }) => position > afterPosition)
        .slice(0, limit);
    },
    async layouts() {
      await step();
      const used = Map.groupBy(held.products.values(), ({ layoutId }) => layoutId);
      const order = [...used].sort(([one, a], [other, b]) => b.length - a.length || (one < other ? -1 : 1));
      return new Map(order.map(([id]) => [id, held.layouts.get(id) ?? []]));
    },
    async put({ columns, products, log }) {
      await step();
      held.log.push(log);
      for (const product of products) {
        held.layouts.set(product.layoutId, [...columns]);
        const shownVersion = held.products.get(product.product.handle)?.shownVersion ?? null;
        held.products.set(product.product.handle, { ...product, shownVersion });
      }
      held.version += 1;
    },
    async remove(handle, log) {
      await step();
      if (!held.products.delete(handle)) return;
      held.version += 1;
      held.log.push(log);
    },
    async pending(limit) {
      await step();
      return sorted()
        .filter(({ version, shownVersion }) => version !== shownVersion)
        .slice(0, limit);
    },
    async markShown(shown) {
      await step();
      for (const { handle, version } of shown) {
        const product = held.products.get(handle);
        if (product !== undefined) product.shownVersion = version;
      }
    },
    async version() {
      await step();
      return { version: held.version, shownVersion: held.shownVersion };
    },
    async markVersionShown(version) {
      await step();
      held.shownVersion = Math.max(held.shownVersion, version);
    },
  };
  const hints: CatalogHints = {
    async writeProduct(handle, shown) {
      await step();
      if (shown === null) held.shown.delete(handle);
      else held.shown.set(handle, shown);
    },
    async writeIndex(index) {
      await step();
      held.index = index;
    },
  };
  return { catalog, hints, held, calls };
}
