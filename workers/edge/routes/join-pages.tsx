import type { Hono } from "hono";
import { JoinRequest, MailVerifyRequest } from "../../../schema/http.ts";
import type { DropId } from "../../../schema/ids.ts";
import { JoinPage } from "../pages/join-page.tsx";
import type { FieldProblem } from "../pages/problems.tsx";
import { sendMailCode } from "../verbs/send-mail-code.ts";
import { showDrop } from "../verbs/show-drop.ts";
import { verifyMail } from "../verbs/verify-mail.ts";
import { answerRefusal, methodNotAllowed } from "./answer.tsx";
import { keepSession } from "./caller.ts";
import { actOf, addressOf, type C, type EdgeContext, NO_STORE } from "./context.ts";
import { readForm, seeOther } from "./forms.ts";
import { CodeForm, MailForm, SPENT_CODE, WRONG_CODE, WRONG_MAIL } from "./identity-pages.tsx";
import { joinHere, sessionOrNew } from "./joining.ts";
import { page } from "./page.tsx";
import { readDropId } from "./read-request.ts";

const UNSOLVED = {
  field: null,
  words: "The challenge was not solved, or not in time. Please solve it again.",
};
const TOO_MANY = {
  field: "email",
  words: "With this mail as many browsers have joined this drop as may. Solve the challenge instead.",
};

type Shown = { mailChallenge?: string; problems?: FieldProblem[]; typed?: string };
type Told = { dropId: DropId; fields: Record<string, unknown> };

export function addJoinPages(pages: Hono<EdgeContext>): void {
  pages.get("/drops/:drop/join", (c) => {
    const dropId = readDropId(c);
    return dropId.ok ? show(c, dropId.value) : answerRefusal(c, dropId.refusal);
  });
  pages.post("/drops/:drop/join", tell);
  pages.all("/drops/:drop/join", methodNotAllowed("GET", "HEAD", "POST"));
}

async function show(
  c: C,
  dropId: DropId,
  { mailChallenge, problems = [], typed = "" }: Shown = {},
): Promise<Response> {
  const drop = await showDrop(actOf(c), dropId);
  if (!drop.ok) return answerRefusal(c, drop.refusal);
  const { challenge } = drop.value;
  if (challenge === null) return seeOther(c, `/drops/${dropId}/line`);
  const content = (
    <JoinPage
      drop={drop.value}
      challenge={challenge}
      scriptUrl={c.var.edge.widget?.scriptUrl}
      mailChallenge={mailChallenge}
      problems={problems}
      typed={typed}
    />
  );
  return page(c, content, { status: problems.length > 0 ? 422 : 200, cacheControl: NO_STORE });
}

/** A solved challenge, a code, or a mail: by what the form that was sent has. */
async function tell(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const told = { dropId: dropId.value, fields: await readForm(c) };
  if ("code" in told.fields) return tellCode(c, told);
  if ("email" in told.fields) return tellMail(c, told);
  return tellSolved(c, told);
}

async function tellSolved(c: C, { dropId, fields }: Told): Promise<Response> {
  const request = JoinRequest.safeParse({ challenge: fields["cf-turnstile-response"] || undefined });
  if (!request.success) return show(c, dropId, { problems: [UNSOLVED] });
  const session = await sessionOrNew(c);
  if (!session.ok) return answerRefusal(c, session.refusal);
  const joined = await joinHere(c, dropId, { session: session.value, request: request.data });
  if (joined.ok) return seeOther(c, `/drops/${dropId}/line`);
  if (joined.refusal.code === "challenge_required") return show(c, dropId, { problems: [UNSOLVED] });
  return answerRefusal(c, joined.refusal);
}

async function tellMail(c: C, { dropId, fields }: Told): Promise<Response> {
  const typed = String(fields.email ?? "");
  const mail = MailForm.safeParse(fields);
  if (!mail.success) return show(c, dropId, { problems: [WRONG_MAIL], typed });
  const session = await sessionOrNew(c);
  if (!session.ok) return answerRefusal(c, session.refusal);
  const asked = { shopperId: session.value.sub, address: addressOf(c), email: mail.data.email };
  const sent = await sendMailCode(actOf(c), asked);
  if (sent.ok) return show(c, dropId, { mailChallenge: sent.value.challenge });
  if (sent.refusal.code === "invalid_request") return show(c, dropId, { problems: [WRONG_MAIL], typed });
  return answerRefusal(c, sent.refusal);
}

async function tellCode(c: C, { dropId, fields }: Told): Promise<Response> {
  const read = CodeForm.safeParse(fields);
  if (!read.success) return show(c, dropId, { problems: [SPENT_CODE] });
  const mailChallenge = read.data.challenge;
  const request = MailVerifyRequest.safeParse(read.data);
  if (!request.success) return show(c, dropId, { mailChallenge, problems: [WRONG_CODE] });
  const session = await sessionOrNew(c);
  if (!session.ok) return answerRefusal(c, session.refusal);
  const verified = await verifyMail(actOf(c), { session: session.value, request: request.data });
  if (!verified.ok) {
    const { code } = verified.refusal;
    if (code === "mail_code_invalid") return show(c, dropId, { mailChallenge, problems: [WRONG_CODE] });
    if (code === "mail_code_spent") return show(c, dropId, { problems: [SPENT_CODE] });
    return answerRefusal(c, verified.refusal);
  }
  keepSession(c, verified.value);
  const shown = await c.var.edge.tokens.session.verify(verified.value.session);
  const joined = await joinHere(c, dropId, { session: shown ?? session.value, request: {} });
  if (joined.ok) return seeOther(c, `/drops/${dropId}/line`);
  if (joined.refusal.code === "challenge_required") return show(c, dropId, { problems: [TOO_MANY] });
  return answerRefusal(c, joined.refusal);
}
