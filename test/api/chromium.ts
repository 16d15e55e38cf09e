import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where this machine has a Chromium, unless the environment says it; undefined: nowhere, and its tests are skipped. */
export const CHROMIUM = process.env.CHROMIUM ?? PLACES.find((path) => existsSync(path));

export const SIZES = {
  phone: { viewport: { width: 375, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  desktop: { viewport: { width: 1_280, height: 800 } },
} as const satisfies Record<string, BrowserContextOptions>;
export type Size = keyof typeof SIZES;

export async function launchChromium(...args: string[]): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("this machine has no Chromium");
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...args],
  });
}

/** A page of a fresh visitor; `complaints` gathers what the browser says of errors, refused scripts and failed requests. */
export async function openPage(
  browser: Browser,
  size: Size,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ ...SIZES[size], ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { page, complaints };
}

/** Below a test's own time, so that what is waited for is told. */
const PATIENCE_MS = 10_000;

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Nothing that axe finds wrong, and nothing wider than the screen. */
export async function expectWellMade(page: Page): Promise<void> {
  await page.evaluate(readFileSync(AXE, "utf8"));
  const violations = (await page.evaluate(
    "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))",
  )) as string[];
  expect(violations).toEqual([]);
  const overhang = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  expect(overhang).toBeLessThanOrEqual(0);
}
