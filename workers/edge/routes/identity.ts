import {
  ClaimRequest,
  MailCodeAnswer,
  MailCodeRequest,
  MailVerifyRequest,
  SessionAnswer,
} from "../../../schema/http.ts";
import { EXAMPLES } from "../openapi/examples.ts";
import { post } from "../openapi/operation.ts";
import { claimIdentity } from "../verbs/claim-identity.ts";
import { sendMailCode } from "../verbs/send-mail-code.ts";
import { verifyMail } from "../verbs/verify-mail.ts";

const renewed = {
  status: 200,
  about: "A session of the same shopper that has shown who it is; use it from here on",
  shape: SessionAnswer,
  example: EXAMPLES.session,
  kept: "nobody",
} as const;

/** How a session shows who its shopper is, for drops whose `identity` asks for it. */
export const IDENTITY_OPERATIONS = [
  post(
    "/sessions/mail",
    {
      id: "sendMailCode",
      tag: "Sessions",
      summary: "Have a one-time code sent to a mail",
      about: "Six digits, good for ten minutes and five tries. Each request is another code.",
      caller: "writer",
      key: false,
      limitedBy: "mail",
      body: MailCodeRequest,
      example: EXAMPLES.mailCodeRequest,
      answer: {
        status: 202,
        about: "The mail is on its way; whether somebody reads it is not known",
        shape: MailCodeAnswer,
        example: EXAMPLES.mailCode,
        kept: "nobody",
      },
      refusals: ["unavailable"],
    },
    (act, { shopperId, address, request }) => sendMailCode(act, { shopperId, address, email: request.email }),
  ),
  post(
    "/sessions/mail/verify",
    {
      id: "verifyMail",
      tag: "Sessions",
      summary: "Show the code that came by mail",
      caller: "writer",
      key: false,
      body: MailVerifyRequest,
      example: EXAMPLES.mailVerifyRequest,
      answer: renewed,
      refusals: ["mail_code_invalid", "mail_code_spent", "unavailable"],
    },
    verifyMail,
  ),
  post(
    "/sessions/claim",
    {
      id: "claimIdentity",
      tag: "Sessions",
      summary: "Show a customer token of the brand's shop",
      about:
        "A JWT (EdDSA, ES256 or HS256) with `iss`, `sub`, `aud: dropline` and an `exp` within the hour, signed with a key that the brand gave this deployment.",
      caller: "writer",
      key: false,
      body: ClaimRequest,
      example: EXAMPLES.claimRequest,
      answer: renewed,
      refusals: ["customer_token_invalid"],
    },
    claimIdentity,
  ),
] as const;
