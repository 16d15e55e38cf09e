import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OrderAnswer, PassAnswer, ReservationAnswer } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { ask, expectRefusal, type Reply, told } from "./ask.ts";
import { claimsOfAnswers } from "./claims/answer.ts";
import { eventually, until } from "./eventually.ts";
import { Shopper } from "./shopper.ts";
import { askConsole, type Drop, draftDrop, fresh, publishDrop, startWorld, type World } from "./world.ts";

const BY_TOKEN = { kind: "token", token: "tok_ok" } as const;
const NO_RESERVATION = `rsv_${"0".repeat(32)}`;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

const edge = (path: string) => `${world.platform.urls.edge}${path}`;

/** Without a Content-Length: how large it is shows only while it comes in. */
async function inPieces({ session }: Shopper, path: string, text: string): Promise<Reply> {
  const response = await fetch(edge(`/v1${path}`), {
    method: "POST",
    headers: {
      authorization: `Bearer ${session}`,
      "content-type": "application/json",
      "idempotency-key": randomUUID(),
    },
    body: new Blob([text]).stream(),
    duplex: "half",
  } as RequestInit);
  const { status, headers } = response;
  const body = await response.text();
  return { status, headers, text: body, json: JSON.parse(body) };
}

describe.concurrent("a request that is not as it should be is refused", () => {
  it("when its body is no JSON, too large, of another type, or of another form", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const writes = [
      `/drops/${drop.id}/tickets`,
      `/drops/${drop.id}/reservations`,
      `/drops/${drop.id}/orders`,
    ];
    for (const path of writes) {
      for (const body of ["{", "[1,]", "undefined"])
        expectRefusal(await shopper.post(path, body), "invalid_json");
      const large = JSON.stringify({ pad: "x".repeat(LIMITS.requestBodyMaxBytes) });
      expectRefusal(await shopper.post(path, large), "body_too_large");
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]) {
        const headers = { "content-type": type };
        const asked = { method: "POST", body: "{}", key: randomUUID(), headers };
        expectRefusal(await shopper.ask(path, asked), "unsupported_media_type");
      }
      for (const body of [[], null, 7, { surprise: true }]) {
        expect(expectRefusal(await shopper.post(path, body), "invalid_request").errors).not.toHaveLength(0);
      }
    }
  });

  it("with the names of the fields that are wrong", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const path = `/drops/${drop.id}/orders`;
    const body = {
      reservationId: "rsv_1",
      skuId: "of-an-older-form",
      contact: { email: "nobody" },
      payment: BY_TOKEN,
    };
    const { errors = [] } = expectRefusal(await shopper.post(path, body), "invalid_request");
    expect(errors.map((error) => error.path).sort()).toEqual(["", "contact.email", "reservationId"]);
    for (const quantity of [0, 1.5, -1, LIMITS.unitsPerReservationMax + 1, "1", null]) {
      const reply = await shopper.post(`/drops/${drop.id}/reservations`, {
        pass: "p",
        lines: [{ skuId: drop.sku, quantity }],
      });
      expect(expectRefusal(reply, "invalid_request").errors).toMatchObject([{ path: "lines.0.quantity" }]);
    }
  });

  it("up to the last byte of the limit, and not before it", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const padded = (bytes: number) => `{}${" ".repeat(bytes - 2)}`;
    const path = `/drops/${drop.id}/tickets`;
    expect((await shopper.post(path, padded(LIMITS.requestBodyMaxBytes))).status).toBe(201);
    expectRefusal(await shopper.post(path, padded(LIMITS.requestBodyMaxBytes + 1)), "body_too_large");
    expectRefusal(await inPieces(shopper, path, padded(LIMITS.requestBodyMaxBytes + 1)), "body_too_large");
    expect((await inPieces(shopper, path, padded(LIMITS.requestBodyMaxBytes))).status).toBe(201);
  });

  it("when there is nothing at its address, or another method is meant", async () => {
    const drop = await publishDrop(world);
    for (const path of ["/v1", "/v1/", "/v1/nothing", `/v1/drops/${drop.id}/nothing`, "/nothing"])
      expectRefusal(await ask(edge(path)), "not_found");
    const others: [string, string, string][] = [
      ["GET", "/v1/sessions", "POST"],
      ["GET", `/v1/drops/${drop.id}/tickets`, "POST"],
      ["PUT", `/v1/drops/${drop.id}/passes`, "POST"],
      ["DELETE", `/v1/drops/${drop.id}/reservations`, "POST"],
      ["PATCH", `/v1/drops/${drop.id}/orders`, "POST"],
      ["POST", "/v1/drops", "GET, HEAD"],
      ["DELETE", `/v1/drops/${drop.id}`, "GET, HEAD"],
      ["PUT", `/v1/drops/${drop.id}/snapshot`, "GET, HEAD"],
      ["PUT", `/v1/drops/${drop.id}/record`, "GET, HEAD"],
      ["DELETE", "/v1/orders/ord_1", "GET, HEAD"],
    ];
    for (const [method, path, allow] of others) {
      const reply = await ask(edge(path), { method });
      expectRefusal(reply, "method_not_allowed");
      expect(reply.headers.get("allow")).toBe(`${allow}, OPTIONS`);
    }
  });

  it("when its drop, SKU, reservation or order does not exist", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const none = fresh("none");
    for (const name of [none, "No-Slug", "%2F", "x".repeat(LIMITS.slugMaxChars + 1)]) {
      for (const path of ["", "/snapshot", "/record", "/record/roots/0"])
        expectRefusal(await shopper.ask(`/drops/${name}${path}`), "drop_not_found");
      expectRefusal(await shopper.join(name), "drop_not_found");
    }
    const { pass } = await shopper.admitted(drop.id);
    expectRefusal(await shopper.reserve(drop.id, { pass, skuId: fresh("sku") }), "sku_not_found");
    const nowhere = { reservationId: NO_RESERVATION };
    expectRefusal(await shopper.giveBack(drop.id, NO_RESERVATION), "reservation_not_found");
    expectRefusal(await shopper.giveBack(drop.id, "rsv_1"), "reservation_not_found");
    expectRefusal(await shopper.place(drop.id, nowhere, BY_TOKEN), "reservation_not_found");
    expectRefusal(await shopper.place(none, nowhere, BY_TOKEN), "drop_not_found");
    for (const id of [`ord_00${"0".repeat(32)}`, `ord_ff${"0".repeat(32)}`, "ord_1", "%00"])
      expectRefusal(await shopper.look(id), "order_not_found");
  });

  it("only until its drop is published, however often it was asked for before", async () => {
    const draft = draftDrop();
    const shopper = await Shopper.arrived(world);
    const nowhere = { reservationId: NO_RESERVATION };
    expectRefusal(await shopper.place(draft.id, nowhere, BY_TOKEN), "drop_not_found");
    const body = { document: draft.document };
    await askConsole(world, `/drops/${draft.id}/publish`, { method: "POST", body });
    const { orderId } = await shopper.orderedByToken(draft.id, draft.skus[0] ?? "");
    expect(await shopper.settled(orderId)).toMatchObject({ status: "confirmed" });
  });

  it("when a part of the record is asked for that is not there, which may be kept for a moment", async () => {
    const drop = await publishDrop(world, { opensInMs: 60_000 });
    for (const part of [
      "roots/0",
      "roots/00",
      "roots/-1",
      "chunks/0/0",
      "cohorts/0",
      "steps/1e3",
      "cohorts/x",
    ]) {
      expectRefusal(await ask(edge(`/v1/drops/${drop.id}/record/${part}`)), "record_not_found");
    }
  });

  it("with 429 when one shopper writes far too often, and nobody else is", async () => {
    const drop = await publishDrop(world);
    const [busy, calm] = await Promise.all([Shopper.arrived(world), Shopper.arrived(world)]);
    // Twice the limit and more: the window may end in between.
    const replies = await Promise.all(Array.from({ length: 250 }, () => busy.askPass(drop.id, "no-ticket")));
    const [limited] = replies.filter(({ status }) => status === 429);
    expect(limited).toBeDefined();
    if (limited !== undefined) expect(expectRefusal(limited, "rate_limited").retryAfterMs).toBe(10_000);
    await calm.joined(drop.id);
  });
});

