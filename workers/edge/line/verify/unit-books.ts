import type { PublicLedgerRow } from "../../../../schema/line.ts";
import { LEDGER_MOVES } from "./shapes.ts";

/** Units of one SKU, told apart by how they came and went. */
export type UnitsOf = {
  /** Units that the drop's documents gave it. */
  published: number;
  /** Units that were added, and taken away, by hand, and units that were taken without any ticket. */
  addedByHand: number;
  removedByHand: number;
  takenByHand: number;
  /** Units that are sold, by tickets of the line and without one. */
  soldByTicket: number;
  soldByHand: number;
  /** What one's own ticket holds now, reserved or sold. */
  own: number;
};

type Held = { reserved: number; sold: number };

/** Who has what, by ticket: what was reserved with one ticket cannot be sold to another. Rows without one are one party. */
export class UnitBooks {
  readonly #held = new Map<string | null, Held>();
  readonly #moved = { published: 0, addedByHand: 0, removedByHand: 0, takenByHand: 0 };

  /** False: the row moves on what its ticket did not have. */
  take({ kind, ticketId, quantity }: Pick<PublicLedgerRow, "kind" | "ticketId" | "quantity">): boolean {
    const [stock, available, reserved, sold] = LEDGER_MOVES[kind];
    if (kind === "configure") this.#moved.published += quantity;
    else if (stock === 1 && quantity > 0) this.#moved.addedByHand += quantity;
    else if (stock === 1) this.#moved.removedByHand -= quantity;
    if (stock === 1) return true;
    if (ticketId === null && available === -1) this.#moved.takenByHand += quantity;

    const held = this.#held.get(ticketId) ?? { reserved: 0, sold: 0 };
    held.reserved += reserved * quantity;
    held.sold += sold * quantity;
    const isOwn = held.reserved >= 0 && held.sold >= 0;
    held.reserved = Math.max(0, held.reserved);
    held.sold = Math.max(0, held.sold);
    this.#held.set(ticketId, held);
    return isOwn;
  }

  sums(own: string | null): UnitsOf {
    const soldByHand = this.#held.get(null)?.sold ?? 0;
    const ownHeld = own === null ? undefined : this.#held.get(own);
    const ownUnits = (ownHeld?.reserved ?? 0) + (ownHeld?.sold ?? 0);
    let sold = 0;
    for (const held of this.#held.values()) sold += held.sold;
    return { ...this.#moved, soldByTicket: sold - soldByHand, soldByHand, own: ownUnits };
  }
}
