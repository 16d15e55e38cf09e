import { PostedMail } from "../../schema/mail.ts";
import { type Answer, refusal } from "./operations.ts";

/** The latest mails; older ones are forgotten. */
const KEPT_MAX = 10_000;
const PAGE_MAX = 500;

interface KeptMail extends PostedMail {
  seq: number;
  mailId: string;
  atMs: number;
}

export interface Outbox {
  /** `POST /mails`: takes a mail as a mail service does; one key is one mail. */
  post(key: string | null, body: string): Answer;
  /** `GET /control/mails?to=&after=`: what was taken, oldest first. */
  list(query: URLSearchParams): Answer;
}

/** Mails that nobody sends on: tests and people read them here. In memory, so a restart forgets them. */
export function createOutbox(nowMs: () => number): Outbox {
  let mails: KeptMail[] = [];
  let lastSeq = 0;

  function post(key: string | null, body: string): Answer {
    if (key === null || !/^[\x21-\x7e]{1,255}$/.test(key)) return refusal(400, "idempotency_key_missing");
    const held = mails.find(({ mailId }) => mailId === key);
    if (held !== undefined) return { status: 200, body: { id: held.mailId } };
    const posted = readMail(body);
    if (posted === null) return refusal(422, "invalid_request");
    lastSeq += 1;
    mails.push({ seq: lastSeq, mailId: key, atMs: nowMs(), ...posted });
    if (mails.length > KEPT_MAX) mails = mails.slice(-KEPT_MAX);
    return { status: 200, body: { id: key } };
  }

  function list(query: URLSearchParams): Answer {
    const after = Number(query.get("after") ?? 0);
    if (!Number.isSafeInteger(after) || after < 0) return refusal(400, "invalid_request");
    const to = query.get("to");
    const found = mails.filter((mail) => mail.seq > after && (to === null || mail.to.includes(to)));
    const page = found.slice(0, PAGE_MAX);
    return { status: 200, body: { mails: page, next: found.length > PAGE_MAX ? page.at(-1)?.seq : null } };
  }

  return { post, list };
}

function readMail(body: string): PostedMail | null {
  try {
    return PostedMail.parse(JSON.parse(body));
  } catch {
    return null;
  }
}
