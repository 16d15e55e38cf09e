import { setTimeout as sleep } from "node:timers/promises";
import { LIMITS } from "../../schema/limits.ts";
import { isAdmitted, type Snapshot } from "../../schema/line.ts";
import { rankOf } from "./audit/line.ts";
import type { EdgeClient } from "./client.ts";
import { ENDPOINTS } from "./endpoints.ts";

/** An edge cache would hand the whole crowd one picture about so often. */
const POLL_MS = 500;
const ADDRESS = "10.255.255.254";

/** The snapshot as the crowd sees it: fetched once for everybody. */
export class CrowdView {
  latest: Snapshot | null = null;
  /** Seeds of closed cohorts, from the public record: with one's ticket they tell one's place. */
  readonly #seeds = new Map<number, string>();
  #lastCohort = -1;
  readonly #client: EdgeClient;
  readonly #path: string;
  readonly #recordPath: string;
  #watchers: (() => void)[] = [];
  #polling: Promise<void> | null = null;
  #isOver = false;

  constructor(client: EdgeClient, dropId: string) {
    this.#client = client;
    this.#path = `/v1/drops/${dropId}/snapshot`;
    this.#recordPath = `/v1/drops/${dropId}/record/cohorts`;
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
    while (!this.#isOver && this.#client.patience.nowMs() < untilMs) {
      if (this.latest !== null && wanted(this.latest)) return true;
      await new Promise<void>((seen) => this.#watchers.push(seen));
    }
    return false;
  }

  async #poll(): Promise<void> {
    while (!this.#isOver) {
      const reply = await this.#client.ask(
        ENDPOINTS.snapshot,
        {
          method: "GET",
          path: this.#path,
          address: ADDRESS,
        },
        { isUrgent: true },
      );
      if (reply.ok) {
        await this.#readSeeds(reply.value.watermark.cohort);
        this.latest = reply.value;
      }
      this.#wake();
      await sleep(POLL_MS);
    }
    this.#wake();
  }

  /** Has the watermark passed this place? Undefined while the seed of its cohort is not out. */
  isMyTurn({ cohort, ticketId }: { cohort: number; ticketId: string }): boolean | undefined {
    const seed = this.#seeds.get(cohort);
    if (seed === undefined || this.latest === null) return undefined;
    return isAdmitted({ cohort, rank: rankOf(seed, ticketId) }, this.latest.watermark);
  }

  /** The page that goes on may be a moment behind: then the rest is read with the next picture. */
  async #readSeeds(through: number): Promise<void> {
    while (this.#lastCohort < through) {
      const before = this.#lastCohort;
      const page = Math.floor((before + 1) / LIMITS.cohortsPerPage);
      const reply = await this.#client.ask(
        ENDPOINTS.cohorts,
        { method: "GET", path: `${this.#recordPath}/${page}`, address: ADDRESS },
        { isUrgent: true },
      );
      if (!reply.ok) return;
      for (const { cohort, seed } of reply.value.cohorts) {
        this.#seeds.set(cohort, seed);
        this.#lastCohort = Math.max(this.#lastCohort, cohort);
      }
      if (reply.value.isComplete) this.#lastCohort = (page + 1) * LIMITS.cohortsPerPage - 1;
      if (this.#lastCohort === before) return;
    }
  }

  #wake(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const seen of watchers) seen();
  }
}
