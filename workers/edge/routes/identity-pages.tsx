import type { Hono } from "hono";
import * as z from "zod";
import { MailVerifyRequest } from "../../../schema/http.ts";
import type { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { IdentityPage } from "../pages/identity-page.tsx";
import { sendMailCode } from "../verbs/send-mail-code.ts";
import { showDrop } from "../verbs/show-drop.ts";
import { verifyMail } from "../verbs/verify-mail.ts";
import { answerRefusal, methodNotAllowed } from "./answer.tsx";
import { keepSession, readWritingSession } from "./caller.ts";
import { actOf, addressOf, type C, type EdgeContext, NO_STORE } from "./context.ts";
import { receive, take } from "./customer-form.tsx";
import { readForm, seeOther } from "./forms.ts";
import { page } from "./page.tsx";
import { parse, readDropId } from "./read-request.ts";

export const MailForm = z.object({ email: z.string().trim().max(LIMITS.emailMaxChars) });
export const CodeForm = z.object({
  challenge: MailVerifyRequest.shape.challenge,
  // People write it as their phone shows it: in two groups.
  code: z.string().transform((code) => code.replace(/[\s-]/g, "")),
});

export const WRONG_MAIL = { field: "email", words: "This is not a mail address." };
export const WRONG_CODE = {
  field: "code",
  words: "This is not the code that was sent, or its time is over.",
};
export const SPENT_CODE = { field: "email", words: "Too many tries with that code. Ask for a new one." };

type Fields = Record<string, unknown>;
type Shown = Partial<Omit<Parameters<typeof IdentityPage>[0], "drop">>;

export function addIdentityPages(pages: Hono<EdgeContext>): void {
  pages.get("/drops/:drop/identity", (c) => {
    const dropId = readDropId(c);
    return dropId.ok ? show(c, dropId.value, {}) : answerRefusal(c, dropId.refusal);
  });
  pages.post("/drops/:drop/identity", tell);
  pages.all("/drops/:drop/identity", methodNotAllowed("GET", "HEAD", "POST"));
}

async function show(c: C, dropId: DropId, shown: Shown): Promise<Response> {
  const drop = await showDrop(actOf(c), dropId);
  if (!drop.ok) return answerRefusal(c, drop.refusal);
  const { challenge, customer, problems = [], typed = "" } = shown;
  const content = (
    <IdentityPage
      drop={drop.value}
      challenge={challenge}
      customer={customer}
      problems={problems}
      typed={typed}
    />
  );
  return page(c, content, { status: problems.length > 0 ? 422 : 200, cacheControl: NO_STORE });
}

/** A customer or a mail, by what the drop asks for. The shop's form leads to the line of a drop that does not ask for it. */
async function tell(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const drop = await showDrop(actOf(c), dropId.value);
  if (!drop.ok) return answerRefusal(c, drop.refusal);
  const isOfCustomers = drop.value.identity === "signed_claim";
  const fields = await readForm(c);
  if ("token" in fields && !isOfCustomers) return seeOther(c, `/drops/${dropId.value}/line`);
  return isOfCustomers ? tellCustomer(c, dropId.value, fields) : tellMail(c, dropId.value, fields);
}

async function tellCustomer(c: C, dropId: DropId, fields: Fields): Promise<Response> {
  const { token, claim } = fields;
  if (typeof token === "string") return show(c, dropId, await receive(c, token));
  if (typeof claim !== "string") {
    return answerRefusal(c, { code: "identity_required", detail: "Here the shop's own sign-in counts." });
  }
  const taken = await take(c, claim);
  if (!taken.ok) return answerRefusal(c, taken.refusal);
  if (taken.value !== "taken") return show(c, dropId, taken.value);
  return seeOther(c, `/drops/${dropId}/line`);
}

/** First the mail, then the code. The answer to the mail is the next form itself: its challenge belongs in no address. */
async function tellMail(c: C, dropId: DropId, fields: Fields): Promise<Response> {
  const session = await readWritingSession(c);
  if (!session.ok) return answerRefusal(c, session.refusal);
  const code = CodeForm.safeParse(fields);
  if (code.success) {
    const { challenge } = code.data;
    const request = MailVerifyRequest.safeParse(code.data);
    if (!request.success) return show(c, dropId, { challenge, problems: [WRONG_CODE] });
    const verified = await verifyMail(actOf(c), { session: session.value, request: request.data });
    if (verified.ok) {
      keepSession(c, verified.value);
      return seeOther(c, `/drops/${dropId}/line`);
    }
    if (verified.refusal.code === "mail_code_invalid") {
      return show(c, dropId, { challenge, problems: [WRONG_CODE] });
    }
    if (verified.refusal.code === "mail_code_spent") return show(c, dropId, { problems: [SPENT_CODE] });
    return answerRefusal(c, verified.refusal);
  }
  const mail = parse(MailForm, fields);
  if (!mail.ok) return show(c, dropId, { problems: [WRONG_MAIL], typed: String(fields.email ?? "") });
  const { email } = mail.value;
  const sent = await sendMailCode(actOf(c), { shopperId: session.value.sub, address: addressOf(c), email });
  if (sent.ok) return show(c, dropId, { challenge: sent.value.challenge });
  if (sent.refusal.code === "invalid_request") {
    return show(c, dropId, { problems: [WRONG_MAIL], typed: String(fields.email ?? "") });
  }
  return answerRefusal(c, sent.refusal);
}
