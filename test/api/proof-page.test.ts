import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import type { RecordHead } from "../../schema/line.ts";
import { ok } from "../../schema/result.ts";
import { bundleIslands, type Island } from "../../scripts/islands.ts";
import { keptProofKey } from "../../workers/edge/islands/waiting/kept-roots.ts";
import { createTokens } from "../../workers/edge/tokens.ts";
import { fakeEdge } from "../unit/edge-fakes.ts";
import { DROP } from "../unit/edge-samples.ts";
import { honestWorld, nth, type Parts, publish, serve, type World } from "../unit/line-record-forge.ts";
import { CHROMIUM, expectWellMade, launchChromium, openPage, type Size } from "./chromium.ts";
import { eventually } from "./eventually.ts";
import { Shopper } from "./shopper.ts";
import { type World as Platform, publishDrop, startWorld } from "./world.ts";

const PUBLIC = join(import.meta.dirname, "../../public");
const PAGE = `/drops/${DROP}/proof`;
const TYPES: Record<string, string> = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" };

/** The edge's page over a record that was made for the purpose, the record itself and the scripts as they are now, at one address. */
function site(world: World, parts: Parts, islands: Island[]) {
  const edge = fakeEdge();
  edge.state.recordHead = async () => ok(parts.get("record") as RecordHead);
  const record = serve(parts);

  async function answer(
    url: string,
    cookie: string,
  ): Promise<{ status: number; headers: object; body: Uint8Array }> {
    const path = url.startsWith(`/v1/drops/${DROP}/`) ? url.slice(`/v1/drops/${DROP}/`.length) : null;
    if (path !== null) {
      const part = await record(path);
      return { status: part === null ? 404 : 200, headers: {}, body: part ?? new Uint8Array() };
    }
    const island = islands.find(({ name }) => url.startsWith(`/assets/islands/${name}-`));
    if (island !== undefined)
      return { status: 200, headers: { "content-type": TYPES.js }, body: island.content };
    if (url.startsWith("/assets/")) {
      const type = TYPES[url.split(".").at(-1) ?? ""];
      return { status: 200, headers: { "content-type": type }, body: await readFile(join(PUBLIC, url)) };
    }
    const told = await edge.send(url, { headers: { Accept: "text/html", Cookie: cookie } });
    return {
      status: told.status,
      headers: Object.fromEntries(told.headers),
      body: new TextEncoder().encode(told.text),
    };
  }

  /** Cookies of a shopper who has this ticket of the world's third window. */
  async function holder() {
    const tokens = createTokens(edge.deps.sessionKeys, edge.deps.ticketKeys, edge.clock);
    const sub = `shp_${"0".repeat(32)}` as never;
    const ticketId = nth(world, 3, 5);
    const session = await tokens.session.sign({ sub }, LIMITS.sessionTtlMs);
    const claims = { sub, drop: DROP, tid: ticketId as never, coh: 3, chk: 0, mrk: "0".repeat(32) };
    const ticket = await tokens.ticket.sign(claims, LIMITS.ticketTtlMs);
    return {
      shopper: sub,
      ticketId,
      cookies: { dropline_session: session.token, [`dropline_ticket_${DROP}`]: ticket.token },
    };
  }

  const server: Server = createServer((request, response) => {
    answer(request.url ?? "/", request.headers.cookie ?? "").then(
      ({ status, headers, body }) => response.writeHead(status, headers as never).end(body),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  return { server, holder };
}

const verdict = (page: Page) => page.locator("[data-part=verdict]");
const results = async (page: Page) => {
  const items = await page.locator("[data-check]").all();
  const pairs = items.map(async (item) => [
    await item.getAttribute("data-check"),
    await item.getAttribute("class"),
  ]);
  return Object.fromEntries(await Promise.all(pairs)) as Record<string, string>;
};

describe.skipIf(CHROMIUM === undefined)("the page about the line's proof, in a browser", () => {
  let browser: Browser;
  let world: World;
  let islands: Island[];
  const servers: Server[] = [];
  beforeAll(async () => {
    islands = await bundleIslands();
    world = { ...honestWorld(false), dropId: DROP };
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.close();
  });

  async function open(
    parts: Parts,
    {
      size = "desktop",
      scripts = true,
      asHolder = true,
    }: { size?: Size; scripts?: boolean; asHolder?: boolean } = {},
  ) {
    const { server, holder } = site(world, parts, islands);
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { page, complaints } = await openPage(browser, size, { javaScriptEnabled: scripts });
    const { shopper, ticketId, cookies } = await holder();
    if (asHolder)
      await page
        .context()
        .addCookies(Object.entries(cookies).map(([name, value]) => ({ name, value, url: origin })));
    await page.goto(`${origin}${PAGE}`);
    return { page, complaints, shopper, ticketId, secrets: Object.values(cookies), origin };
  }

  it.each(["phone", "desktop"] as const)("checks an honest record whole, on a %s", async (size) => {
    const { page, complaints, ticketId } = await open(publish(world), { size });
    await expectWellMade(page);
    await page.getByRole("button", { name: "Check every ticket and unit" }).click();
    await verdict(page).getByText("Everything that was checked holds").waitFor();
    expect(await results(page)).toEqual({
      commitment: "holds",
      cohorts: "holds",
      chain: "holds",
      beacon: "skipped",
      roots: "holds",
      log: "holds",
      steps: "holds",
      ledgers: "holds",
      units: "holds",
      kept: "skipped",
      ticket: "holds",
    });
    const told = await verdict(page).innerText();
    expect(told).toContain(`Your ticket ${ticketId} is in the list of window 3, with 7 others.`);
    expect(told).toContain("4,108 tickets stood before it in the whole line.");
    expect(told).toContain("Its turn has not come yet.");
    await expectWellMade(page);
    expect(complaints).toEqual([]);
  });

  it("shows which check failed, and why", async () => {
    const parts = publish(world);
    const chunk = Buffer.from(parts.get("record/chunks/3/0") as Buffer);
    parts.set("record/chunks/3/0", chunk.fill(7, 16, 32));
    const { page } = await open(parts);
    await page.getByRole("button", { name: "Check the line" }).click();
    await verdict(page).getByText("The record is broken").waitFor();
    expect((await results(page)).log).toBe("broken");
    expect(await page.locator("[data-part=findings]").innerText()).toContain("chunk_wrong");
    await expectWellMade(page);
  });

  it("holds the record against what this browser was shown while it waited", async () => {
    const { page, origin } = await open(publish(world));
    const other = publish({ ...world, logs: new Map([...world.logs, [3, world.logs.get(1) ?? []]]) });
    const kept = JSON.stringify({ commitment: null, roots: [other.get("record/roots/3")] });
    await page.evaluate(`localStorage.setItem("dropline/kept/${DROP}", ${JSON.stringify(kept)})`);
    await page.goto(`${origin}${PAGE}`);
    await page.getByRole("button", { name: "Check the line" }).click();
    await verdict(page).getByText("The record is broken").waitFor();
    expect((await results(page)).kept).toBe("broken");
  });

  it("can be stopped, and then calls nothing right that was not looked at", async () => {
    const parts = publish(world);
    const { page } = await open(parts);
    await page.route("**/record/cohorts/0", () => {});
    await page.getByRole("button", { name: "Check the line" }).click();
    await page.getByRole("button", { name: "Stop" }).click();
    await verdict(page).getByText("not everything could be looked at").waitFor();
    const { chain, steps } = await results(page);
    expect([chain, steps]).not.toContain("holds");
    await page.unroute("**/record/cohorts/0");
    await page.getByRole("button", { name: "Check the line" }).click();
    await verdict(page).getByText("Everything that was checked holds").waitFor();
  });

  it("explains itself without a script, with the record and the command, and shows no control that does nothing", async () => {
    const { page, secrets, origin, shopper, ticketId } = await open(publish(world), {
      size: "phone",
      scripts: false,
    });
    const told = await page.locator("main").innerText();
    expect(told).toContain("has not run this page's script");
    expect(told).toContain("This line goes without a beacon");
    expect(told).toContain(`npm run verify-line -- --drop ${DROP} --url`);
    expect(told).toContain(JSON.stringify({ shopper, ticketId, cohort: 3, chunk: 0 }));
    expect(await page.getByRole("button").count()).toBe(0);
    for (const link of await page.locator("main ul a").all())
      expect((await page.request.get(`${origin}${await link.getAttribute("href")}`)).status()).toBe(200);
    const html = await page.content();
    for (const secret of secrets) expect(html).not.toContain(secret.split(".")[2]);
  });

  it("checks the line as a whole for somebody without a ticket", async () => {
    const { page } = await open(publish(world), { asHolder: false });
    await page.getByRole("button", { name: "Check the line" }).click();
    await verdict(page).getByText("Everything that was checked holds").waitFor();
    expect((await results(page)).ticket).toBe("skipped");
  });
});

describe.skipIf(CHROMIUM === undefined)("the same page over a line that is being run", () => {
  let browser: Browser;
  let platform: Platform;
  beforeAll(async () => {
    [platform, browser] = await Promise.all([startWorld(), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await platform?.end();
  });

  it("finds everything in order, with units sold and its reader's own ticket let in", async () => {
    const drop = await publishDrop(platform, {
      skus: [{ stock: 5 }, { stock: 3 }],
      more: { line: { windowMs: 1_000, admitPerSecond: 1_000, beacon: "drand" } },
    });
    const { page, complaints } = await openPage(browser, "phone");
    await page.goto(`${platform.platform.urls.edge}/drops/${drop.id}`);
    await page.getByRole("button", { name: /Enter the lobby|Join the line/ }).click();
    const others = await Promise.all(Array.from({ length: 3 }, () => Shopper.arrived(platform)));
    await Promise.all(
      others.map((other, index) => other.orderedByToken(drop.id, drop.skus[index % 2] as string)),
    );
    await page.getByRole("heading", { name: "It is your turn" }).waitFor();
    // A page that had missed the root before asks for it in the same moment.
    await page.waitForFunction(`localStorage.getItem(${JSON.stringify(keptProofKey(drop.id))}) !== null`);
    await page.goto(`${platform.platform.urls.edge}/drops/${drop.id}/proof`);
    // The head is kept for two seconds, here and there: a first look may be from before the units were sold.
    const statuses = await eventually("a check of the units that were sold", async () => {
      await page.getByRole("button", { name: "Check every ticket and unit" }).click();
      await verdict(page).getByText("Everything that was checked holds").waitFor();
      const all = await results(page);
      return all.units === "skipped" ? undefined : all;
    });
    expect(new Set(Object.values(statuses))).toEqual(new Set(["holds"]));
    const told = await verdict(page).innerText();
    expect(told).toMatch(/Your ticket [0-9a-f]{32} is in the list of window \d+/);
    expect(told).toContain("Its turn came at");
    expect(told).toContain("It holds no unit.");
    // In time or not depends on how busy this machine is; that it says which, does not.
    expect(told).toMatch(
      /You were shown the root of window \d+ (?:less than )?[\d.]+ s before its random round existed\. This beacon is the local stand-in|The root of window \d+ was seen only after its random round was due/,
    );
    expect(told).toContain("Whether that clock was right only its owner can know.");
    expect(complaints).toEqual([]);
  });
});
