import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OrderAnswer, PassAnswer, ReservationAnswer } from "../../schema/http.ts";
import { CohortPage, RecordHead, StepPage } from "../../schema/line.ts";
import { createSecrets, type Keyset } from "../../scripts/platform/secrets.ts";
import { ask, expectRefusal, told } from "./ask.ts";
import { eventually } from "./eventually.ts";
import { atGateway, Shopper } from "./shopper.ts";
import { askConsole, moneyOf, publishDrop, rowsOf, startWorld, stockOf, type World } from "./world.ts";

let dir: string;
let world: World;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dropline-restart-"));
  world = await startWorld({ stateDir: join(dir, "state") });
});
afterAll(async () => {
  await world?.end();
  await rm(dir, { recursive: true, force: true });
});

type Before = {
  drop: { id: string; sku: string };
  buyer: Shopper;
  payer: Shopper;
  waiter: Shopper;
  bought: OrderAnswer;
  unpaid: OrderAnswer & { paymentUrl: string };
  key: string;
  held: ReservationAnswer;
  ticket: string;
  pass: string;
};
let before: Before;

/** One shopper who bought, one at the gateway's page, and one with a reservation. */
async function live(): Promise<Before> {
  const drop = await publishDrop(world, { opensInMs: 800, skus: [{ stock: 5, perShopper: 2 }] });
  const [buyer, payer, waiter] = await Promise.all([
    Shopper.arrived(world),
    Shopper.arrived(world),
    Shopper.arrived(world),
  ]);
  const buy = async () => buyer.settled((await buyer.orderedByToken(drop.id, drop.sku)).orderId);
  const [bought, unpaid, { ticket, pass }] = await Promise.all([
    buy(),
    payer.sentToPay(drop.id, drop.sku),
    waiter.admitted(drop.id),
  ]);
  const key = randomUUID();
  const held = told(await waiter.reserve(drop.id, { pass, skuId: drop.sku }, key), 201, ReservationAnswer);
  await eventually("both rows in D1", async () => {
    const statuses = (await rowsOf(world, drop.id)).map(({ status }) => status);
    expect(statuses.sort()).toEqual(["awaiting_payment", "confirmed"]);
    return true;
  });
  return { drop, buyer, payer, waiter, bought, unpaid, key, held, ticket, pass };
}

async function recordOf(dropId: string) {
  const read = (part: string) => ask(`${world.platform.urls.edge}/v1/drops/${dropId}/record${part}`);
  const { atMs: _atMs, ...head } = told(await read(""), 200, RecordHead);
  const { cohorts } = told(await read("/cohorts/0"), 200, CohortPage);
  const { steps } = told(await read("/steps/0"), 200, StepPage);
  return { head, cohorts, steps };
}

/** What is stored of a drop, by every source. A look at the gateway makes another version of an order, and no other order. */
async function pictureOf({ id, sku }: Before["drop"]) {
  const rows = (await rowsOf(world, id)).toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1));
  const orders = rows.map(({ version: _version, updatedAtMs: _updatedAtMs, ...order }) => order);
  const log = (await askConsole(world, "/operator-log")).json;
  return { stock: await stockOf(world, id, sku), record: await recordOf(id), orders, log };
}

/** With a new key in front, as a rotation puts it. */
const rotated = (keys: Keyset): Keyset => [createSecrets().ticketKeys[0], ...keys];

describe("after a restart", () => {
  beforeAll(async () => {
    before = await live();
  });

  it("stock, orders, the line's record and the operator's log are as they were", async () => {
    const picture = await pictureOf(before.drop);
    expect(picture.stock.level).toMatchObject({ stock: 5, available: 2, reserved: 2, sold: 1 });
    expect(picture.record.cohorts).not.toHaveLength(0);
    const { sessionKeys, ticketKeys } = world.secrets;
    await world.reboot({
      ...world.secrets,
      sessionKeys: rotated(sessionKeys),
      ticketKeys: rotated(ticketKeys),
    });
    expect(await pictureOf(before.drop)).toEqual(picture);
    expect(await before.buyer.seen(before.bought.orderId)).toEqual(before.bought);
  });

  it("with a new key in front, sessions, tickets and passes of the old one still hold", async () => {
    const { drop, waiter, ticket, pass, key, held } = before;
    const repeat = await waiter.reserve(drop.id, { pass, skuId: drop.sku }, key);
    expect(told(repeat, 201, ReservationAnswer)).toEqual(held);
    const renewed = told(await waiter.askPass(drop.id, ticket), 201, PassAnswer);
    const again = await waiter.reserve(drop.id, { pass: renewed.pass, skuId: drop.sku }, key);
    expect(told(again, 201, ReservationAnswer)).toEqual(held);
    const kid = (token: string) =>
      JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).kid;
    expect(kid(renewed.pass)).toBe(world.secrets.ticketKeys[0].kid);
    expect(kid(pass)).toBe(world.secrets.ticketKeys[1]?.kid);
  });

  it("an order that was waiting is paid for and confirmed", async () => {
    const { payer, unpaid, drop } = before;
    expect((await atGateway(unpaid.paymentUrl, "pay")).status).toBe(303);
    expect(await payer.settled(unpaid.orderId)).toMatchObject({ status: "confirmed" });
    expect(await moneyOf(world, unpaid.orderId)).toMatchObject({ captures: 1, doubleCaptures: 0 });
    await eventually("the row in D1", async () => {
      const row = (await rowsOf(world, drop.id)).find(({ orderId }) => orderId === unpaid.orderId);
      return row?.status === "confirmed" ? true : undefined;
    });
  });

  it("the line goes on: a new shopper joins, is admitted and buys", async () => {
    const { drop } = before;
    const shopper = await Shopper.arrived(world);
    const { orderId } = await shopper.orderedByToken(drop.id, drop.sku);
    expect(await shopper.settled(orderId)).toMatchObject({ status: "confirmed" });
  });
});

describe("with a key taken out", () => {
  it("what it signed is refused: sessions with 401, tickets and passes with 403", async () => {
    const { drop, waiter, ticket, pass } = before;
    const newcomer = await Shopper.arrived(world);
    // Out go the key that signed the newcomer's session, and the one that signed the waiter's ticket and pass.
    const [, oldSessionKey] = world.secrets.sessionKeys;
    const [newTicketKey] = world.secrets.ticketKeys;
    if (oldSessionKey === undefined) throw new Error("there was no rotation");
    await world.reboot({ ...world.secrets, sessionKeys: [oldSessionKey], ticketKeys: [newTicketKey] });

    expectRefusal(await newcomer.join(drop.id), "session_invalid");
    expectRefusal(await waiter.askPass(drop.id, ticket), "ticket_invalid");
    expectRefusal(await waiter.reserve(drop.id, { pass, skuId: drop.sku }), "pass_invalid");
    expect(await before.buyer.seen(before.bought.orderId)).toEqual(before.bought);
  });
});
