import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { bundleIslands, type Island } from "../../scripts/islands.ts";
import { ticketIdOf } from "../../workers/edge/derive.ts";
import { keptProofKey } from "../../workers/edge/islands/waiting/kept-roots.ts";
import { createTokens } from "../../workers/edge/tokens.ts";
import { fakeEdge } from "../unit/edge-fakes.ts";
import { cohortOf, DROP, OPENS_AT, rootOf, SKU, snapshotOf } from "../unit/edge-samples.ts";
import { CHROMIUM, expectWellMade, launchChromium, openPage, type Size } from "./chromium.ts";
import { eventually } from "./eventually.ts";

const PUBLIC = join(import.meta.dirname, "../../public");
const LINE = `/drops/${DROP}/line`;
const SIZES: Size[] = ["phone", "desktop"];
const TYPES: Record<string, string> = { css: "text/css", svg: "image/svg+xml" };
const SHOPPER = `shp_${"0".repeat(32)}` as never;
const PLENTY = [{ skuId: SKU, stock: 5_000, available: 5_000, reserved: 0, sold: 0 }];

/** The edge over fakes at an address of its own; its clock goes on with the real one, from `fromMs`. */
function site(islands: Island[], fromMs: number) {
  const edge = fakeEdge();
  const startedAtMs = Date.now();
  const nowMs = () => fromMs + Date.now() - startedAtMs;
  const asked: string[] = [];
  let picture = snapshotOf({ skus: PLENTY });
  let isDown = false;
  edge.clock.set(fromMs);

  async function answer(url: string, cookie: string) {
    asked.push(url);
    const island = islands.find(({ name }) => url.startsWith(`/assets/islands/${name}-`));
    if (island !== undefined)
      return { status: 200, headers: { "content-type": "text/javascript" }, body: island.content };
    if (url.startsWith("/assets/")) {
      const type = TYPES[url.split(".").at(-1) ?? ""];
      return { status: 200, headers: { "content-type": type }, body: await readFile(join(PUBLIC, url)) };
    }
    if (isDown) return { status: 503, headers: {}, body: "" };
    edge.clock.set(nowMs());
    edge.state.snapshot$ = { ...picture, atMs: nowMs() };
    const accept = url.startsWith("/v1/") ? "application/json" : "text/html";
    const told = await edge.send(url, { headers: { Accept: accept, Cookie: cookie } });
    return { status: told.status, headers: Object.fromEntries(told.headers), body: told.text };
  }

  async function cookies() {
    const tokens = createTokens(edge.deps.sessionKeys, edge.deps.ticketKeys, edge.clock);
    const claims = {
      sub: SHOPPER,
      drop: DROP,
      tid: ticketIdOf(DROP, SHOPPER),
      coh: 0,
      chk: 0,
      mrk: "0".repeat(32),
    };
    const session = await tokens.session.sign({ sub: SHOPPER }, LIMITS.sessionTtlMs);
    const ticket = await tokens.ticket.sign(claims, LIMITS.ticketTtlMs);
    return { dropline_session: session.token, [`dropline_ticket_${DROP}`]: ticket.token };
  }

  const server: Server = createServer((request, response) => {
    answer(request.url ?? "/", request.headers.cookie ?? "").then(
      ({ status, headers, body }) => response.writeHead(status, headers as never).end(body),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  return {
    server,
    state: edge.state,
    cookies,
    looks: (at = "/snapshot") => asked.filter((url) => url.endsWith(at)).length,
    loads: () => asked.filter((url) => url === LINE).length,
    goDown: (down: boolean) => {
      isDown = down;
    },
    now(changes: Parameters<typeof snapshotOf>[0]) {
      picture = { ...picture, ...changes };
    },
  };
}

describe.skipIf(CHROMIUM === undefined)("the page of somebody who waits, in a browser", () => {
  let browser: Browser;
  let islands: Island[];
  const servers: Server[] = [];
  beforeAll(async () => {
    islands = await bundleIslands();
    browser = await launchChromium();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    for (const server of servers.splice(0)) server.close();
  });
  afterAll(() => browser?.close());

  async function open(size: Size, fromMs: number, { within = browser }: { within?: Browser } = {}) {
    const shop = site(islands, fromMs);
    servers.push(shop.server);
    await new Promise<void>((done) => shop.server.listen(0, "127.0.0.1", done));
    const origin = `http://127.0.0.1:${(shop.server.address() as AddressInfo).port}`;
    const { page, complaints } = await openPage(within, size);
    const kept = Object.entries(await shop.cookies()).map(([name, value]) => ({ name, value, url: origin }));
    await page.context().addCookies(kept);
    return { shop, page, complaints, go: () => page.goto(`${origin}${LINE}`) };
  }
  const reveal = ({ state }: ReturnType<typeof site>) => {
    state.closed = [cohortOf(0)];
  };
  const until = (page: Page, words: string) => page.getByText(words).first().waitFor();
  const atText = (page: Page, id: string) => page.locator(`#${id}`).textContent();

  it.each(SIZES)(
    "goes from the lobby over the draw to the choice without being touched, on a %s",
    async (size) => {
      const { shop, page, complaints, go } = await open(size, OPENS_AT - 2_000);
      shop.now({ phase: "lobby", pacePerSecond: 0 });
      await go();
      await until(page, "You are in the lobby");
      await expectWellMade(page);
      shop.now({ phase: "live", watermark: { cohort: 0, rank: 0 }, pacePerSecond: 1_000 });
      reveal(shop);
      await until(page, "before you");
      expect(await page.title()).toBe("You are in the line: Runner · Dropline");
      expect(await atText(page, "line-said")).toContain("You are in the line");
      await expectWellMade(page);
      const kept = JSON.parse(
        (await page.evaluate(`localStorage.getItem(${JSON.stringify(keptProofKey(DROP))})`)) as string,
      );
      expect(kept.roots).toEqual([{ ...rootOf(0), seenAtMs: expect.any(Number) }]);
      expect(Math.abs(kept.roots[0].seenAtMs - Date.now())).toBeLessThan(30_000);

      shop.now({ watermark: { cohort: 0, rank: 1 } });
      await until(page, "Your turn has come.");
      expect(await atText(page, "line-turn")).toContain("It is your turn");
      expect(await page.title()).toBe("It is your turn: Runner · Dropline");
      await page.getByRole("button", { name: "Reserve" }).waitFor();
      expect(await page.title()).toBe("It is your turn: Runner · Dropline");
      expect(shop.loads()).toBe(2);
      expect(complaints).toEqual([]);
    },
  );

  it("asks for its window's root once a page, and a reload or another tab leaves the time at which it was first seen", async () => {
    const { shop, page, go } = await open("phone", OPENS_AT - 3_000);
    shop.now({ phase: "lobby", pacePerSecond: 0 });
    await go();
    await until(page, "You are in the lobby");
    reveal(shop);
    const keptIn = async (one: Page) =>
      JSON.parse(
        (await one.evaluate(`localStorage.getItem(${JSON.stringify(keptProofKey(DROP))})`)) as string,
      );
    const first = await eventually("the kept root", async () => {
      const kept = await keptIn(page);
      return kept?.commitment ? kept : undefined;
    });
    expect(first.roots).toHaveLength(1);
    const roots = () => shop.looks("/record/roots/0");
    expect(roots()).toBe(1);
    const other = await page.context().newPage();
    for (const one of [page, other]) {
      await one.goto(page.url());
      await eventually("a look at the root", () => roots() > (one === page ? 1 : 2) || undefined);
      await one.waitForTimeout(100);
      expect(await keptIn(one)).toEqual(first);
    }
  });

  it("says a pause, what the brand has to say, and the end, as they come, and asks no more after the end", async () => {
    const { shop, page, go } = await open("phone", OPENS_AT + 60_000);
    reveal(shop);
    shop.now({ watermark: { cohort: 0, rank: 0 }, pacePerSecond: 1_000 });
    await go();
    await until(page, "You are in the line");
    expect(await page.locator("#line-message").isVisible()).toBe(false);
    expect(await page.locator("#line-two-roots").isVisible()).toBe(false);
    shop.now({ isPaused: true, message: "Back in five minutes" });
    await until(page, "The line is paused");
    await until(page, "Back in five minutes");
    expect(await atText(page, "line-said")).toContain("Back in five minutes");
    await expectWellMade(page);
    shop.now({ phase: "closed" });
    await until(page, "No unit can reach you any more");
    const looks = shop.looks();
    await page.waitForTimeout(2_500);
    expect([shop.looks(), shop.loads()]).toEqual([looks, 1]);
  });

  it("tells that nothing is heard, keeps the page, and goes on", async () => {
    const { shop, page, go } = await open("desktop", OPENS_AT + 60_000);
    reveal(shop);
    shop.now({ watermark: { cohort: 0, rank: 0 }, pacePerSecond: 1_000 });
    await go();
    await until(page, "before you");
    shop.goDown(true);
    await until(page, "No answer at the moment");
    expect(await page.locator("h1").textContent()).toBe("You are in the line");
    shop.goDown(false);
    await page.evaluate("dispatchEvent(new Event('online'))");
    await until(page, "As it was at");
  });

  it("reloads itself where scripts do not run", async () => {
    // Playwright's own switch stops scripts and leaves <noscript> closed; with this one the page's text cannot be asked for.
    const plain = await launchChromium("--blink-settings=scriptEnabled=false");
    try {
      const { shop, go } = await open("phone", OPENS_AT + 60_000, { within: plain });
      reveal(shop);
      shop.now({ watermark: { cohort: 0, rank: 0 }, pacePerSecond: 1_000 });
      await go();
      await eventually("the page's second coming", () => shop.loads() > 1 || undefined);
      expect(shop.looks()).toBe(0);
    } finally {
      await plain.close();
    }
  });
});
