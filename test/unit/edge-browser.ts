import { expect } from "vitest";
import { type Answer, fakeEdge } from "./edge-fakes.ts";
import { ORIGIN } from "./edge-samples.ts";
import { type Form, formsIn } from "./page-forms.ts";

/** A browser without JavaScript over fakes: it keeps cookies, follows redirects, and can do nothing but press buttons. */
export function browse(changes: Parameters<typeof fakeEdge>[0] = {}) {
  const edge = fakeEdge(changes);
  const cookies = new Map<string, { value: string; path: string }>();
  let at = "/";
  let left = "";

  async function send(path: string, init: RequestInit = {}): Promise<Answer> {
    const pathname = new URL(path, ORIGIN).pathname;
    const sent = [...cookies].filter(
      ([, { path: scope }]) => scope === "/" || `${pathname}/`.startsWith(`${scope}/`),
    );
    const headers = new Headers(init.headers);
    headers.set("Accept", "text/html,application/xhtml+xml");
    headers.set("Cookie", sent.map(([name, { value }]) => `${name}=${value}`).join("; "));
    const answer = await edge.send(path, { ...init, headers });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = "", path = "/"] = /^([^=]+)=([^;]*).*?Path=([^;]+)/i.exec(line) ?? [];
      expect(line).toMatch(/HttpOnly/);
      expect(line).toMatch(/Secure/);
      expect(line).toMatch(/SameSite=Lax/);
      if (/Max-Age=0/.test(line)) cookies.delete(name);
      else cookies.set(name, { value, path });
    }
    at = path;
    const location = answer.headers.get("Location");
    if (answer.status !== 303 || location === null) return answer;
    if (location.startsWith("/")) return send(location);
    left = location;
    return answer;
  }

  /** The page's first form whose action has this end. */
  function form(page: Answer, actionEnd = ""): Form {
    const found = formsIn(page.text).find(({ action }) => action.endsWith(actionEnd));
    if (found === undefined) throw new Error(`no form for "${actionEnd}" on ${at}: ${page.text}`);
    return found;
  }

  /** Sends a form with its fields, and what was filled in; or to where the pressed button leads instead. */
  async function press(
    page: Answer,
    filled: Record<string, string> = {},
    { action, to }: { action?: string; to?: string } = {},
  ): Promise<Answer> {
    const { fields, action: own } = form(page, action);
    const body = new URLSearchParams({ ...fields, ...filled });
    return send(to ?? own, { method: "POST", body, headers: { Origin: ORIGIN } });
  }

  return { ...edge, send, press, form, cookies, at: () => at, left: () => left };
}
