import type { MailId } from "../../../schema/events.ts";
import type { DropId, OrderId, ShopperId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { MailMessage } from "../../../schema/mail.ts";
import { signOrderToken } from "../../order-link.ts";
import type { NotifyDeps } from "../notify/deps.ts";
import { mailDelayMs } from "../webhooks/schedule.ts";
import { type MailedDrop, writeOrderMail } from "./order-mail.tsx";
import type { MailJob, NotedMail } from "./store.ts";

/**
 * Hands over the mails that are due, each claimed by one consumer. At least once, under a stable id: a crash between the
 * handing over and its note sends the same id again. What is not taken waits, ever longer, and is parked in the end.
 */
export async function sendMails(mailIds: readonly MailId[], deps: NotifyDeps): Promise<void> {
  const { mailer } = deps;
  if (mailer === null) return;
  const nowMs = deps.clock.now();
  const ids = [...new Set(mailIds)];
  const jobs = await deps.mails.claim(ids, { nowMs, leaseUntilMs: nowMs + LIMITS.webhookLeaseMs });
  const documents = documentsOf(deps);
  const noted = await Promise.all(
    jobs.map(async (job): Promise<NotedMail> => {
      try {
        const document = await documents(job.order.dropId as DropId);
        await mailer.send(await toMessage(job, document, deps));
        return note(job, { state: "sent", reason: null }, deps);
      } catch (error) {
        const isLast = job.mail.tries >= LIMITS.mailTriesMax;
        deps.log({
          level: "error",
          event: "mail_not_sent",
          mailId: job.mail.mailId,
          isLast,
          error: String(error),
        });
        return note(job, { state: isLast ? "parked" : "pending", reason: "not_taken" }, deps);
      }
    }),
  );
  await deps.mails.note(noted);
}

/** Each drop is asked for once a batch: a rush confirms hundreds of orders of one. Unreachable is as unknown. */
function documentsOf(deps: NotifyDeps): (dropId: DropId) => Promise<MailedDrop | null> {
  const asked = new Map<DropId, Promise<MailedDrop | null>>();
  return (dropId) => {
    const known = asked.get(dropId);
    if (known !== undefined) return known;
    const answer = deps.document(dropId).catch((error) => {
      deps.log({ level: "warn", event: "mail_without_document", dropId, error: String(error) });
      return null;
    });
    asked.set(dropId, answer);
    return answer;
  };
}

async function toMessage(
  { mail, order }: MailJob,
  document: MailedDrop | null,
  deps: NotifyDeps,
): Promise<MailMessage> {
  const orderId = order.orderId as OrderId;
  const access = { orderId, shopperId: order.shopperId as ShopperId };
  const token = await signOrderToken(deps.linkKeys, "link", access, deps.clock.now());
  const link = `${deps.storefrontUrl}/orders/${orderId}?access=${token}`;
  return { mailId: mail.mailId, to: order.email, ...writeOrderMail(mail.type, { order, document, link }) };
}

/** The sweep has a message for it when it is due again. */
function note(
  { mail }: MailJob,
  become: { state: NotedMail["state"]; reason: string | null },
  deps: NotifyDeps,
): NotedMail {
  const nowMs = deps.clock.now();
  return {
    mailId: mail.mailId,
    state: become.state,
    nextAtMs: become.state === "pending" ? nowMs + mailDelayMs(mail.tries, deps.random) : nowMs,
    lastReason: become.reason,
    updatedAtMs: nowMs,
  };
}