describe.concurrent("what is somebody else's is refused", () => {
  it("without a session, and with one that nobody signed", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const [header, claims, signature] = shopper.session.split(".") as [string, string, string];
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const decoded = JSON.parse(Buffer.from(claims, "base64url").toString());
    const forged = [
      `${header}.${encode({ ...decoded, sub: `shp_${"0".repeat(32)}` })}.${signature}`,
      `${encode({ alg: "none", typ: "dropline-session+jwt" })}.${claims}.`,
      `${header}.${claims}.`,
      "not-a-token",
    ];
    const path = `/v1/drops/${drop.id}/tickets`;
    const missing = await ask(edge(path), { method: "POST", key: "k", body: {} });
    expectRefusal(missing, "session_missing");
    expect(missing.headers.get("www-authenticate")).toContain("Bearer");
    for (const token of forged) {
      expectRefusal(await ask(edge(path), { method: "POST", key: "k", body: {}, token }), "session_invalid");
    }
    expectRefusal(await ask(edge(`/v1/orders/ord_1`)), "session_missing");
    const basic = { headers: { authorization: "Basic abc" } };
    expectRefusal(await ask(edge(`/v1/orders/ord_1`), basic), "session_invalid");
  });

  it("as a ticket, a pass, a reservation and an order of another shopper", async () => {
    const drop = await publishDrop(world, { skus: [{ stock: 5, perShopper: 5 }] });
    const [owner, thief] = await Promise.all([Shopper.arrived(world), Shopper.arrived(world)]);
    const { ticket, pass } = await owner.admitted(drop.id);
    const held = told(await owner.reserve(drop.id, { pass, skuId: drop.sku }), 201, ReservationAnswer);
    const { orderId } = told(await owner.place(drop.id, held, BY_TOKEN), 202, OrderAnswer);
    const second = told(await owner.reserve(drop.id, { pass, skuId: drop.sku }), 201, ReservationAnswer);

    expectRefusal(await thief.askPass(drop.id, ticket), "ticket_invalid");
    expectRefusal(await thief.reserve(drop.id, { pass, skuId: drop.sku }), "pass_invalid");
    expectRefusal(await thief.place(drop.id, second, BY_TOKEN), "reservation_not_found");
    expectRefusal(await thief.place(drop.id, held, BY_TOKEN), "reservation_not_found");
    expectRefusal(await thief.look(orderId), "order_not_found");
    expect(await owner.settled(orderId)).toMatchObject({ status: "confirmed" });
  });

  it("as a ticket or pass of another drop, or one token in another's place", async () => {
    const [one, other] = await Promise.all([publishDrop(world), publishDrop(world)]);
    const shopper = await Shopper.arrived(world);
    const { ticket, pass } = await shopper.admitted(one.id);
    expectRefusal(await shopper.askPass(other.id, ticket), "ticket_invalid");
    expectRefusal(await shopper.reserve(other.id, { pass, skuId: other.sku }), "pass_invalid");
    for (const token of [pass, shopper.session])
      expectRefusal(await shopper.askPass(one.id, token), "ticket_invalid");
    for (const token of [ticket, shopper.session]) {
      expectRefusal(await shopper.reserve(one.id, { pass: token, skuId: one.sku }), "pass_invalid");
    }
    const posing = { method: "POST", key: "k", body: {}, token: ticket };
    expectRefusal(await ask(edge(`/v1/drops/${one.id}/tickets`), posing), "session_invalid");
  });

  it("as a reservation of another drop", async () => {
    const drop = await publishDrop(world);
    const other = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const { reservationId } = await shopper.held(drop.id, drop.sku);
    expectRefusal(await shopper.place(other.id, { reservationId }, BY_TOKEN), "reservation_not_found");
    expectRefusal(await shopper.giveBack(other.id, reservationId), "reservation_not_found");
    const thief = await Shopper.arrived(world);
    expectRefusal(await thief.giveBack(drop.id, reservationId), "reservation_not_found");
  });

  it("when a cookie is what another site made its visitor send", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const cookie = `dropline_session=${shopper.session}`;
    const join = (headers: Record<string, string>) =>
      ask(edge(`/v1/drops/${drop.id}/tickets`), {
        method: "POST",
        key: "k",
        body: {},
        headers: { cookie, ...headers },
      });
    expectRefusal(await join({ origin: "https://elsewhere.example" }), "cross_site");
    expectRefusal(await join({ "sec-fetch-site": "cross-site" }), "cross_site");
    expectRefusal(await join({ "sec-fetch-site": "same-site" }), "cross_site");
    expect((await join({ origin: world.platform.urls.edge })).status).toBe(201);
    expect((await join({})).status).toBe(201);
  });
});

