import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { MailMessage } from "../../schema/mail.ts";
import type { Sandbox } from "../../scripts/sandbox/server.ts";
import { postedMail } from "../../workers/mail.ts";
import { API_KEY, startTestSandbox } from "./sandbox-client.ts";

const MAIL: MailMessage = { mailId: "code_1", to: "ada@example.com", subject: "Hello", text: "Text" };

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startTestSandbox();
});
afterEach(() => sandbox.close());

const mailer = (apiKey = API_KEY) =>
  postedMail({ url: `${sandbox.url}/mails`, apiKey, from: "Shop <shop@example.com>", fetch });
const outbox = async (query = "") => {
  const answer = await fetch(`${sandbox.url}/control/mails${query}`, {
    headers: { authorization: `Bearer ${API_KEY}` },
  });
  return (await answer.json()) as { mails: Record<string, unknown>[]; next: number | null };
};

describe("a mail", () => {
  test("arrives in the sandbox's outbox as it was sent, once, however often it is handed over", async () => {
    await mailer().send(MAIL);
    await mailer().send(MAIL);
    await mailer().send({ ...MAIL, mailId: "code_2", to: "bob@example.com", html: "<p>Text</p>" });
    const { mails, next } = await outbox();
    expect(next).toBeNull();
    expect(mails).toMatchObject([
      {
        seq: 1,
        mailId: "code_1",
        from: "Shop <shop@example.com>",
        to: ["ada@example.com"],
        subject: "Hello",
        text: "Text",
      },
      { seq: 2, mailId: "code_2", to: ["bob@example.com"], html: "<p>Text</p>" },
    ]);
    expect((await outbox("?to=bob@example.com")).mails).toHaveLength(1);
    expect((await outbox("?after=1")).mails).toHaveLength(1);
  });

  test("that the service does not take is thrown, without telling to whom it was", async () => {
    const refused = mailer("another key").send(MAIL);
    await expect(refused).rejects.toThrow("401");
    await expect(refused).rejects.not.toThrow("ada@");
    const gone = postedMail({ url: "http://127.0.0.1:1/mails", apiKey: "k", from: "f", fetch });
    await expect(gone.send(MAIL)).rejects.toThrow();
    await expect(postedMail({ url: "", apiKey: "k", from: "f", fetch }).send(MAIL)).rejects.toThrow();
    expect((await outbox()).mails).toEqual([]);
  });

  test("has one line of subject, and text within bounds", () => {
    const longest = { ...MAIL, subject: "s".repeat(LIMITS.mailSubjectMaxChars) };
    expect(MailMessage.safeParse(longest).success).toBe(true);
    for (const wrong of [
      { subject: "Hello\r\nBcc: all@example.com" },
      { subject: `${longest.subject}s` },
      { text: "" },
      { text: "t".repeat(LIMITS.mailTextMaxChars + 1) },
      { mailId: "two words" },
    ]) {
      expect(MailMessage.safeParse({ ...MAIL, ...wrong }).success).toBe(false);
    }
  });
});
