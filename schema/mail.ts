import * as z from "zod";
import { LIMITS } from "./limits.ts";

/** One mail to one person. The same id is the same mail, however often it is handed over. */
export const MailMessage = z.strictObject({
  mailId: z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .max(LIMITS.idempotencyKeyMaxChars),
  to: z.string().min(3).max(LIMITS.emailMaxChars),
  /** One line: a second one would be a header of its own. */
  subject: z
    .string()
    .regex(/^[^\r\n]+$/)
    .max(LIMITS.mailSubjectMaxChars),
  text: z.string().min(1).max(LIMITS.mailTextMaxChars),
  html: z.string().min(1).max(LIMITS.mailTextMaxChars).optional(),
});
export type MailMessage = z.infer<typeof MailMessage>;

/**
 * As it is handed over: `POST <MAIL_URL>` with `Authorization: Bearer`, the mail's id as `Idempotency-Key`, any 2xx has
 * taken it. It is Resend's `POST /emails`; the sandbox's outbox (`POST /mails`) answers to the same.
 */
export const PostedMail = MailMessage.omit({ mailId: true, to: true }).extend({
  from: z.string().min(3).max(LIMITS.mailSubjectMaxChars),
  to: z.array(MailMessage.shape.to).length(1),
});
export type PostedMail = z.infer<typeof PostedMail>;
