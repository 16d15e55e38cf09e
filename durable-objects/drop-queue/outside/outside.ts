import { LIMITS } from "../../../schema/limits.ts";
import { recordKeys } from "../../../schema/line.ts";
import type { PaymentsBacklog } from "../../../schema/rpc/payments.ts";
import { inTime } from "../../in-time.ts";
import { roundDueAtMs } from "../beacon/rounds.ts";
import type { LineDeps } from "../deps.ts";
import { fromHex, seedOf } from "../proof/digest.ts";
import { linkAt } from "../proof/hash-chain.ts";
import { nextParts } from "../record/parts.ts";
import { Strand } from "./strand.ts";

/** A fetch ends itself sooner; one that does not must not hold up every later cohort. */
const ROUND_PATIENCE_MS = 2 * LIMITS.beaconTimeoutMs;

/**
 * What a line does beyond its own rows, each kind by itself so that none waits for another: roots into KV, then seeds out,
 * parts of the record into KV, terms to the SKUs, a look at the payments. Each step is taken from the rows and noted in
 * them, so that one that was cut short anywhere goes on where it was; a step that is taken twice changes nothing.
 */
export class Outside {
  readonly #deps: LineDeps;
  readonly #roots: Strand;
  readonly #reveals: Strand;
  readonly #parts: Strand;
  readonly #skus: Strand;
  readonly #look: Strand;
  #backlog: PaymentsBacklog | null = null;
  /** When it was last gone to. A hint that keeps a failing call from being repeated at once. */
  #triedAtMs = 0;

  constructor(deps: LineDeps) {
    this.#deps = deps;
    const strand = (event: string, work: () => Promise<void>) =>
      new Strand(work, (error) => deps.log(event, error));
    this.#roots = strand("line_root_not_published", () => this.#publishRoots());
    this.#reveals = strand("line_seed_not_revealed", () => this.#revealInOrder());
    this.#parts = strand("line_part_not_published", () => this.#publishParts());
    this.#skus = strand("line_skus_not_configured", () => this.#configureSkus());
    this.#look = strand("payments_backlog_unknown", () => this.#lookAtPayments());
  }

  /** As it was at the last look; null: not known, or not looked at lately. */
  get backlog(): PaymentsBacklog | null {
    return this.#backlog;
  }

  /** Goes once round everything that is due. Never rejects. */
  async go({ isAdmitting }: { isAdmitting: boolean }): Promise<void> {
    this.#triedAtMs = this.#deps.nowMs();
    await Promise.all([
      this.#roots.run().then(() => this.#reveals.run()),
      this.#reveals.run(),
      this.#parts.run(),
      this.#skus.run(),
      isAdmitting ? this.#look.run() : undefined,
    ]);
  }

  configureSkus(): Promise<void> {
    return this.#skus.run();
  }

  /** When something of it can be done (again); null: nothing is left to do. */
  dueAtMs(): number | null {
    const { store, nowMs } = this.#deps;
    const drop = store.drop();
    if (!drop) return null;
    const { record } = store;
    const againMs = Math.min(this.#triedAtMs, nowMs()) + LIMITS.beaconRetryMs;
    const [next] = record.toReveal(1);
    const { beacon } = drop.commitment;
    const isDue =
      record.firstUnrooted() !== null ||
      store.hasUnconfigured() ||
      nextParts(store, 1).length > 0 ||
      (next !== undefined && next.beaconRound === null);
    if (isDue) return againMs;
    if (next?.beaconRound != null && beacon) return Math.max(againMs, roundDueAtMs(beacon, next.beaconRound));
    return null;
  }

  async #publishRoots(): Promise<void> {
    const { store, nowMs } = this.#deps;
    const dropId = store.drop()?.published.document.id;
    if (!dropId) return;
    for (let next = store.record.firstUnrooted(); next !== null; next = store.record.firstUnrooted()) {
      await this.#put(recordKeys.root(dropId, next.cohort), next.root);
      store.record.noteRooted(next.cohort, nowMs());
      // A seed comes out as soon as its root is in: not after all the others'.
      void this.#reveals.run();
    }
  }

  async #revealInOrder(): Promise<void> {
    const { store } = this.#deps;
    for (;;) {
      const drop = store.drop();
      if (!drop) return;
      const { beacon } = drop.commitment;
      const nowMs = this.#deps.nowMs();
      const due = store.record
        .toReveal(LIMITS.lineCallsAtOnce)
        .filter(
          ({ beaconRound }) => beaconRound === null || (beacon && roundDueAtMs(beacon, beaconRound) <= nowMs),
        );
      if (due.length === 0) return;
      const rounds = await Promise.all(
        due.map(async ({ beaconRound }) =>
          beaconRound === null || !beacon
            ? null
            : await inTime(this.#deps.beaconRound(beacon, beaconRound), ROUND_PATIENCE_MS).catch(
                () => undefined,
              ),
        ),
      );
      for (const [index, { cohort, beaconRound }] of due.entries()) {
        const value = rounds[index];
        if (beaconRound !== null && !value) return;
        this.#reveal(cohort, value ? { ...value, signature: fromHex(value.signature) } : null);
      }
    }
  }

  #reveal(cohort: number, value: { signature: Uint8Array; randomness: Uint8Array } | null): void {
    const { store, nowMs } = this.#deps;
    const secrets = store.secrets();
    if (!secrets) throw new Error("a line without its chain");
    const link = linkAt(secrets.chain, cohort + 1);
    const seed = seedOf(link, value?.randomness ?? null);
    store.record.reveal({
      cohort,
      link,
      seed,
      beaconSignature: value?.signature ?? null,
      atMs: nowMs(),
    });
  }

  async #publishParts(): Promise<void> {
    const { store } = this.#deps;
    for (;;) {
      const parts = nextParts(store, LIMITS.lineCallsAtOnce);
      const last = parts.at(-1);
      if (!last) return;
      await Promise.all(parts.map(({ key, body }) => this.#put(key, body())));
      store.notePut(last.after);
    }
  }

  async #put(key: string, value: string | Uint8Array): Promise<void> {
    await inTime(this.#deps.publishRecord(key, value), LIMITS.lineCallTimeoutMs);
  }

  async #configureSkus(): Promise<void> {
    const { store, configureSku, log } = this.#deps;
    const waiting = store.skus().filter((sku) => !sku.isConfigured);
    await Promise.all(
      waiting.map(async ({ terms }) => {
        const facts = { dropId: terms.dropId, skuId: terms.skuId };
        try {
          const answer = await inTime(configureSku(terms), LIMITS.lineCallTimeoutMs);
          if (answer.ok) store.noteConfigured(terms, answer.value);
          else log("sku_refused_terms", answer.refusal.code, facts);
        } catch (error) {
          log("sku_configure_failed", error, facts);
        }
      }),
    );
  }

  async #lookAtPayments(): Promise<void> {
    // What nobody can tell slows nobody down.
    this.#backlog = await inTime(this.#deps.paymentsBacklog(), LIMITS.lineCallTimeoutMs).catch((error) => {
      this.#deps.log("payments_backlog_unknown", error);
      return null;
    });
  }
}