describe.concurrent("the times of a drop", () => {
  const path = (drop: Drop) => `/drops/${drop.id}`;
  /** Long enough to get a pass and a basket on a machine that is busy with something else. */
  const LASTS_MS = 8_000;

  it("let nobody join before the lobby opens, and say when it does", async () => {
    const drop = await publishDrop(world, { lobbyOpensInMs: 30_000, opensInMs: 60_000 });
    const shopper = await Shopper.arrived(world);
    const { retryAfterMs } = expectRefusal(await shopper.join(drop.id), "drop_not_open");
    expect(retryAfterMs).toBeGreaterThan(20_000);
    expect(retryAfterMs).toBeLessThanOrEqual(30_000);
    expect((await shopper.ask(path(drop))).json).toMatchObject({ phase: "announced" });
  });

  it("let nobody join or reserve after the end, but honor what was held and answered before", async () => {
    const drop = await publishDrop(world, { lastsMs: LASTS_MS, skus: [{ stock: 5, perShopper: 3 }] });
    const [shopper, late] = await Promise.all([Shopper.arrived(world), Shopper.arrived(world)]);
    const { ticket, pass } = await shopper.admitted(drop.id);
    const key = randomUUID();
    const reserve = (withKey: string) => shopper.reserve(drop.id, { pass, skuId: drop.sku }, withKey);
    const held = told(await reserve(key), 201, ReservationAnswer);

    await until(drop.closesAtMs);
    expectRefusal(await late.join(drop.id), "drop_closed");
    expectRefusal(await reserve(randomUUID()), "drop_closed");
    expect(told(await reserve(key), 201, ReservationAnswer)).toEqual(held);
    told(await shopper.askPass(drop.id, ticket), 201, PassAnswer);
    const { orderId } = told(await shopper.place(drop.id, held, BY_TOKEN), 202, OrderAnswer);
    expect(await shopper.settled(orderId)).toMatchObject({ status: "confirmed" });
  });

  it("tell who waits in a window that ends after the end that it is over", async () => {
    const drop = await publishDrop(world, { opensInMs: 0, lastsMs: LASTS_MS - 100, windowMs: LASTS_MS });
    const shopper = await Shopper.arrived(world);
    const { ticket, cohort, cohortClosesAtMs } = await shopper.joined(drop.id);
    expect(cohort).toBe(1);
    expect(cohortClosesAtMs).toBeGreaterThan(drop.closesAtMs);
    expectRefusal(await shopper.askPass(drop.id, ticket), "not_admitted_yet");
    await eventually("the end to be told", async () => {
      const reply = await shopper.askPass(drop.id, ticket);
      return Date.now() < drop.closesAtMs ? undefined : expectRefusal(reply, "drop_closed");
    });
  });
});

claimsOfAnswers(() => world);
