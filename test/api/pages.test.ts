import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "./ask.ts";
import { Browser } from "./browser.ts";
import { eventually } from "./eventually.ts";
import { expectPage, untilBasket, untilCheckout, untilChoosing, untilPaying } from "./page-walk.ts";
import { Shopper } from "./shopper.ts";
import {
  type Drop,
  type DropPlan,
  draftDrop,
  fresh,
  moneyOf,
  publishDrop,
  rowsOf,
  startWorld,
  unitsOf,
  type World,
} from "./world.ts";

const HTML = { headers: { accept: "text/html,*/*" } };

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

const browse = () => new Browser(world.platform.urls.edge);

describe.concurrent("a browser without JavaScript", () => {
  it("buys a unit by links and forms alone, and sees that it is its own", async () => {
    const drop = await publishDrop(world);
    const browser = browse();
    await untilCheckout(browser, drop);
    expect(browser.cookieNames()).toEqual([
      `dropline_kept_${drop.id}`,
      `dropline_pass_${drop.id}`,
      "dropline_session",
      `dropline_ticket_${drop.id}`,
    ]);
    await browser.submit("/checkout", { email: "reader@example.com" });
    await untilPaying(browser);
    expect(browser.page.html).toContain("129.00 EUR");

    await browser.submit("", { action: "pay" });
    expect(browser.page.url).toMatch(/\/orders\/ord_[0-9a-f]{34}$/);
    const paid = await browser.reload("the order", "It is yours");
    expectPage(paid);
    expect(paid.html).not.toContain('http-equiv="refresh"');
    expect(paid.headers.get("cache-control")).toBe("no-store");

    const orderId = browser.page.url.split("/").at(-1) ?? "";
    expect(await moneyOf(world, orderId)).toMatchObject({ captures: 1, capturedMinor: 12_900 });
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("0/0/1");
    await eventually("the row in D1", async () => {
      expect(await rowsOf(world, drop.id)).toMatchObject([
        { status: "confirmed", email: "reader@example.com" },
      ]);
      return true;
    });
  });

  it("buys a basket of two after changing it, with an address, shipping, tax and terms", async () => {
    const drop = await publishShipping({ skus: [{ stock: 5, perShopper: 2 }, { stock: 5 }, { stock: 5 }] });
    const [first = "", second = "", third = ""] = drop.skus;
    const browser = browse();
    await untilBasket(browser, drop, { [`units-${first}`]: "2", [`units-${second}`]: "1" });
    expect(browser.page.html).toContain("€387.00");
    const held = { [`units-${first}`]: "1", [`units-${second}`]: "0", [`units-${third}`]: "1" };
    expectPage(await browser.submit("/basket", held));
    expect(browser.page.html).toContain("€258.00");
    expect(await Promise.all(drop.skus.map((sku) => unitsOf(world, drop.id, sku)))).toEqual([
      "4/1/0",
      "5/0/0",
      "4/1/0",
    ]);

    await browser.go(`/drops/${drop.id}/checkout`);
    const address = { name: "Ada", line1: "Hauptstr. 1", city: "Berlin", postalCode: "10115", country: "DE" };
    expectPage(await browser.submit("/checkout", { ...address, email: "reader@example.com" }));
    expect(browser.page.html).toContain("Order and pay €262.90");
    expectPage(await browser.submit("/checkout", { step: "order" }));
    expect(browser.page.html).toContain("you have to agree to the terms");
    await browser.submit("/checkout", { step: "order", terms: "v1" });
    await untilPaying(browser);
    expect(browser.page.html).toContain("262.90 EUR");
    await browser.submit("", { action: "pay" });
    const paid = await browser.reload("the order", "It is yours");
    expectPage(paid);
    for (const words of ["Parcel", "€4.90", "Includes Tax 19 %", "€262.90", "Hauptstr. 1", "version v1"]) {
      expect(paid.html).toContain(words);
    }
    const orderId = browser.page.url.split("/").at(-1) ?? "";
    expect(await moneyOf(world, orderId)).toMatchObject({ captures: 1, capturedMinor: 26_290 });
    expect(await Promise.all(drop.skus.map((sku) => unitsOf(world, drop.id, sku)))).toEqual([
      "4/0/1",
      "5/0/0",
      "4/0/1",
    ]);
  });

  it("cancels what it has paid for, and the units are free again", async () => {
    const drop = await publishDrop(world, { skus: [{ stock: 2 }] });
    const browser = browse();
    await untilCheckout(browser, drop);
    await browser.submit("/checkout", { email: "reader@example.com", payment: "tok_ok" });
    await browser.reload("the order", "Cancel this order");
    await browser.reload("the order", "It is yours");
    await browser.submit("/cancel");
    expectPage(await browser.reload("the refund", "The whole amount was refunded."));
    expect(browser.page.html).toContain("You canceled it.");
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("2/0/0");
  });

  it("waits for a unit that comes back, is offered it, and buys it", async () => {
    // Nobody is let in while all units are held, so both come in while there are two.
    const plan = { opensInMs: 1_500, skus: [{ stock: 1 }, { stock: 1 }] };
    const drop = await publishShipping(plan, { shipping: null, terms: null });
    const [first, second] = [browse(), browse()];
    for (const browser of [first, second]) {
      await browser.go(`/drops/${drop.id}`);
      await browser.submit("/line");
    }
    for (const browser of [first, second]) await browser.reload("the choice", "It is your turn");
    await first.submit("/reservations", { [`units-${drop.skus[0]}`]: "1" });
    await second.reload("the list", "Wait for one");
    const { fields } = second.form("/reservations");
    const reply = await second.post(`/drops/${drop.id}/waiting-list`, {
      ...fields,
      wait: drop.skus[0] ?? "",
    });
    expect(reply.status).toBe(303);
    expectPage(await second.go(reply.headers.get("location") ?? ""));
    expect(second.page.html).toContain("You are next.");
    await first.submit("/return");
    expectPage(await second.reload("the offer", "One came back for you"));
    await second.submit("/take");
    expect(second.page.html).toContain("Order and pay");
    await second.submit("/checkout", { email: "reader@example.com", payment: "tok_ok" });
    await second.reload("the order", "It is yours");
    expect(await unitsOf(world, drop.id, drop.skus[0] ?? "")).toBe("0/0/1");
  });

  it("gives the code of its mail where the drop asks who it is, and goes on in the line", async () => {
    const drop = await publishShipping(
      {},
      { shipping: null, terms: null, limits: { identity: "verified_mail" } },
    );
    const browser = browse();
    await browser.go(`/drops/${drop.id}`);
    await browser.submit("/line");
    await browser.reload("the question", "Who are you");
    const email = `${fresh("reader")}@example.com`;
    expectPage(await browser.submit("/identity", { email: "nobody" }));
    expect(browser.page.status).toBe(422);
    expect(browser.page.html).toContain('value="nobody"');
    expectPage(await browser.submit("/identity", { email }));
    expectPage(await browser.submit("/identity", { code: "12" }));
    expect(browser.page.html).toContain("This is not the code that was sent");
    const { json } = await ask(`${world.sandbox.url}/control/mails?to=${encodeURIComponent(email)}`, {
      token: world.secrets.sandboxApiKey,
    });
    const { mails } = json as { mails: { text: string }[] };
    const code = /\b\d{6}\b/.exec(mails.at(-1)?.text ?? "")?.[0] ?? "";
    await browser.submit("/identity", { code: `${code.slice(0, 3)} ${code.slice(3)}` });
    expect(browser.page.html).toContain("It is your turn");
  });

  it("that sends its forms twice has one reservation, one order and one payment", async () => {
    const drop = await publishDrop(world, { skus: [{ stock: 5, perShopper: 1 }] });
    const browser = browse();
    await untilChoosing(browser, drop);
    const choice = browser.form("/reservations");
    const chosen = { ...choice.fields, [`units-${drop.sku}`]: "1" };
    const clicks = await Promise.all([1, 2, 3].map(() => browser.post(choice.action, chosen)));
    const [checkout, ...others] = new Set(
      clicks.map(({ status, headers }) => `${status} ${headers.get("location")}`),
    );
    expect(checkout).toBe(`303 /drops/${drop.id}/basket`);
    expect(others).toEqual([]);
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("4/1/0");

    await browser.go(`/drops/${drop.id}/checkout`);
    const { action, fields } = browser.form("/checkout");
    const filled = { ...fields, email: "reader@example.com" };
    await browser.submit("/checkout", filled);
    await untilPaying(browser);
    const payUrl = browser.page.url;
    const again = await browser.post(action, filled);
    expect([again.status, again.headers.get("location")]).toEqual([303, payUrl]);
    const otherMail = await browser.post(action, { ...filled, email: "other@example.com" });
    expect(otherMail.headers.get("location")).toMatch(/^\/orders\/ord_/);

    await browser.submit("", { action: "pay" });
    await browser.reload("the order", "It is yours");
    const after = await browser.post(action, filled);
    expect(after.headers.get("location")).toMatch(/^\/orders\/ord_/);
    await eventually("one row in D1", async () => {
      const rows = await rowsOf(world, drop.id);
      expect(rows).toMatchObject([{ status: "confirmed", email: "reader@example.com" }]);
      return true;
    });
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("4/0/1");
  });

  it("waits in the lobby on a page that looks again by itself, and keeps its place when it joins twice", async () => {
    const drop = await publishDrop(world, { opensInMs: 60_000 });
    const browser = browse();
    expectPage(await browser.go(`/drops/${drop.id}/line`));
    expect(browser.page.html).toContain("You are not in this line yet");
    await browser.submit("/line");
    expectPage(browser.page);
    expect(browser.page.html).toContain("You are in the lobby");
    expect(browser.page.html).toMatch(/<meta http-equiv="refresh" content="\d+"/);
    await browser.go(`/drops/${drop.id}`);
    await browser.submit("/line");
    await browser.reload("the count", "1 person has joined");
  });

  it("that mistypes its address is asked again, and nothing is ordered", async () => {
    const drop = await publishDrop(world);
    const browser = browse();
    await untilCheckout(browser, drop);
    const page = await browser.submit("/checkout", { email: "nobody" });
    expectPage(page);
    expect(page.html).toContain("This is not a complete email address.");
    expect(page.html).toContain('aria-invalid="true"');
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("0/1/0");
    await browser.submit("/checkout", { email: "reader@example.com" });
    await untilPaying(browser);
  });

  it("that declines at the gateway and gives up is told that nothing was charged", async () => {
    const drop = await publishDrop(world);
    const browser = browse();
    await untilCheckout(browser, drop);
    await browser.submit("/checkout", { email: "reader@example.com" });
    await untilPaying(browser);
    await browser.submit("", { action: "decline" });
    expect(browser.page.html).toContain("Nothing was charged");
    await browser.submit("", { action: "cancel" });
    const page = await browser.reload("the order", "This order was canceled");
    expectPage(page);
    expect(page.html).toContain("You were not charged.");
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("1/0/0");
  });

  it("reads what a brand wrote as text, never as markup", async () => {
    const { document, ...draft } = draftDrop();
    const name = `<img src=x onerror=alert(1)> & "${draft.id}"`;
    await publishDocument(
      { ...(document as object), name, description: "</p><script>alert(1)</script>" },
      draft.id,
    );
    const page = await browse().go(`/drops/${draft.id}`);
    expectPage(page);
    expect(page.html).toContain("&lt;script&gt;");
    expect(page.html).not.toContain("<img src=x");
  });
});

