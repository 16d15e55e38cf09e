import { setTimeout as sleep } from "node:timers/promises";
import type { DropsAnswer } from "../../schema/http.ts";
import { ConsoleClient } from "../rehearse/console-client.ts";

/** Longer than anything of the house takes that is not waiting for a person: a look at the line is a second or two old. */
const AT_REST_MS = 3_000;
const LOOK_EVERY_MS = 1_000;
const SETTLE_MAX_MS = 60_000;

/** What must not change by a bad request: every unit, reservation and order, and who is in line. By name, as text. */
export type Picture = Map<string, string>;

/** Reads the shop's state through its console, as an auditor does. */
export class Watch {
  readonly #console: ConsoleClient;
  readonly #edgeUrl: string;

  constructor(edgeUrl: string, consoleUrl: string, token: string) {
    this.#edgeUrl = edgeUrl;
    this.#console = new ConsoleClient(consoleUrl, token);
  }

  async look(): Promise<Picture> {
    const picture: Picture = new Map();
    const { drops } = (await this.#get("/v1/drops")) as DropsAnswer;
    for (const { id } of drops) {
      const snapshot = (await this.#get(`/v1/drops/${id}/snapshot`)) as {
        joined: number;
        skus: { skuId: string }[];
      };
      picture.set(`${id}: people in line`, String(snapshot.joined));
      for (const { skuId } of snapshot.skus) {
        const { level, ledger, reservations } = await this.#console.stock(id, skuId);
        picture.set(`${id}/${skuId}: units`, JSON.stringify(level));
        picture.set(`${id}/${skuId}: ledger rows`, String(ledger.length));
        for (const row of reservations)
          picture.set(`${id}/${skuId}: ${row.reservationId}`, `${row.state} ${row.quantity}`);
      }
      for (const order of await this.#console.orders(id)) {
        picture.set(order.orderId, `${order.status} ${order.money} ${order.totalMinor}`);
      }
    }
    return picture;
  }

  /** Once nothing has moved for a while. Undefined when that does not come about. */
  async settled(): Promise<Picture | undefined> {
    const untilMs = Date.now() + SETTLE_MAX_MS;
    let last = await this.look();
    let sinceMs = Date.now();
    while (Date.now() < untilMs) {
      await sleep(LOOK_EVERY_MS);
      const next = await this.look();
      if (differences(last, next).length > 0) sinceMs = Date.now();
      else if (Date.now() - sinceMs > AT_REST_MS) return next;
      last = next;
    }
    return undefined;
  }

  async #get(path: string): Promise<unknown> {
    return (await fetch(`${this.#edgeUrl}${path}`)).json();
  }
}

export function differences(before: Picture, after: Picture): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name}: ${before.get(name) ?? "nothing"} -> ${after.get(name) ?? "nothing"}`);
}
