import { jwtVerify, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { ShopperId, TicketId } from "../../schema/ids.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import { createTokens } from "../../workers/edge/tokens.ts";
import { FakeClock } from "./edge-clock.ts";
import { admitted, fakeEdge } from "./edge-fakes.ts";
import { keysetOf, secretOf } from "./edge-keysets.ts";
import { DROP, OPENS_AT } from "./edge-samples.ts";

const SHOPPER = ShopperId.parse(`shp_${"1".repeat(32)}`);
const PLACE = { sub: SHOPPER, drop: DROP, tid: TicketId.parse("2".repeat(32)), coh: 3 };
const TICKET = { ...PLACE, chk: 0, mrk: "0".repeat(32) };
const PASS = { ...PLACE, rnk: 0.25, ims: OPENS_AT, idn: `session:${SHOPPER}` };
const HOUR = 3_600_000;

function tokensOf(session = keysetOf(["s1", 1]), ticket = keysetOf(["t1", 2]), clock = new FakeClock()) {
  return { clock, tokens: createTokens(parseKeyset("S", session), parseKeyset("T", ticket), clock) };
}

/** What an attacker builds by hand, with the real key unless told otherwise. */
const forge = (header: Record<string, unknown>, claims: Record<string, unknown>, fill = 2) =>
  new SignJWT({ iss: "dropline", aud: "dropline/ticket", ...TICKET, ...claims })
    .setProtectedHeader({ alg: "HS256", kid: "t1", typ: "dropline-ticket+jwt", ...header })
    .setIssuedAt(OPENS_AT / 1_000)
    .setExpirationTime(OPENS_AT / 1_000 + 60)
    .sign(Buffer.alloc(32, fill));

describe("a token", () => {
  test("comes back with its claims", async () => {
    const { tokens } = tokensOf();
    const { token, expiresAtMs } = await tokens.pass.sign(PASS, HOUR);
    expect(await tokens.pass.verify(token)).toEqual({ ...PASS, expiresAtMs });
    expect(expiresAtMs).toBe(OPENS_AT + HOUR);
  });

  test("is one that a general library reads as well", async () => {
    const { tokens } = tokensOf();
    const { token } = await tokens.ticket.sign(TICKET, HOUR);
    const { payload } = await jwtVerify(token, Buffer.alloc(32, 2), {
      algorithms: ["HS256"],
      typ: "dropline-ticket+jwt",
      issuer: "dropline",
      audience: "dropline/ticket",
      requiredClaims: ["iat", "exp", "sub"],
      currentDate: new Date(OPENS_AT),
    });
    expect(payload).toMatchObject(TICKET);
  });

  test("ends, remembered or not", async () => {
    const { tokens, clock } = tokensOf();
    const { token } = await tokens.session.sign({ sub: SHOPPER }, HOUR);
    expect(await tokens.session.verify(token)).toBeDefined();
    clock.set(OPENS_AT + HOUR - 1_000);
    expect(await tokens.session.verify(token)).toBeDefined();
    clock.set(OPENS_AT + HOUR);
    expect(await tokens.session.verify(token)).toBeUndefined();
    expect(await tokens.session.verify(token)).toBeUndefined();
    const other = tokensOf(undefined, undefined, clock).tokens;
    expect(await other.session.verify(token)).toBeUndefined();
  });

  test("does not pass for one of another kind, even under the same key", async () => {
    const { tokens } = tokensOf(keysetOf(["k", 1]), keysetOf(["k", 1]));
    const kinds = {
      session: (await tokens.session.sign({ sub: SHOPPER }, HOUR)).token,
      ticket: (await tokens.ticket.sign(TICKET, HOUR)).token,
      pass: (await tokens.pass.sign(PASS, HOUR)).token,
    };
    for (const [made, token] of Object.entries(kinds)) {
      for (const kind of ["session", "ticket", "pass"] as const) {
        expect((await tokens[kind].verify(token)) !== undefined).toBe(kind === made);
      }
    }
  });

  test("is refused when a letter of it was changed", async () => {
    const { tokens } = tokensOf();
    const { token } = await tokens.ticket.sign(TICKET, HOUR);
    for (let at = 0; at < token.length - 1; at += 7) {
      const changed = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
      expect(await tokens.ticket.verify(changed)).toBeUndefined();
    }
  });
});

describe("a forger", () => {
  test("who has the real key and form would be believed: the others fail for the one thing they change", async () => {
    expect(await tokensOf().tokens.ticket.verify(await forge({}, {}))).toBeDefined();
  });

  test.each([
    ["another key", {}, {}, 9],
    ["an unknown kid", { kid: "t2" }, {}, 2],
    ["no kid", { kid: undefined }, {}, 2],
    ["another HMAC", { alg: "HS512" }, {}, 2],
    ["no typ", { typ: undefined }, {}, 2],
    ["another issuer", {}, { iss: "somebody" }, 2],
    ["another audience", {}, { aud: "dropline/pass" }, 2],
    ["a cohort before the first", {}, { coh: -1 }, 2],
    ["a shopper who is none", {}, { sub: "root" }, 2],
  ])("with %s is refused", async (_what, header, claims, fill) => {
    const token = await forge(header, claims, fill as number).catch(() => "unmakeable");
    expect(await tokensOf().tokens.ticket.verify(token)).toBeUndefined();
  });

  test("without any signature is refused", async () => {
    const { tokens } = tokensOf();
    const unsigned = new UnsecuredJWT({ iss: "dropline", aud: "dropline/ticket", ...TICKET })
      .setIssuedAt(OPENS_AT / 1_000)
      .setExpirationTime(OPENS_AT / 1_000 + 60)
      .encode();
    const { token } = await tokens.ticket.sign(TICKET, HOUR);
    const [, payload, signature] = token.split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", kid: "t1", typ: "dropline-ticket+jwt" })).toString(
      "base64url",
    );
    for (const attempt of [unsigned, `${none}.${payload}.`, `${none}.${payload}.${signature}`, "", "a.b.c"]) {
      expect(await tokens.ticket.verify(attempt)).toBeUndefined();
    }
  });
});

