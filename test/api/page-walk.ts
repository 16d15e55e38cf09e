import { expect } from "vitest";
import type { Browser, Page } from "./browser.ts";
import { eventually } from "./eventually.ts";
import type { Drop } from "./world.ts";

/** Holds a page to what is promised of every page: no style of its own, and no script but one of ours where one waits. */
export function expectPage({ html, headers, url }: Page): void {
  expect(headers.get("content-type"), url).toMatch(/^text\/html; charset=utf-8$/i);
  expect(html, url).toMatch(/^<!doctype html><html lang="en">/);
  expect(html, url).toMatch(/<title>[^<]+<\/title>/);
  expect(html, url).toMatch(/<h1>[^<]+<\/h1>/);
  const isLine = url.endsWith("/line");
  const text = isLine
    ? html.replace(/<script type="module" src="\/assets\/islands\/[\w-]+\.js"><\/script>/, "")
    : html;
  expect(text, url).not.toMatch(/<script|<style|<[a-z][^>]*\s(?:style|on\w+)=|javascript:/i);
  const policy = headers.get("content-security-policy") ?? "";
  expect(policy, url).toContain("default-src 'none'");
  expect(policy, url).toContain("frame-ancestors 'none'");
  expect(policy.replace(isLine ? "script-src 'self';" : "", ""), url).not.toMatch(/unsafe-|script-src/);
}

/** Joins the line and waits until it is this browser's turn to choose. */
export async function untilChoosing(browser: Browser, drop: Drop): Promise<void> {
  expectPage(await browser.go(`/drops/${drop.id}`));
  expectPage(await browser.submit("/line"));
  expect(browser.page.url).toBe(`${browser.origin}/drops/${drop.id}/line`);
  expectPage(await browser.reload("the choice", "It is your turn"));
}

/** With so many units of each SKU, or one of the drop's first. */
export async function untilBasket(
  browser: Browser,
  drop: Drop,
  units?: Record<string, string>,
): Promise<void> {
  await untilChoosing(browser, drop);
  expectPage(await browser.submit("/reservations", units ?? { [`units-${drop.skus[0]}`]: "1" }));
  expect(browser.page.url).toBe(`${browser.origin}/drops/${drop.id}/basket`);
  expect(browser.page.html).toContain("Reserved for you");
}

export async function untilCheckout(browser: Browser, drop: Drop): Promise<void> {
  await untilBasket(browser, drop);
  expectPage(await browser.go(`/drops/${drop.id}/checkout`));
  expect(browser.page.html).toContain("Order and pay");
}

/** Where a checkout leads, one address after another, until the gateway's page or an order's that goes nowhere. */
export async function untilPaying(browser: Browser): Promise<void> {
  await eventually("the gateway's page", async () => {
    if (!browser.page.url.startsWith(browser.origin)) return true;
    await browser.go(browser.page.url);
    return undefined;
  });
}
