import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CANCEL_REASONS, MONEY_STATES } from "../../schema/statuses.ts";
import { ASSETS } from "../../workers/edge/pages/assets.ts";
import { canceledMoneyWords, spanWords } from "../../workers/edge/pages/words.ts";
import { browse } from "./edge-browser.ts";
import { type Answer, admitAll, fakeEdge } from "./edge-fakes.ts";
import { cohortOf, DROP, OPENS_AT, ORIGIN, snapshotOf } from "./edge-samples.ts";

const DROP_PAGE = `/drops/${DROP}`;
const LINE = `${DROP_PAGE}/line`;
const BASKET = `${DROP_PAGE}/basket`;
const CHECKOUT = `${DROP_PAGE}/checkout`;

/** Joined, admitted, with one unit of the first SKU, up to the checkout. */
async function untilCheckout(shop: ReturnType<typeof browse>): Promise<Answer> {
  admitAll(shop.state);
  await shop.press(await shop.press(await shop.send(DROP_PAGE)), { "units-runner-42": "1" });
  return shop.send(CHECKOUT);
}

describe("a shopper without JavaScript", () => {
  test("buys by links and forms alone", async () => {
    const shop = browse();
    shop.state.snapshot$ = snapshotOf({ phase: "lobby" });
    shop.clock.set(OPENS_AT - 90_000);
    expect((await shop.send("/")).text).toContain(`href="${DROP_PAGE}"`);
    const drop = await shop.send(DROP_PAGE);
    expect(drop.text).toContain("One shoe &amp; &lt;only&gt; one.");
    expect(drop.text).toContain("€129.00");

    const lobby = await shop.press(drop);
    expect(shop.at()).toBe(LINE);
    expect(lobby.text).toContain("You are in the lobby");
    expect(lobby.text).toMatch(/<noscript><meta http-equiv="refresh" content="13"/);

    shop.clock.set(OPENS_AT + 3_000);
    shop.state.closed = [cohortOf(0)];
    shop.state.snapshot$ = snapshotOf({ watermark: { cohort: 0, rank: 0 } });
    expect((await shop.send(LINE)).text).toMatch(/About [\d,]+ people are before you/);

    shop.clock.set(OPENS_AT + 30_000);
    admitAll(shop.state);
    const turn = await shop.send(LINE);
    expect(turn.text).toContain("It is your turn");
    expect(turn.text).not.toContain('http-equiv="refresh"');

    const basket = await shop.press(turn, { "units-runner-42": "1", "units-runner-43": "2" });
    expect(shop.at()).toBe(BASKET);
    expect(basket.text).toContain("5 minutes left");
    expect(basket.text).toContain("2 × Runner, EU 43");
    expect(basket.text).toContain("€387.00");
    expect(basket.text).toContain(`href="${CHECKOUT}"`);

    const checkout = await shop.send(CHECKOUT);
    expect(checkout.text).toContain("Order and pay €387.00");
    const again = await shop.press(checkout, { email: "not-an-address" });
    expect(again.status).toBe(422);
    expect(again.text).toContain("This is not a complete email address");
    expect(again.text).toContain('value="not-an-address"');
    expect(again.text).toMatch(/<input id="email"[^>]* aria-invalid="true" aria-describedby="email-problem"/);
    const preparing = await shop.press(again, { email: "a@example.com" });
    expect(preparing.text).toContain("We are preparing the payment page");
    const [[orderId = "", order] = []] = shop.state.orders;
    expect(shop.at()).toBe(`/orders/${orderId}?pay=1`);
    expect(order?.item).toMatchObject({ email: "a@example.com", payment: { kind: "redirect" } });

    shop.state.change(orderId, { paymentUrl: "https://pay.example/s/1" });
    await shop.send(`/orders/${orderId}?pay=1`);
    expect(shop.left()).toBe("https://pay.example/s/1");
    const back = await shop.send(`/orders/${orderId}`);
    expect(back.text).toContain('href="https://pay.example/s/1"');

    shop.state.change(orderId, { status: "processing", paymentUrl: null });
    expect((await shop.send(`/orders/${orderId}`)).text).toContain('http-equiv="refresh"');
    shop.state.change(orderId, { status: "confirmed", money: "captured", pollAfterMs: null });
    const done = await shop.send(`/orders/${orderId}`);
    expect(done.text).toContain("It is yours");
    expect(done.text).not.toContain('http-equiv="refresh"');
  });

  test("who presses twice has one place, one reservation and one order", async () => {
    const shop = browse();
    admitAll(shop.state);
    const drop = await shop.send(DROP_PAGE);
    const turn = await shop.press(drop);
    await shop.press(drop);
    expect(shop.state.joined.length).toBe(1);
    await shop.press(turn, { "units-runner-42": "1" });
    await shop.press(turn, { "units-runner-42": "1" });
    expect(shop.at()).toBe(BASKET);
    expect(shop.state.reservations.size).toBe(1);
    const checkout = await shop.send(CHECKOUT);
    await shop.press(checkout, { email: "a@example.com" });
    await shop.press(checkout, { email: "a@example.com" });
    const corrected = await shop.press(checkout, { email: "b@example.com" });
    expect(shop.state.orders.size).toBe(1);
    expect(shop.at()).toMatch(/^\/orders\/ord_/);
    expect(corrected.status).toBe(200);
  });

  test("goes straight on to the gateway when it is known where to pay", async () => {
    const shop = browse();
    shop.state.paymentUrl = "https://pay.example/s/2";
    const checkout = await untilCheckout(shop);
    expect(checkout.headers.get("Content-Security-Policy")).toContain("form-action 'self' https:");
    await shop.press(checkout, { email: "a@example.com" });
    expect(shop.left()).toBe("https://pay.example/s/2");
  });

  test("is never sent to an address that is not the web's", async () => {
    const shop = browse();
    shop.state.paymentUrl = "javascript:alert(1)";
    const checkout = await untilCheckout(shop);
    const order = await shop.press(checkout, { email: "a@example.com" });
    expect(order.text).not.toContain("javascript:");
  });

  test("whose pass has ended gets a fresh one with the same form, without choosing again", async () => {
    const shop = browse();
    admitAll(shop.state);
    const turn = await shop.press(await shop.send(DROP_PAGE));
    shop.clock.set(OPENS_AT + 601_000);
    await shop.press(turn, { "units-runner-42": "1" });
    expect(shop.at()).toBe(BASKET);
  });
});