describe("rotation of keys", () => {
  test("keeps old tokens while the old key is listed, and signs with the first", async () => {
    const before = tokensOf(undefined, keysetOf(["old", 2])).tokens;
    const during = tokensOf(undefined, keysetOf(["new", 3], ["old", 2])).tokens;
    const after = tokensOf(undefined, keysetOf(["new", 3])).tokens;
    const old = (await before.ticket.sign(TICKET, HOUR)).token;
    const fresh = (await during.ticket.sign(TICKET, HOUR)).token;
    expect(await during.ticket.verify(old)).toBeDefined();
    expect(await after.ticket.verify(old)).toBeUndefined();
    expect(await after.ticket.verify(fresh)).toBeDefined();
    expect(await before.ticket.verify(fresh)).toBeUndefined();
  });

  test.each([
    ["no JSON", "secret"],
    ["no key", "[]"],
    ["a short secret", JSON.stringify([{ kid: "a", secret: "c2hvcnQ" }])],
    ["a kid twice", keysetOf(["a", 1], ["a", 2])],
  ])("refuses to start with %s, and does not say the secret", (_what, json) => {
    let message = "";
    expect(() => {
      try {
        parseKeyset("TICKET_KEYS", json);
      } catch (error) {
        message = String(error);
        throw error;
      }
    }).toThrow("TICKET_KEYS");
    for (const secret of [secretOf(1), secretOf(2), "c2hvcnQ"]) expect(message).not.toContain(secret);
  });
});

describe("ticket and pass", () => {
  test("work for their own shopper and drop alone", async () => {
    const edge = fakeEdge();
    const owner = await admitted(edge);
    const thief = await edge.open();
    const stolenTicket = await thief.post(`/v1/drops/${DROP}/passes`, { ticket: owner.ticket });
    expect([stolenTicket.status, stolenTicket.body.code]).toEqual([403, "ticket_invalid"]);
    const body = { pass: owner.pass, lines: [{ skuId: "runner-42" }] };
    const stolenPass = await thief.post(`/v1/drops/${DROP}/reservations`, body);
    expect([stolenPass.status, stolenPass.body.code]).toEqual([403, "pass_invalid"]);
    const otherDrop = await owner.post("/v1/drops/other/passes", { ticket: owner.ticket });
    expect([otherDrop.status, otherDrop.body.code]).toEqual([403, "ticket_invalid"]);
    const passElsewhere = await owner.post("/v1/drops/other/reservations", body);
    expect([passElsewhere.status, passElsewhere.body.code]).toEqual([403, "pass_invalid"]);
    const ticketAsPass = await owner.post(`/v1/drops/${DROP}/reservations`, { ...body, pass: owner.ticket });
    expect(ticketAsPass.body.code).toBe("pass_invalid");
    expect(edge.state.reservations.size).toBe(0);
    expect((await owner.post(`/v1/drops/${DROP}/reservations`, body)).status).toBe(201);
  });

  test("a pass ends after its ten minutes", async () => {
    const edge = fakeEdge();
    const owner = await admitted(edge);
    edge.clock.set(OPENS_AT + 600_000);
    const late = await owner.post(`/v1/drops/${DROP}/reservations`, {
      pass: owner.pass,
      lines: [{ skuId: "runner-42" }],
    });
    expect(late.body.code).toBe("pass_invalid");
  });
});