/** A drop with an address, tax and terms, and a waiting list; or with other changes to its document. */
async function publishShipping(plan: DropPlan, changes: object = {}): Promise<Drop> {
  const drop = draftDrop(plan);
  const region = { label: "Parcel", amountMinor: 490, taxRatePermyriad: 1_900, isTaxIncluded: true };
  const document = {
    ...(drop.document as object),
    shipping: { regions: [{ countries: ["DE", "AT"], ...region }] },
    terms: { version: "v1", url: "https://shop.example/terms" },
    waitingList: { isOpen: true, offerMs: 60_000 },
    ...changes,
  };
  await publishDocument(document, drop.id);
  return drop;
}

async function publishDocument(document: object, dropId: string): Promise<void> {
  const reply = await ask(`${world.platform.urls.console}/v1/drops/${dropId}/publish`, {
    method: "POST",
    token: world.secrets.operatorToken,
    body: { document },
  });
  expect(reply.status, reply.text).toBe(200);
}

describe.concurrent("a form", () => {
  it("from another site is refused, and changes nothing", async () => {
    const drop = await publishDrop(world);
    const browser = browse();
    await untilCheckout(browser, drop);
    const { action, fields } = browser.form("/checkout");
    const filled = { ...fields, email: "reader@example.com" };
    const foreign = [
      { origin: "https://elsewhere.example", "sec-fetch-site": "cross-site" },
      { origin: "null", "sec-fetch-site": "cross-site" },
      { origin: `${browser.origin}.elsewhere.example`, "sec-fetch-site": "" },
    ];
    for (const headers of foreign) {
      for (const [path, body] of [
        [action, filled],
        [`/drops/${drop.id}/line`, {}],
      ] as const) {
        const reply = await browser.post(path, body, headers);
        expect(reply.status).toBe(403);
        expectPage({ url: path, status: 403, headers: reply.headers, html: reply.text });
        expect(reply.text).toContain("This form was sent from another site");
        expect(reply.headers.getSetCookie()).toEqual([]);
      }
    }
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("0/1/0");
    expect(await rowsOf(world, drop.id)).toEqual([]);
  });

  it("without ticket or pass leads back to the line, which says what is missing", async () => {
    const drop = await publishDrop(world);
    const browser = browse();
    const reply = await browser.post(`/drops/${drop.id}/reservations`, {
      key: "k",
      [`units-${drop.sku}`]: "1",
    });
    expect([reply.status, reply.headers.get("location")]).toEqual([303, `/drops/${drop.id}/line`]);
    const order = await browser.post(`/drops/${drop.id}/checkout`, { key: "k" });
    expect(order.status).toBe(401);
    expectPage({ url: "checkout", status: 401, headers: order.headers, html: order.text });
  });

  it("with fields that are missing or out of range is refused on a page", async () => {
    const drop = await publishDrop(world);
    const browser = browse();
    await untilChoosing(browser, drop);
    const { action, fields } = browser.form("/reservations");
    for (const [wrong, status] of [
      [{ [`units-${drop.sku}`]: "0" }, 422],
      [{ [`units-${drop.sku}`]: "1e1" }, 422],
      [{ [`units-${drop.sku}`]: "2" }, 422],
      [{ [`units-${fresh("sku")}`]: "1" }, 422],
      [{ key: "" }, 400],
    ] as const) {
      const reply = await browser.post(action, { ...fields, ...wrong });
      expect(reply.status).toBe(status);
      expectPage({ url: action, status, headers: reply.headers, html: reply.text });
    }
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("1/0/0");
  });
});

