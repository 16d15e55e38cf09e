import { describe, expect, test } from "vitest";
import type { Handle, ProductAnswer } from "../../schema/catalog.ts";
import { SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { AmountMinor, Currency } from "../../schema/money.ts";
import type { KeyedReserveItem } from "../../schema/rpc/baskets.ts";
import type { KeyedWaitItem } from "../../schema/rpc/waiting-list.ts";
import { browse } from "./edge-browser.ts";
import { type Answer, admitAll } from "./edge-fakes.ts";
import { DROP, documentOf, OPENS_AT, SKU } from "./edge-samples.ts";

const DROP_PAGE = `/drops/${DROP}`;
const LINE = `${DROP_PAGE}/line`;
const BASKET = `${DROP_PAGE}/basket`;
const TWO = { "units-runner-42": "1", "units-runner-43": "2" };

type Shop = ReturnType<typeof browse>;

function open(changes: Record<string, unknown> = {}): Shop {
  const shop = browse();
  admitAll(shop.state);
  shop.state.published$ = { ...shop.state.published$, document: documentOf(changes) };
  return shop;
}

async function untilChoosing(shop: Shop): Promise<Answer> {
  return shop.press(await shop.send(DROP_PAGE));
}

async function untilBasket(shop: Shop, units: Record<string, string> = TWO): Promise<Answer> {
  return shop.press(await untilChoosing(shop), units);
}

const held = (shop: Shop) =>
  [...shop.state.reservations.values()]
    .filter(({ isGivenBack }) => !isGivenBack)
    .map(({ basket }) => basket.lines.map(({ skuId, quantity }) => `${quantity} ${skuId}`).join(" "));

describe("a basket", () => {
  test("is reserved as one, shown with its sum and deadline, and found again from the line", async () => {
    const shop = open();
    const basket = await untilBasket(shop);
    expect(shop.at()).toBe(BASKET);
    expect(held(shop)).toEqual(["1 runner-42 2 runner-43"]);
    expect(basket.text).toContain("€387.00");
    expect(basket.text).toContain("5 minutes left");
    expect((await shop.send(LINE)).text).toContain(`href="${BASKET}"`);
  });

  test("of nothing, of too much, or of what the drop does not have is refused with words, and reserves nothing", async () => {
    const shop = open();
    const turn = await untilChoosing(shop);
    const wrong: [Record<string, string>, string][] = [
      [{}, "Choose at least one."],
      [{ "units-runner-43": "3" }, "Runner, EU 43: choose a number from 0 to 2."],
      [{ "units-runner-43": "1e1" }, "Runner, EU 43: choose a number from 0 to 2."],
      [{ "units-other": "1" }, "not in this drop any more"],
    ];
    for (const [units, words] of wrong) {
      const again = await shop.press(turn, units);
      expect(again.status).toBe(422);
      expect(again.text).toContain(words);
      expect(again.text).toMatch(/role="alert"/);
      expect(again.text).toContain("<title>Not reserved.");
    }
    expect(shop.state.reservations.size).toBe(0);
  });

  test("that is refused comes back with what was chosen, and the words at the line that failed", async () => {
    const shop = open();
    const turn = await untilChoosing(shop);
    shop.state.refuseBasket = () => ({ code: "all_reserved", skuId: SkuId.parse("runner-43") });
    const again = await shop.press(turn, TWO);
    expect(again.status).toBe(409);
    expect(again.text).toContain('href="#units-runner-43"');
    expect(again.text).toMatch(
      /id="units-runner-43-problem" class="problem">Runner, EU 43: Too few are free/,
    );
    expect(again.text).toMatch(
      /<select id="units-runner-43"[^>]* aria-describedby="units-runner-43-problem"/,
    );
    expect(again.text).toContain("Nothing was reserved");
    expect(shop.form(again).fields).toMatchObject(TWO);
    shop.state.refuseBasket = () => null;
    await shop.press(again);
    expect(shop.at()).toBe(BASKET);
  });

  test("is changed: the old one goes back, the new one is taken, and a second press changes nothing more", async () => {
    const shop = open();
    const basket = await untilBasket(shop);
    const changed = await shop.press(basket, { "units-runner-43": "1" }, { action: "/basket" });
    expect(held(shop)).toEqual(["1 runner-42 1 runner-43"]);
    expect(changed.text).toContain("€258.00");
    await shop.press(basket, { "units-runner-43": "1" }, { action: "/basket" });
    expect(shop.at()).toBe(BASKET);
    expect(held(shop)).toEqual(["1 runner-42 1 runner-43"]);
  });

  test("whose form was sent twice with different units is the first one's alone, and the page says so", async () => {
    const shop = open();
    const basket = await untilBasket(shop);
    const before = new Map(shop.cookies);
    await shop.press(basket, { "units-runner-43": "1" }, { action: "/basket" });
    const after = new Map(shop.cookies);
    for (const [name, cookie] of before) shop.cookies.set(name, cookie);
    const second = await shop.press(basket, { "units-runner-43": "0" }, { action: "/basket" });
    expect(second.status).toBe(422);
    expect(second.text).toContain("This form was sent already, with other units.");
    expect(held(shop)).toEqual(["1 runner-42 1 runner-43"]);
    expect(second.headers.getSetCookie().join()).not.toContain("dropline_kept");
    for (const [name, cookie] of after) shop.cookies.set(name, cookie);
    expect((await shop.send(BASKET)).text).toContain("€258.00");
  });

  test("whose change is refused is held again as it was, and says so", async () => {
    const shop = open();
    const basket = await untilBasket(shop, { "units-runner-42": "1" });
    shop.state.refuseBasket = ({ lines }) =>
      lines.length > 1 ? { code: "sold_out", skuId: SkuId.parse("runner-43") } : null;
    const again = await shop.press(basket, TWO, { action: "/basket" });
    expect(again.status).toBe(409);
    expect(again.text).toContain("Runner, EU 43: Sold out.");
    expect(again.text).toContain("You still hold what you held before.");
    expect(held(shop)).toEqual(["1 runner-42"]);
    expect((await shop.send(BASKET)).text).toContain("€129.00");
  });

  test("that somebody else took while it was changed is gone, and its page says what to do", async () => {
    const shop = open();
    const basket = await untilBasket(shop);
    shop.state.refuseBasket = () => ({ code: "sold_out" });
    const gone = await shop.press(basket, { "units-runner-43": "1" }, { action: "/basket" });
    expect(gone.text).toContain("Your basket is gone");
    expect(gone.text).toContain("You were not charged.");
    expect((await shop.send(LINE)).text).not.toContain("To your basket");
  });

  test("that would be changed after the end is left as it is", async () => {
    const shop = open({ timing: { reservationTtlMs: 3_600_000 } });
    const basket = await untilBasket(shop);
    shop.clock.set(Date.parse(shop.state.published$.document.closesAt));
    await shop.press(basket, { "units-runner-43": "1" }, { action: "/basket" });
    expect(held(shop)).toEqual(["1 runner-42 2 runner-43"]);
  });

  test("that would be changed in a pause is left as it is, and the page says that it is paused", async () => {
    const shop = open();
    const basket = await untilBasket(shop);
    shop.state.snapshot$ = { ...shop.state.snapshot$, isPaused: true };
    shop.clock.set(shop.clock.now() + 2 * LIMITS.snapshotTtlMs);
    const told = await shop.press(basket, { "units-runner-43": "1" }, { action: "/basket" });
    expect(told.status).toBe(409);
    expect(told.text).toContain("paused");
    expect(held(shop)).toEqual(["1 runner-42 2 runner-43"]);
  });

  test("is given back, and a second press does no harm", async () => {
    const shop = open();
    const basket = await untilBasket(shop);
    for (let press = 0; press < 2; press++) {
      await shop.press(basket, {}, { action: "/return" });
      expect(shop.at()).toBe(LINE);
    }
    expect(held(shop)).toEqual([]);
  });

  test("that an order has leads to the order, whatever is pressed", async () => {
    const shop = open();
    const basket = await untilBasket(shop);
    const kept = new Map(shop.cookies);
    await shop.press(await shop.send(`${DROP_PAGE}/checkout`), { email: "a@example.com" });
    const [orderId] = shop.state.orders.keys();
    for (const action of ["/basket", "/return"]) {
      for (const [name, cookie] of kept) shop.cookies.set(name, cookie);
      await shop.press(basket, {}, { action });
      expect(shop.at()).toBe(`/orders/${orderId}`);
    }
  });

  test("says when its time is over, and the checkout does not go on without it", async () => {
    const shop = open();
    await untilBasket(shop);
    shop.clock.set(OPENS_AT + 300_000);
    const gone = await shop.send(`${DROP_PAGE}/checkout`);
    expect(shop.at()).toBe(BASKET);
    expect(gone.text).toContain("Its time ran out.");
    await shop.send(`${DROP_PAGE}/checkout`);
    expect(shop.at()).toBe(LINE);
  });

  test("that a browser made up is not shown", async () => {
    const shop = open();
    await untilChoosing(shop);
    for (const value of ["x", Buffer.from('{"basket":{"lines":[]},"waiting":[]}').toString("base64url")]) {
      shop.cookies.set(`dropline_kept_${DROP}`, { value, path: DROP_PAGE });
      await shop.send(BASKET);
      expect(shop.at()).toBe(LINE);
    }
  });
});

/** As the objects do with the units of an offer: an order finds them reserved. */
function holdFor({ state }: Shop, { reservationId, skuId, quantity }: KeyedWaitItem): void {
  const amountMinor = AmountMinor.parse(12_900);
  const lines = [{ skuId, quantity, unitPriceMinor: amountMinor, totalMinor: amountMinor }];
  const deadlineAtMs = OPENS_AT + 60_000;
  const basket = {
    reservationId,
    lines,
    subtotalMinor: amountMinor,
    currency: Currency.parse("EUR"),
    deadlineAtMs,
  };
  state.reservations.set(reservationId, { item: {} as KeyedReserveItem, basket, isGivenBack: false });
}

describe("a waiting list", () => {
  const sell = (shop: Shop) => {
    const skus = [{ skuId: SKU, stock: 10, available: 0, reserved: 0, sold: 10 }];
    shop.state.snapshot$ = { ...shop.state.snapshot$, skus };
  };
  const waitingList = { isOpen: true, offerMs: 60_000 };

  test("is offered only where the drop has one", async () => {
    const shop = open();
    sell(shop);
    expect((await untilChoosing(shop)).text).not.toContain("Wait for one");
  });

  test("is joined with a button, looked at, and taken to the checkout when an offer comes", async () => {
    const shop = open({ waitingList });
    sell(shop);
    const turn = await untilChoosing(shop);
    const to = /formaction="([^"]+)"/.exec(turn.text)?.[1] ?? "";
    const waiting = await shop.press(turn, { wait: SKU }, { to });
    expect(waiting.text).toContain("You are next.");
    expect(waiting.text).toContain('http-equiv="refresh" content="10"');
    const place = shop.at();
    await shop.press(turn, { wait: SKU }, { to });
    expect(shop.at()).toBe(place);
    expect(shop.state.waiting.size).toBe(1);
    expect((await shop.send(LINE)).text).toContain(place.replace("&", "&amp;"));

    const [entry] = shop.state.waiting.values();
    if (entry === undefined) throw new Error("nobody waits");
    entry.entry = { ...entry.entry, state: "offered", ahead: null, offerEndsAtMs: OPENS_AT + 60_000 };
    const offered = await shop.send(place);
    expect(offered.text).toContain("One came back for you");
    const checkout = await shop.press(offered, {}, { action: "/take" });
    expect(shop.at()).toBe(`${DROP_PAGE}/checkout`);
    expect(checkout.text).toContain("1 minute left");
    expect((await shop.send(BASKET)).text).not.toContain("Change the basket");
  });

  test("is left with a button, and so is an offer", async () => {
    const shop = open({ waitingList });
    sell(shop);
    const turn = await untilChoosing(shop);
    const waiting = await shop.press(turn, { wait: SKU }, { to: `${DROP_PAGE}/waiting-list` });
    const left = await shop.press(waiting, {}, { action: "/leave" });
    expect(left.text).toContain("You left the waiting list");
    expect((await shop.send(LINE)).text).not.toContain("Your place on the waiting list");
  });

  test.each([
    ["taken", "An order of yours has it"],
    ["lapsed", "It goes to whoever waits next, or is free again"],
  ] as const)(
    "that is %s says so, looks no more, and is no longer shown in the line",
    async (state, words) => {
      const shop = open({ waitingList });
      sell(shop);
      const turn = await untilChoosing(shop);
      await shop.press(turn, { wait: SKU }, { to: `${DROP_PAGE}/waiting-list` });
      const place = shop.at();
      for (const { entry } of shop.state.waiting.values()) Object.assign(entry, { state, ahead: null });
      const { text } = await shop.send(place);
      expect([text.includes(words), text.includes("http-equiv")]).toEqual([true, false]);
      expect((await shop.send(LINE)).text).not.toContain("Your place on the waiting list");
    },
  );

  test("whose offer was ordered here leads to that order, and only there", async () => {
    const shop = open({ waitingList });
    sell(shop);
    const turn = await untilChoosing(shop);
    await shop.press(turn, { wait: SKU }, { to: `${DROP_PAGE}/waiting-list` });
    const place = shop.at();
    const [waiting] = shop.state.waiting.values();
    if (waiting === undefined) throw new Error("nobody waits");
    waiting.entry = { ...waiting.entry, state: "offered", ahead: null, offerEndsAtMs: OPENS_AT + 60_000 };
    const checkout = await shop.press(await shop.send(place), {}, { action: "/take" });
    waiting.entry = { ...waiting.entry, state: "taken", offerEndsAtMs: null };
    expect((await shop.send(place)).text).not.toContain('href="/orders/');

    holdFor(shop, waiting.item);
    await shop.press(checkout, { email: "ada@example.com" }, { action: "/checkout" });
    const [, order = ""] = /href="(\/orders\/ord_[0-9a-f]+)"/.exec((await shop.send(place)).text) ?? [];
    expect((await shop.send(order)).text).toContain("<h1>");
    expect([...shop.state.orders.keys()].map((id) => `/orders/${id}`)).toEqual([order]);
  });

  test("shows nobody else's place", async () => {
    const shop = open({ waitingList });
    sell(shop);
    await shop.press(await untilChoosing(shop), { wait: SKU }, { to: `${DROP_PAGE}/waiting-list` });
    const place = shop.at();
    shop.cookies.clear();
    expect((await shop.send(place)).status).toBe(401);
    await untilChoosing(shop);
    expect((await shop.send(place)).status).toBe(404);
    expect((await shop.send(`${DROP_PAGE}/waiting-list/x?sku=${SKU}`)).status).toBe(404);
  });
});

