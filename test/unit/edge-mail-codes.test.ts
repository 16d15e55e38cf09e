import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { drawCode, isCode, proveCode } from "../../workers/edge/identity/mail-code.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import { fakeEdge } from "./edge-fakes.ts";
import {
  challenged,
  codeIn,
  edgeAsking,
  type FakeEdge,
  MAIL,
  renewed,
  VERIFY,
  wrong,
} from "./edge-identified.ts";
import { keysetOf } from "./edge-keysets.ts";
import { DROP, OPENS_AT } from "./edge-samples.ts";

describe("a one-time code", () => {
  test("goes to the address as it was typed, and is in no answer", async () => {
    const edge = edgeAsking("verified_mail");
    const answer = await (await edge.open()).post(MAIL, { email: "Ada+drop@bücher.example" });
    expect(answer.status).toBe(202);
    expect(edge.mails).toHaveLength(1);
    const [mail] = edge.mails;
    expect(mail?.to).toBe("Ada+drop@xn--bcher-kva.example");
    expect(mail?.text).toContain(codeIn(edge));
    const claims = Buffer.from(answer.body.challenge.split(".")[1], "base64url").toString();
    expect(JSON.parse(claims).prf).toMatch(/^[0-9a-f]{64}$/);
    expect(Object.values(JSON.parse(claims)).map(String)).not.toContain(codeIn(edge));
  });

  test("works for the session that asked, and may be repeated", async () => {
    const edge = edgeAsking("verified_mail");
    const [owner, thief] = [await edge.open(), await edge.open()];
    const asked = await challenged(edge, owner);
    expect((await thief.post(VERIFY, asked)).body.code).toBe("mail_code_invalid");
    const first = await owner.post(VERIFY, asked);
    expect(first).toMatchObject({ status: 200, body: { shopperId: owner.shopperId } });
    expect((await owner.post(VERIFY, asked)).status).toBe(200);
  });

  test("works with its own challenge and with no other", async () => {
    const edge = edgeAsking("verified_mail");
    const caller = await edge.open();
    const first = await challenged(edge, caller);
    const second = await challenged(edge, caller, "bob@example.com");
    const mixed = await caller.post(VERIFY, { challenge: second.challenge, code: first.code });
    expect(mixed.body.code).toBe("mail_code_invalid");
    expect((await caller.post(VERIFY, first)).status).toBe(200);
  });

  test("is spent after so many tries, the right one included, and not one try before", async () => {
    const edge = edgeAsking("verified_mail");
    const caller = await edge.open();
    const asked = await challenged(edge, caller);
    for (let tried = 1; tried < LIMITS.mailCodeTriesMax; tried += 1) {
      const answer = await caller.post(VERIFY, { ...asked, code: wrong(asked.code) });
      expect(answer.body.code).toBe("mail_code_invalid");
    }
    const other = await challenged(edge, caller);
    expect((await caller.post(VERIFY, asked)).status).toBe(200);
    expect(await caller.post(VERIFY, asked)).toMatchObject({
      status: 403,
      body: { code: "mail_code_spent" },
    });
    expect((await caller.post(VERIFY, other)).status).toBe(200);
  });

  test("does not work past its time", async () => {
    const edge = edgeAsking("verified_mail");
    const caller = await edge.open();
    const asked = await challenged(edge, caller);
    edge.clock.set(OPENS_AT + LIMITS.mailCodeTtlMs - 1_000);
    expect((await caller.post(VERIFY, asked)).status).toBe(200);
    edge.clock.set(OPENS_AT + LIMITS.mailCodeTtlMs);
    expect((await caller.post(VERIFY, asked)).body.code).toBe("mail_code_invalid");
  });

  test("outlives the rotation of keys, and not their end", async () => {
    const edge = edgeAsking("verified_mail");
    const caller = await edge.open();
    const asked = await challenged(edge, caller);
    const randomHex = edge.deps.randomHex;
    const next = (keys: string) =>
      edgeAsking("verified_mail", { sessionKeys: parseKeyset("S", keys), randomHex });
    const rotated = next(keysetOf(["s2", 5], ["s1", 1]));
    expect((await renewed(rotated, caller.session).post(VERIFY, asked)).status).toBe(200);
    const gone = next(keysetOf(["s2", 5]));
    expect((await renewed(gone, caller.session).post(VERIFY, asked)).body.code).toBe("session_invalid");
  });

  test("that is no six digits costs no try", async () => {
    const edge = edgeAsking("verified_mail");
    const caller = await edge.open();
    const asked = await challenged(edge, caller);
    const before = edge.state.calls.countIdentity;
    for (const code of ["", "12345", "1234567", "12345a", "１２３４５６"]) {
      expect((await caller.post(VERIFY, { ...asked, code })).body.code).toBe("invalid_request");
    }
    expect((await caller.post(VERIFY, { ...asked, challenge: caller.session })).body.code).toBe(
      "mail_code_invalid",
    );
    expect(edge.state.calls.countIdentity).toBe(before);
  });

  test("is proven differently by each challenge, and by no proof of another mail", async () => {
    const { sessionKeys } = fakeEdge().deps;
    const sent = { jti: "1".repeat(32), mail: "a".repeat(64), code: "123456" };
    const prf = (await proveCode(sessionKeys, "s1", sent)) as string;
    for (const other of [{ jti: "2".repeat(32) }, { mail: "b".repeat(64) }, { code: "123457" }]) {
      expect(await proveCode(sessionKeys, "s1", { ...sent, ...other })).not.toBe(prf);
      expect(await isCode(sessionKeys, { ...sent, ...other, kid: "s1", prf })).toBe(false);
    }
    expect(await isCode(sessionKeys, { ...sent, kid: "s1", prf })).toBe(true);
    expect(await isCode(sessionKeys, { ...sent, kid: "gone", prf })).toBe(false);
  });

  test("is drawn evenly, with its leading zeros", () => {
    expect(drawCode(() => "00000000000000")).toBe("000000");
    expect(drawCode(() => "00000000000007")).toBe("000007");
    expect(drawCode(() => "ffffffffffffff")).toMatch(/^\d{6}$/);
  });

  test("counts as sent, and is told as unavailable, when the mail service does not take it", async () => {
    const edge = edgeAsking("verified_mail", {
      mailer: { send: () => Promise.reject(new Error("the mail's transport answered 500")) },
    });
    const answer = await (await edge.open()).post(MAIL, { email: "ada@example.com" });
    expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(JSON.stringify(edge.logs)).not.toContain("ada@");
  });

  test.each(["ada", "ada@localhost", "ada@example.com\r\nBcc: all@example.com", "a,b@example.com"])(
    "is not sent to %j",
    async (email) => {
      const edge = edgeAsking("verified_mail");
      expect((await (await edge.open()).post(MAIL, { email })).body.code).toBe("invalid_request");
      expect(edge.mails).toEqual([]);
      expect(edge.state.calls.countIdentity).toBeUndefined();
    },
  );
});