describe.concurrent("a refusal", () => {
  it("is a page for a browser, and problem details for a program", async () => {
    const { edge } = world.platform.urls;
    for (const [path, status] of [
      ["/nothing", 404],
      [`/drops/${fresh("none")}`, 404],
      ["/orders/ord_1", 401],
    ] as const) {
      const page = await ask(edge + path, HTML);
      expect(page.status).toBe(status);
      expectPage({ url: path, status, headers: page.headers, html: page.text });
      expect(page.headers.get("cache-control")).toBe("no-store");
      expect(page.headers.get("vary")).toContain("Accept");
      expect(page.text).toContain(page.headers.get("x-request-id") ?? "no id");
      const problem = await ask(edge + path, { headers: { accept: "application/json" } });
      expect([problem.status, problem.headers.get("content-type")]).toEqual([
        status,
        "application/problem+json",
      ]);
    }
    expect((await ask(`${edge}/v1/nothing`, HTML)).headers.get("content-type")).toBe(
      "application/problem+json",
    );
  });

  it("hides an order from everybody but its shopper", async () => {
    const drop = await publishDrop(world);
    const [owner, other] = await Promise.all([Shopper.arrived(world), Shopper.arrived(world)]);
    const { orderId } = await owner.orderedByToken(drop.id, drop.sku);
    const look = ({ session }: Shopper) =>
      ask(`${world.platform.urls.edge}/orders/${orderId}`, {
        headers: { ...HTML.headers, cookie: `dropline_session=${session}` },
      });
    expect((await look(other)).status).toBe(404);
    expect((await look(other)).text).not.toContain(orderId);
    expect((await look(owner)).text).toContain(orderId);
  });

  it("says in words that all units are reserved, and that some may come back", async () => {
    const drop = await publishDrop(world);
    const holder = await Shopper.arrived(world);
    await holder.held(drop.id, drop.sku);
    const browser = browse();
    await browser.go(`/drops/${drop.id}/line`);
    await browser.submit("/line");
    await browser.reload("no free unit", "All units are reserved");
    expectPage(browser.page);
    expect(browser.page.html).toContain("What they do not buy comes back, and the line moves on");
  });

  it("says in words that a drop is over", async () => {
    const drop = await publishDrop(world, { lastsMs: 2_000 });
    const browser = browse();
    await browser.go(`/drops/${drop.id}/line`);
    await browser.submit("/line");
    await browser.reload("the end", "This drop is over");
    expectPage(browser.page);
    expect((await browser.go(`/drops/${drop.id}`)).html).toContain("This drop is over");
  });
});
