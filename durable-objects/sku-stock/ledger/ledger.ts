import type { SkuId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { LedgerHead, LedgerPage } from "../../../schema/line.ts";
import { type ChainHead, extend } from "./chain.ts";
import type { LedgerStore } from "./store.ts";

const PAGE = LIMITS.ledgerRowsPerPage;

/**
 * The public side of a SKU's ledger: its pages, and the hash over its rows. The chain is reckoned when its head is told and
 * not when a row is written, so that a reservation costs what it did; the rows themselves never change. The head is
 * kept at each whole page, so that a fresh instance has at most one page to read again.
 */
export class Ledger {
  readonly #store: LedgerStore;
  readonly #pause: () => Promise<void>;
  #head: ChainHead | null = null;

  /** `pause`: lets callers in between two pages of a long way to catch up. */
  constructor(store: LedgerStore, pause: () => Promise<void>) {
    this.#store = store;
    this.#pause = pause;
  }

  /** The head over every row that was there when this began, at least. */
  async head(): Promise<Pick<LedgerHead, "rows" | "hash">> {
    while (this.#extend()) await this.#pause();
    const { rows, hash } = this.#known();
    return { rows, hash: Buffer.from(hash).toString("hex") };
  }

  /** Null: no row has come so far. */
  page(skuId: SkuId, page: number): LedgerPage | null {
    const rows = this.#store.rowsAfter(page * PAGE, PAGE);
    return rows.length === 0 ? null : { skuId, page, isComplete: rows.length === PAGE, rows };
  }

  /** Takes in what is there of the page that the head stands in. True: there may be more. */
  #extend(): boolean {
    const before = this.#known();
    const lacking = PAGE - (before.rows % PAGE);
    const rows = this.#store.rowsAfter(before.rows, lacking);
    this.#head = extend(before, rows);
    if (rows.length < lacking) return false;
    this.#store.writeHead(this.#head);
    return true;
  }

  #known(): ChainHead {
    this.#head ??= this.#store.head();
    return this.#head;
  }
}
