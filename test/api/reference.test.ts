import { afterAll, beforeAll, expect, it } from "vitest";
import { ask, expectRefusal } from "./ask.ts";
import { startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

const edge = (path: string) => `${world.platform.urls.edge}${path}`;

it("the reference page's script comes from here, and may be kept for ever", async () => {
  const page = await ask(edge("/reference"), { headers: { accept: "text/html" } });
  expect(page.status).toBe(200);
  const [, script = ""] = / src="([^"]+)"/.exec(page.text) ?? [];
  const served = await ask(edge(script));
  expect(served.status).toBe(200);
  expect(served.headers.get("content-type")).toContain("javascript");
  expect(served.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(served.text).toContain("createApiReference");
});

it("the document is kept for a while and asked for again with its validator", async () => {
  const document = await ask(edge("/openapi.json"));
  expect(document.json).toMatchObject({ openapi: "3.1.0" });
  expect(document.headers.get("cache-control")).toBe("public, max-age=300");
  const held = { headers: { "if-none-match": document.headers.get("etag") ?? "" } };
  expect((await ask(edge("/openapi.json"), held)).status).toBe(304);
  expectRefusal(await ask(edge("/openapi.json"), { method: "POST" }), "method_not_allowed");
});

it("a browser's question before a request reaches the API through whatever stands before it", async () => {
  const asked = (path: string, method: string) =>
    ask(edge(path), {
      method: "OPTIONS",
      headers: { origin: "https://app.example", "access-control-request-method": method },
    });
  const open = await asked("/v1/drops", "GET");
  expect([open.status, open.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
  const closed = await asked("/v1/sessions", "POST");
  expect([closed.status, closed.headers.get("access-control-allow-origin")]).toEqual([204, null]);
  expect((await ask(edge("/v1/drops"))).headers.get("access-control-allow-origin")).toBe("*");
});
