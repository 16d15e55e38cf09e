import type { DropDocument, PublishedDrop } from "../../schema/drop-document.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Commitment } from "../../schema/line.ts";
import { ok, refuse } from "../../schema/result.ts";
import type { PublishAnswer } from "../../schema/rpc/drop-queue.ts";
import { HANDS_OFF, type Schedule, scheduleOf } from "./decide.ts";
import type { LineDeps } from "./deps.ts";
import { startPace } from "./pace.ts";
import { commit, drawSecrets } from "./proof/commit.ts";
import type { DropRow, LineSecrets } from "./store.ts";
import { termsOf } from "./terms.ts";

/**
 * Freezes a document; its SKUs are still to be configured. The same version again is a repeat. The first time draws the
 * chain and the key, for good. Refused once the drop has started, for another choice of beacon once its lobby opened, and
 * past as many times as the record has room for.
 */
export function publishDrop(deps: LineDeps, document: DropDocument, version: string): PublishAnswer {
  const { store } = deps;
  const nowMs = deps.nowMs();
  store.bear();
  const before = store.drop();
  if (before?.published.version === version) return ok(before.published);
  if (before) {
    const schedule = scheduleOf(before.published.document, before.hand);
    const isPastStart = nowMs >= Math.min(schedule.opensAtMs, schedule.closesAtMs);
    // Its rows say that it has, too: the clock may have stepped back since.
    if (isPastStart || hasLeftLobby(deps) || before.finishedAtMs !== null)
      return refuse({ code: "drop_already_live" });
    if (isOtherBeacon(before, document) && isLobbyOpen(deps, schedule, nowMs))
      return refuse({
        code: "drop_already_live",
        detail: "The lobby has opened: whether a beacon is used stays as it was announced.",
      });
  }
  if (store.record.notes().length >= LIMITS.linePublicationsMax)
    return refuse({
      code: "invalid_request",
      detail: `A drop is published at most ${LIMITS.linePublicationsMax} times: each stands in its record. Give it another id.`,
    });
  const published: PublishedDrop = { version, publishedAtMs: nowMs, document };
  const termsAtMs = Math.max(nowMs, (before?.termsAtMs ?? 0) + 1);
  store.atomically(() => {
    const secrets = store.secrets() ?? draw(deps);
    store.publish({
      published,
      commitment: commitmentOf(deps, secrets, published, before),
      pace: startPace(nowMs, 0),
      termsAtMs,
    });
    const schedule = scheduleOf(document, before?.hand ?? HANDS_OFF);
    store.writeTerms(termsOf(published, { schedule, termsAtMs, known: store.skus() }));
    store.record.writeNote({ atMs: nowMs, what: "published", detail: version });
  });
  return ok(published);
}

function draw({ store, randomBytes, limits }: LineDeps): LineSecrets {
  const secrets = drawSecrets(randomBytes, limits?.chainLinks ?? LIMITS.chainLinks);
  store.keepSecrets(secrets);
  return secrets;
}

const isOtherBeacon = ({ published }: DropRow, { line }: DropDocument) =>
  published.document.line.beacon !== line.beacon;

function hasLeftLobby({ store }: LineDeps): boolean {
  const latest = store.record.latest();
  return latest !== null && (latest.isClosed || latest.cohort > 0);
}

/** Somebody may have joined under an earlier document whose lobby opened sooner. */
const isLobbyOpen = ({ store }: LineDeps, { lobbyOpensAtMs }: Schedule, nowMs: number) =>
  nowMs >= lobbyOpensAtMs || store.record.latest() !== null;

/** The one that stands, unless the choice of beacon is another. */
function commitmentOf(
  deps: LineDeps,
  secrets: LineSecrets,
  { document, publishedAtMs }: PublishedDrop,
  before: DropRow | null,
): Commitment {
  if (before && !isOtherBeacon(before, document)) return before.commitment;
  const beacon = document.line.beacon === "off" ? null : deps.beacon;
  return commit(secrets, { dropId: document.id, beacon, committedAtMs: publishedAtMs });
}
