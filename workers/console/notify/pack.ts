import { LIMITS } from "../../../schema/limits.ts";
import { statementsOf, type Telling } from "./store.ts";

export const nothingYet = (): Telling => ({ events: [], deliveries: [], mails: [], orders: [], levels: [] });

/** Puts as many together as one D1 batch should hold, in their order; none is divided. */
export function pack(tellings: readonly Telling[]): Telling[] {
  const packed: Telling[] = [];
  for (const telling of tellings) {
    const last = packed.at(-1);
    const both = last && together(last, telling);
    if (both && statementsOf(both) <= LIMITS.tellStatementsMax) packed[packed.length - 1] = both;
    else packed.push(telling);
  }
  return packed;
}

function together(some: Telling, more: Telling): Telling {
  return {
    events: [...some.events, ...more.events],
    deliveries: [...some.deliveries, ...more.deliveries],
    mails: [...some.mails, ...more.mails],
    orders: [...some.orders, ...more.orders],
    levels: [...some.levels, ...more.levels],
  };
}