describe("mails are bounded", () => {
  const limited = { status: 429, body: { code: "rate_limited" } };

  test("for one session, whatever addresses it names", async () => {
    const edge = edgeAsking("verified_mail");
    const caller = await edge.open();
    for (let sent = 0; sent < LIMITS.mailCodesPerSessionMax; sent += 1) {
      expect((await caller.post(MAIL, { email: `ada${sent}@example.com` })).status).toBe(202);
    }
    expect(await caller.post(MAIL, { email: "ada@example.com" })).toMatchObject(limited);
    expect(edge.mails).toHaveLength(LIMITS.mailCodesPerSessionMax);
  });

  test("for one mailbox, however many sessions ask and however they write it", async () => {
    const edge = edgeAsking("verified_mail");
    for (let sent = 0; sent < LIMITS.mailCodesPerMailMax; sent += 1) {
      const email = `ada+${sent}@example.com`;
      expect((await (await edge.open()).post(MAIL, { email })).status).toBe(202);
    }
    expect(await (await edge.open()).post(MAIL, { email: "ADA@example.com" })).toMatchObject(limited);
    expect((await (await edge.open()).post(MAIL, { email: "bob@example.com" })).status).toBe(202);
  });

  test("for one address of the network, a /64 being one", async () => {
    const seen: string[] = [];
    const edge = edgeAsking("verified_mail", {
      allowMailFrom: async (address) => seen.push(address) <= 1,
    });
    const from = async (address: string) =>
      (await edge.open()).post(MAIL, { email: "ada@example.com" }, { "CF-Connecting-IP": address });
    expect((await from("2001:db8:1:2::1")).status).toBe(202);
    expect(await from("2001:db8:1:2:ffff::1")).toMatchObject(limited);
    expect(new Set(seen)).toEqual(new Set(["2001:db8:1:2::/64"]));
  });
});

describe("the pages ask who it is", () => {
  const form = (edge: FakeEdge, path: string, cookie: string, fields: Record<string, string>) =>
    edge.send(path, {
      method: "POST",
      headers: {
        Cookie: cookie,
        Accept: "text/html",
        Origin: "https://shop.example",
        "Content-Type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams(fields).toString(),
    });
  const cookies = (headers: Headers) =>
    headers
      .getSetCookie()
      .map((line) => line.split(";", 1)[0])
      .join("; ");

  test("before they give a pass, by mail and code, without any script", async () => {
    const edge = edgeAsking("verified_mail");
    const joined = await form(edge, `/drops/${DROP}/line`, "", {});
    const cookie = cookies(joined.headers);
    const line = () => edge.send(`/drops/${DROP}/line`, { headers: { Cookie: cookie, Accept: "text/html" } });
    expect((await line()).headers.get("Location")).toBe(`/drops/${DROP}/identity`);
    const path = `/drops/${DROP}/identity`;
    expect((await form(edge, path, cookie, { email: "nobody" })).text).toContain("not a mail address");
    const asked = await form(edge, path, cookie, { email: "ada@example.com" });
    const challenge = /name="challenge" value="([^"]+)"/.exec(asked.text)?.[1] ?? "";
    const code = codeIn(edge);
    const refused = await form(edge, path, cookie, { challenge, code: wrong(code) });
    expect(refused.text).toContain("not the code");
    const spaced = `${code.slice(0, 3)} ${code.slice(3)}`;
    const shown = await form(edge, path, cookie, { challenge, code: spaced });
    expect(shown.headers.get("Location")).toBe(`/drops/${DROP}/line`);
    const ticket = cookie.split("; ").find((one) => one.startsWith("dropline_ticket")) ?? "";
    const renewedCookie = `${cookies(shown.headers)}; ${ticket}`;
    const turn = await edge.send(`/drops/${DROP}/line`, {
      headers: { Cookie: renewedCookie, Accept: "text/html" },
    });
    expect(turn.headers.getSetCookie().join()).toContain("dropline_pass");
  });
});