describe("pages", () => {
  test("say each how long they may be kept, and only the two public ones may be", async () => {
    const shop = browse();
    admitAll(shop.state);
    const seen: [string, Answer][] = [
      ["/", await shop.send("/")],
      ["drop", await shop.send(DROP_PAGE)],
      ["outside", await shop.send(LINE)],
    ];
    const turn = await shop.press(await shop.send(DROP_PAGE));
    const basket = await shop.press(turn, { "units-runner-42": "1" });
    const checkout = await shop.send(CHECKOUT);
    const order = await shop.press(checkout, { email: "a@example.com" });
    seen.push(
      ["turn", turn],
      ["basket", basket],
      ["checkout", checkout],
      ["order", order],
      ["missing", await shop.send("/nothing")],
    );
    expect(seen.map(([name, { headers }]) => [name, headers.get("Cache-Control")])).toEqual([
      ["/", "public, max-age=5"],
      ["drop", "public, max-age=2"],
      ["outside", "no-store"],
      ["turn", "no-store"],
      ["basket", "no-store"],
      ["checkout", "no-store"],
      ["order", "no-store"],
      ["missing", "no-store"],
    ]);
    for (const [, { text, headers }] of seen) {
      expect(text).toMatch(/^<!doctype html><html lang="en">/);
      expect(text).toContain("<main");
      expect(text.match(/<h1>/g)?.length).toBe(1);
      expect(text).not.toMatch(/<script|<style| style=| on[a-z]+=/);
      expect(headers.get("Content-Security-Policy")).toMatch(/default-src 'none'; style-src 'self'/);
      for (const [, href = ""] of text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)) {
        expect(Object.values(ASSETS)).toContain(href);
      }
    }
  });

  test("tell a refusal in words to a browser, and as problem details to others", async () => {
    const shop = browse();
    const page = await shop.send("/drops/none/line");
    expect([page.status, page.headers.get("Vary")]).toEqual([404, "Accept"]);
    expect(page.text).toContain("<h1>There is no such drop.</h1>");
    expect(shop.cookies.size).toBe(0);
    const edge = fakeEdge();
    const plain = await edge.send("/drops/none/line");
    expect(plain.body).toMatchObject({ code: "drop_not_found" });
    expect(plain.headers.get("Vary")).toBe("Accept");
  });

  test("take no form from another site, and none that does not say where it is from", async () => {
    const shop = browse();
    for (const headers of [{ Origin: "https://evil.example" }, { Origin: "null" }, {}]) {
      const init = {
        method: "POST",
        body: new URLSearchParams(),
        headers: headers as Record<string, string>,
      };
      const answer = await shop.send(LINE, init);
      expect(answer.status).toBe(403);
      expect(answer.text).toContain("another site");
    }
    expect(shop.state.joined.length).toBe(0);
  });

  test("show an order to nobody but its shopper", async () => {
    const shop = browse();
    const checkout = await untilCheckout(shop);
    await shop.press(checkout, { email: "a@example.com" });
    const path = new URL(shop.at(), ORIGIN).pathname;
    shop.cookies.clear();
    expect((await shop.send(path)).status).toBe(401);
  });

  test("distinguish all reserved from sold out", async () => {
    const shop = browse();
    admitAll(shop.state);
    const levels = (reserved: number, sold: number) =>
      shop.state.published$.document.skus.map(({ id }) => ({
        skuId: id,
        stock: 10,
        available: 0,
        reserved,
        sold,
      }));
    shop.state.snapshot$ = { ...shop.state.snapshot$, skus: levels(3, 7) };
    const reserved = await shop.press(await shop.send(DROP_PAGE));
    expect(reserved.text).toContain("All units are reserved");
    expect(reserved.text).toContain('http-equiv="refresh"');
    shop.clock.set(OPENS_AT + 5_000);
    shop.state.snapshot$ = { ...shop.state.snapshot$, phase: "sold_out", skus: levels(0, 10) };
    expect((await shop.send(LINE)).text).toContain("Everything is sold");
  });

  test("say of a canceled order what became of the money, and never that nothing was charged when it was", () => {
    for (const money of MONEY_STATES) {
      for (const cancelReason of CANCEL_REASONS) {
        for (const pollAfterMs of [null, 30_000]) {
          const words = canceledMoneyWords({ money, cancelReason, pollAfterMs });
          const isSettled = money === "none" && cancelReason !== "payment_unknown" && pollAfterMs === null;
          expect(words.includes("not charged")).toBe(money === "voided" || isSettled);
        }
      }
    }
  });

  test("round a wait up", () => {
    expect([0, 1_000, 59_001, 61_000, 3_600_000, 5_400_000, 90_000_000].map(spanWords)).toEqual([
      "1 second",
      "1 second",
      "1 minute",
      "2 minutes",
      "1 hour",
      "1 hour 30 minutes",
      "1 day 1 hour",
    ]);
  });
});

test("assets carry the hash of what is in them, since they are kept for ever", () => {
  for (const path of Object.values(ASSETS)) {
    const file = join(import.meta.dirname, "../../public", path);
    expect(existsSync(file)).toBe(true);
    const hash = createHash("sha256").update(readFileSync(file)).digest("hex");
    expect(path).toContain(`-${hash.slice(0, 8)}.`);
  }
});