describe("the catalog's words and pictures", () => {
  const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'`;
  const product = {
    handle: "shoe" as Handle,
    title: `Shoe ${hostile}`,
    description: `Made of ${hostile}`,
    vendor: "",
    type: "",
    tags: [],
    currency: "EUR" as Currency,
    options: [`Size ${hostile}`],
    variants: [
      {
        sku: "S-42",
        options: [`42 ${hostile}`],
        priceMinor: 12_900,
        compareAtMinor: null,
        barcode: null,
        imageUrl: "https://cdn.example/shoe.jpg",
      },
    ],
    images: [{ url: "https://cdn.example/shoe.jpg", altText: `A shoe ${hostile}` }],
  } as unknown as ProductAnswer;
  const summary = { ...product, priceMinor: { from: 12_900, to: 12_900 }, imageUrl: null, version: "v1" };
  const catalog = {
    index: async () => ({ version: 1, products: [summary] as never }),
    product: async () => ({ version: "v1", product }),
    purge: async () => {},
  };
  const skus = [
    { id: SKU, name: `Shoe 42 ${hostile}`, stock: 10, priceMinor: 12_900, product: "shoe", variant: "S-42" },
    { id: "runner-43", name: "Other", stock: 5, priceMinor: 12_900 },
  ];

  test("stand on every page as text, with the picture's place kept and no markup of theirs", async () => {
    const shop = browse({ catalog });
    admitAll(shop.state);
    const document = documentOf({ skus, name: hostile, description: hostile });
    shop.state.published$ = { ...shop.state.published$, document };
    const drop = await shop.send(DROP_PAGE);
    const turn = await shop.press(drop);
    const basket = await shop.press(turn, { [`units-${SKU}`]: "1" });
    const checkout = await shop.send(`${DROP_PAGE}/checkout`);
    const order = await shop.press(checkout, { email: "a@example.com" });
    for (const { text } of [drop, turn, basket, checkout, order]) {
      expect(text).toContain("&lt;script&gt;");
      expect(text).not.toMatch(/<script|<img src=x|<[^>]*\sonerror=[^"]*>/);
    }
    expect(drop.text).toMatch(
      /<img class="picture" src="https:\/\/cdn\.example\/shoe\.jpg" alt="A shoe [^"]*" width="640" height="640"/,
    );
    expect(drop.headers.get("Content-Security-Policy")).toContain("img-src 'self' https:");
    expect(drop.text).toContain("<h3>Other</h3>");
  });
});
