import { expect } from "vitest";
import { type Form, formsIn } from "../unit/page-forms.ts";
import { ask, type Reply } from "./ask.ts";
import { eventually } from "./eventually.ts";

export type Page = { url: string; status: number; headers: Headers; html: string };

const REDIRECTS_MAX = 5;

/** A browser without JavaScript: it keeps cookies by path, follows redirects, reads forms and posts them. */
export class Browser {
  readonly origin: string;
  readonly #cookies = new Map<string, { value: string; path: string }>();
  page: Page = { url: "", status: 0, headers: new Headers(), html: "" };

  constructor(origin: string) {
    this.origin = origin;
  }

  /** Goes to an address and on to where it is sent. */
  async go(path: string): Promise<Page> {
    return this.#follow(path, await this.#ask(path, {}));
  }

  /** Looks again, as a page that reloads itself does, until the page says so. */
  reload(what: string, words: RegExp | string): Promise<Page> {
    return eventually(`"${words}" for ${what}`, async () => {
      const page = await this.go(this.page.url);
      expect(page.html).toMatch(words);
      return page;
    });
  }

  /** Sends the first form of the page that has this action's end, with some fields filled in, and follows. */
  async submit(actionEnd: string, filled: Record<string, string> = {}): Promise<Page> {
    const { action, fields } = this.form(actionEnd);
    return this.#follow(action, await this.post(action, { ...fields, ...filled }));
  }

  form(actionEnd: string): Form {
    const form = formsOf(this.page).find(({ action }) => action.endsWith(actionEnd));
    if (form === undefined)
      throw new Error(`${this.page.url} has no form for ${actionEnd}: ${this.page.html}`);
    return form;
  }

  /** Posts fields as a form of a page of this site would; the answer is not followed. `headers` go on top. */
  post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Reply> {
    return this.#ask(path, {
      method: "POST",
      body: new URLSearchParams(fields).toString(),
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        origin: this.origin,
        "sec-fetch-site": "same-origin",
        ...headers,
      },
    });
  }

  cookieNames(): string[] {
    return [...this.#cookies.keys()].sort();
  }

  async #ask(path: string, asked: Parameters<typeof ask>[1] & object): Promise<Reply> {
    const url = new URL(path, this.origin);
    const isOurs = url.origin === this.origin;
    const cookie = isOurs ? this.#cookiesFor(url.pathname) : "";
    const headers = { accept: "text/html,application/xhtml+xml,*/*;q=0.8", ...asked.headers };
    const reply = await ask(url.href, {
      ...asked,
      headers: cookie === "" ? headers : { ...headers, cookie },
    });
    if (isOurs) this.#keep(reply.headers.getSetCookie());
    return reply;
  }

  async #follow(from: string, first: Reply): Promise<Page> {
    let url = new URL(from, this.origin).href;
    let reply = first;
    for (let hops = 0; reply.status === 303; hops++) {
      if (hops === REDIRECTS_MAX) throw new Error(`too many redirects at ${url}`);
      url = new URL(reply.headers.get("location") ?? "", url).href;
      reply = await this.#ask(url, {});
    }
    this.page = { url, status: reply.status, headers: reply.headers, html: reply.text };
    return this.page;
  }

  #cookiesFor(path: string): string {
    const isUnder = (base: string) => base === "/" || path === base || path.startsWith(`${base}/`);
    return [...this.#cookies]
      .filter(([, { path: base }]) => isUnder(base))
      .map(([name, { value }]) => `${name}=${value}`)
      .join("; ");
  }

  #keep(lines: string[]): void {
    for (const line of lines) {
      const [pair = "", ...attributes] = line.split("; ");
      expect(attributes).toEqual(expect.arrayContaining(["HttpOnly", "SameSite=Lax"]));
      const path =
        attributes.find((attribute) => attribute.startsWith("Path="))?.slice("Path=".length) ?? "/";
      const [name = "", value = ""] = pair.split("=");
      if (attributes.includes("Max-Age=0")) this.#cookies.delete(name);
      else this.#cookies.set(name, { value, path });
    }
  }
}

/** An action that is left out is the page itself. */
function formsOf({ html, url }: Page): Form[] {
  return formsIn(html).map(({ action, fields }) => ({ action: action || url, fields }));
}
