import { createHash } from "node:crypto";
import type { DropDocument } from "../../../schema/drop-document.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Shown } from "../bots/rules.ts";
import { outcomeOf } from "../bots/siteverify.ts";
import type { Act } from "../edge.ts";
import type { SessionClaims } from "../tokens.ts";
import { countJoin } from "./count-join.ts";

type Asked = {
  document: DropDocument;
  session: SessionClaims;
  /** What the widget gave; undefined: it was not shown, or not solved. */
  token: string | undefined;
  address: string | undefined;
  /** Of the page or API that is asked: where the widget stood. */
  origin: string;
};
type MeetRefusal = Refusal<"challenge_required" | "unavailable">;

/**
 * What a session has shown before it joins a drop that asks for a challenge: a mail, where the drop lets that do, or a
 * token that was solved here, for this drop, and was not used by another. A repeat with the same token gets the same. While
 * nobody can say whether a token is good, nobody gets in by one (ADR 17): `unavailable`, and the mail's way stays open.
 */
export async function meetChallenge(act: Act, asked: Asked): Promise<Result<Shown, MeetRefusal>> {
  const { document, session, token } = asked;
  if (document.line.mailInsteadOfChallenge && session.mail !== undefined) {
    const counted = await countJoin(act, document, { sub: session.sub, person: session.mail });
    if (!counted.ok || counted.value) return counted.ok ? ok("person") : counted;
  }
  return token === undefined ? refuse({ code: "challenge_required" }) : verifyToken(act, { ...asked, token });
}

async function verifyToken(
  { edge }: Act,
  { document, session, token, address, origin }: Asked & { token: string },
): Promise<Result<Shown, MeetRefusal>> {
  const { challenges } = edge;
  if (challenges === null) return unanswered(edge, "TURNSTILE_SECRET is not set");
  const idempotencyKey = uuidOf(document.id, session.sub, token);
  let answer: Awaited<ReturnType<typeof challenges.verify>>;
  try {
    answer = await challenges.verify({ token, address, idempotencyKey });
  } catch (error) {
    return unanswered(edge, String(error));
  }
  const hostnames = new Set([origin, ...edge.apiOrigins].map((one) => new URL(one).hostname));
  const outcome = outcomeOf(answer, { hostnames, dropId: document.id, isTest: challenges.isTest });
  switch (outcome.kind) {
    case "solved":
      return ok("challenge");
    case "not_solved":
      // Not what anybody may send us by the thousand, but what a widget of ours would not do.
      if (answer.success) edge.log({ level: "warn", event: "challenge_not_ours", why: outcome.why });
      return refuse({ code: "challenge_required", detail: "That one was not accepted. Solve another one." });
    case "no_answer":
      return unanswered(edge, outcome.why);
  }
}

function unanswered(edge: Act["edge"], why: string): { ok: false; refusal: MeetRefusal } {
  edge.log({ level: "error", event: "challenge_not_verified", why });
  return refuse({
    code: "unavailable",
    detail: "The challenge could not be checked.",
    retryAfterMs: LIMITS.unavailableRetryMs,
  });
}

/** So that a repeat of this very join is one check, and the same token in other hands another, which it no longer passes. */
function uuidOf(...parts: string[]): string {
  const hex = createHash("sha256")
    .update(["dropline/challenge/1", ...parts].join("\n"))
    .digest("hex");
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`];
  return [...groups, hex.slice(20, 32)].join("-");
}
