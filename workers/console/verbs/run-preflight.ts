import type { DropId } from "../../../schema/ids.ts";
import { isReady, type PreflightAnswer } from "../../../schema/preflight.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import { proveLinkKey } from "../../link-proof.ts";
import type { Deps } from "../deps.ts";
import { versionOf } from "../document-version.ts";
import { findingsOf } from "../preflight/decide.ts";
import type { ConsoleRefusal } from "../refusal.ts";
import { checkDocument } from "./check-document.ts";
import { audienceOf, readDraft } from "./read-draft.ts";

/**
 * Looks at everything that a start needs, of the published document, or of the draft where nothing is published. Objects that
 * do not exist yet are made near the expected crowd, and all are woken; beside that it changes nothing and can be repeated.
 */
export async function runPreflight(
  deps: Deps,
  dropId: DropId,
): Promise<Result<PreflightAnswer, ConsoleRefusal>> {
  const draft = await readDraft(deps, dropId);
  // Asking for what is published makes the line's object, so where it belongs must be known before.
  const published = await deps.state.published(dropId, audienceOf(draft));
  const atMs = deps.nowMs();
  const version = published.ok ? published.value.version : null;
  const checked = published.ok ? checkDocument(dropId, published.value.document, atMs) : draft;
  if (!checked.ok) return refuse(checked.refusal);
  const { document, warnings } = checked.value;
  const target = {
    dropId,
    skuIds: document.skus.map(({ id }) => id),
    near: document.audience[0] ?? null,
    takesBeacon: document.line.beacon !== "off",
  };
  const { linkKeys, mailer, storefrontUrl, toLoopback } = deps.notify;
  const [state, payments, checkout] = await Promise.all([
    deps.state.preflight(target),
    deps.payments.probeGateways(),
    deps.edge.probeCheckout(document, await proveLinkKey(linkKeys)),
  ]);
  const findings = findingsOf({
    document,
    publishedVersion: version,
    draftVersion: draft.ok ? versionOf(draft.value.document) : null,
    warnings,
    state,
    payments,
    checkout,
    mails: { areSent: mailer !== null, storefrontUrl, isLocal: toLoopback },
    nowMs: atMs,
  });
  return ok({ dropId, isReady: isReady(findings), version, atMs: deps.nowMs(), findings, document });
}
