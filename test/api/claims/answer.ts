import { beforeAll, describe, expect, it } from "vitest";
import { ask, expectRefusal } from "../ask.ts";
import { Shopper } from "../shopper.ts";
import { type Drop, publishDrop, type World } from "../world.ts";

export function claimsOfAnswers(world: () => World): void {
  const edge = (path: string) => `${world().platform.urls.edge}${path}`;

  describe.concurrent("every answer", () => {
    /** Headers that differ by moment or by the body's presence, and say nothing about the resource. */
    const INCIDENTAL = [
      "date",
      "x-request-id",
      "content-length",
      "transfer-encoding",
      "connection",
      "keep-alive",
    ];
    const lasting = (headers: Headers) =>
      Object.fromEntries([...headers].filter(([name]) => !INCIDENTAL.includes(name)).sort());

    let drop: Drop;
    let paths: { api: string[]; pages: string[] };
    beforeAll(async () => {
      drop = await publishDrop(world());
      paths = {
        api: [
          "/v1/drops",
          `/v1/drops/${drop.id}`,
          `/v1/drops/${drop.id}/snapshot`,
          `/v1/drops/${drop.id}/record`,
        ],
        pages: ["/", `/drops/${drop.id}`, `/drops/${drop.id}/line`],
      };
    });
    const all = () => [
      ...paths.api,
      ...paths.pages,
      "/v1/nothing",
      "/nothing",
      "/v1/orders/ord_1",
      "/v1/sessions",
    ];

    it("says how long it may be kept, has its request's id, and the headers of a careful house", async () => {
      for (const path of all()) {
        const { headers } = await ask(edge(path), { headers: { accept: "text/html,*/*" } });
        expect(headers.get("cache-control"), path).toMatch(/^(no-store|public, max-age=[1-9]\d*)$/);
        expect(headers.get("x-request-id"), path).toMatch(/^[\w-]{8,}$/);
        expect(headers.get("x-content-type-options"), path).toBe("nosniff");
        const policy = headers.get("content-security-policy");
        // What a whole crowd polls has only the headers that it needs (ADR 20).
        if (path.endsWith("/snapshot")) expect(policy, path).toBeNull();
        else expect(policy, path).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
        // The API's answers are data: nothing on them sends a referrer.
        const ofPages = [headers.get("x-frame-options"), headers.get("referrer-policy")];
        expect([path, ...ofPages]).toEqual(
          path.startsWith("/v1/") ? [path, null, null] : [path, "DENY", "same-origin"],
        );
        expect(headers.get("x-powered-by"), path).toBeNull();
      }
    });

    it("to HEAD has the headers of the answer to GET, and no body", async () => {
      for (const path of all()) {
        const [get, head] = [await ask(edge(path)), await ask(edge(path), { method: "HEAD" })];
        expect([path, head.status, head.text]).toEqual([path, get.status, ""]);
        expect(lasting(head.headers), path).toEqual(lasting(get.headers));
      }
    });

    it("that is one shopper's own is kept by nobody", async () => {
      const shopper = await Shopper.arrived(world());
      const own = [await shopper.join(drop.id), await ask(edge("/v1/sessions"), { method: "POST" })];
      for (const { status, headers } of own) {
        expect([status, headers.get("cache-control"), headers.get("vary")]).toEqual([
          201,
          "no-store",
          "Authorization, Cookie, Origin",
        ]);
      }
    });

    it("of the API has the form that it declares, the same for everybody", async () => {
      const shopper = await Shopper.arrived(world());
      for (const path of paths.api) {
        const [anonymous, known] = [await ask(edge(path)), await ask(edge(path), { token: shopper.session })];
        expect(anonymous.status).toBe(200);
        expect(anonymous.headers.get("content-type")).toBe("application/json");
        expect(anonymous.headers.get("set-cookie")).toBeNull();
        expect(lasting(known.headers)).toEqual(lasting(anonymous.headers));
      }
    });

    it("with a stylesheet or a picture may be kept for ever", async () => {
      const page = await ask(edge("/"));
      const links = [...page.text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, link = ""]) => link);
      expect(new Set(links).size).toBeGreaterThanOrEqual(2);
      for (const link of new Set(links)) {
        const asset = await ask(edge(link));
        expect([link, asset.status]).toEqual([link, 200]);
        expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
        expect(asset.headers.get("x-content-type-options")).toBe("nosniff");
      }
    });

    it("of the other two doors has its request's id and is kept by nobody", async () => {
      for (const door of ["console", "payments"] as const) {
        const reply = await ask(`${world().platform.urls[door]}/nothing`);
        expectRefusal(reply, "not_found");
      }
    });
  });
}
