import { setTimeout as sleep } from "node:timers/promises";
import type { Snapshot } from "../../schema/line.ts";
import type { EdgeClient } from "./client.ts";
import { ENDPOINTS } from "./endpoints.ts";

/** An edge cache would hand the whole crowd one picture about so often. */
const POLL_MS = 500;

/** The snapshot as the crowd sees it: fetched once for everybody. */
export class CrowdView {
  latest: Snapshot | null = null;
  readonly #client: EdgeClient;
  readonly #path: string;
  #watchers: (() => void)[] = [];
  #polling: Promise<void> | null = null;
  #isOver = false;

  constructor(client: EdgeClient, dropId: string) {
    this.#client = client;
    this.#path = `/v1/drops/${dropId}/snapshot`;
  }

  start(): void {
    this.#polling ??= this.#poll();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#polling;
  }

  /** Waits until the picture satisfies `wanted`; false when `untilMs` came first. */
  async until(wanted: (snapshot: Snapshot) => boolean, untilMs: number): Promise<boolean> {
    while (!this.#isOver && Date.now() < untilMs) {
      if (this.latest !== null && wanted(this.latest)) return true;
      await new Promise<void>((seen) => this.#watchers.push(seen));
    }
    return false;
  }

  async #poll(): Promise<void> {
    while (!this.#isOver) {
      const reply = await this.#client.ask(ENDPOINTS.snapshot, {
        method: "GET",
        path: this.#path,
        address: "10.255.255.254",
      });
      if (reply.ok) this.latest = reply.value;
      this.#wake();
      await sleep(POLL_MS);
    }
    this.#wake();
  }

  #wake(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const seen of watchers) seen();
  }
}
