import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { LIMITS } from "../../schema/limits.ts";
import { REFUSAL_CODES, REFUSALS, type RefusalCode } from "../../schema/refusals.ts";
import { openApiDocument } from "../../workers/edge/openapi/document.ts";
import { type AnyOperation, codesOf, get, post } from "../../workers/edge/openapi/operation.ts";
import { OPERATIONS } from "../../workers/edge/routes/v1.ts";
import { TUNING } from "../../workers/edge/tuning.ts";
import { type Answer, type Caller, fakeEdge } from "./edge-fakes.ts";

const ROOT = join(import.meta.dirname, "../..");
const operations: readonly AnyOperation[] = OPERATIONS;
const document = openApiDocument(operations);

/** Told by the console, by webhooks or by pages; or for what is no operation: an unknown path, another method. */
const NOT_OF_THE_API: RefusalCode[] = [
  "operator_token_invalid",
  "not_found",
  "method_not_allowed",
  "drop_already_live",
  "stock_below_taken",
  "return_exceeds_sold",
  "message_not_found",
  "document_invalid",
  "document_not_found",
  "catalog_file_refused",
  "product_refused",
  "signature_invalid",
  "delivery_not_found",
  "endpoint_not_found",
  "too_many_endpoints",
  "order_link_invalid",
  "misconfigured",
  "order_not_confirmed",
  "refund_exceeds_captured",
  "refund_in_progress",
  "shipment_exceeds_order",
];

describe("the document", () => {
  test("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    const result = await validator.validate(JSON.parse(JSON.stringify(document)));
    expect(result.errors).toBeUndefined();
    expect([result.valid, validator.version]).toEqual([true, "3.1"]);
  });

  test("has every route that the app has, and none that it has not", () => {
    const { app } = fakeEdge();
    const routes = app.routes
      .filter(({ path, method }) => path.startsWith("/v1/") && !["ALL", "OPTIONS"].includes(method))
      .map(({ path, method }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
    const told = Object.entries(document.paths as Record<string, object>).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(told.toSorted()).toEqual(routes.toSorted());
    expect(told.length).toBeGreaterThan(8);
  });

  test("names each operation once", () => {
    const names = operations.map(({ id }) => id);
    expect(new Set(names).size).toBe(names.length);
  });

  test("declares every refusal of the house somewhere, but for those of other doors", () => {
    const declared = new Set(operations.flatMap(codesOf));
    const silent = REFUSAL_CODES.filter((code) => !declared.has(code));
    expect(silent.toSorted()).toEqual(NOT_OF_THE_API.toSorted());
  });

  test("puts each code under its own status", () => {
    for (const item of Object.values(document.paths as Record<string, Record<string, never>>)) {
      for (const { responses } of Object.values(item) as {
        responses: Record<string, { content?: never }>;
      }[]) {
        for (const [status, { content }] of Object.entries(responses)) {
          // biome-ignore lint/suspicious/noExplicitAny: a JSON document.
          const codes = (content as any)?.["application/problem+json"]?.schema.allOf[1].properties.code.enum;
          for (const code of (codes ?? []) as RefusalCode[])
            expect(REFUSALS[code].status).toBe(Number(status));
        }
      }
    }
  });

  test.each(operations.map((operation) => [operation.id, operation] as const))(
    "gives examples of %s that have their own shapes",
    (_, { body, example, answer }) => {
      if (example !== undefined) expect(body?.safeParse(example).error).toBeUndefined();
      if (answer.example !== undefined) expect(answer.shape?.safeParse(answer.example).error).toBeUndefined();
    },
  );

  test("is served, with a validator, to whoever asks from wherever", async () => {
    const edge = fakeEdge();
    const served = await edge.send("/openapi.json");
    expect(served.status).toBe(200);
    expect(served.body).toEqual(JSON.parse(JSON.stringify(document)));
    expect(served.headers.get("Access-Control-Allow-Origin")).toBe("*");
    const etag = served.headers.get("ETag") ?? "";
    const again = await edge.send("/openapi.json", { headers: { "If-None-Match": `"other", W/${etag}` } });
    expect([again.status, again.text]).toEqual([304, ""]);
  });
});

describe("the reference page", () => {
  test("runs one script, from here, that the lock file pins", async () => {
    const { text, headers } = await fakeEdge().send("/reference");
    const policy = headers.get("Content-Security-Policy") ?? "";
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self';");
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("https:");
    const scripts = [...text.matchAll(/<script[^>]* src="([^"]+)"/g)].map(([, src]) => src);
    const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
    const { version } = lock.packages["node_modules/@scalar/fastify-api-reference"];
    expect(scripts).toEqual([`/reference/scalar-${version}.js`]);
    expect(text).not.toMatch(/<script(?![^>]*(src|data-configuration)=)/);
  });

  test("lists every operation for who has no JavaScript", async () => {
    const text = (await fakeEdge().send("/reference")).text.replaceAll("&#39;", "'");
    for (const { summary, path } of operations) {
      expect(text).toContain(summary);
      expect(text).toContain(`/v1${path}`);
    }
  });
});

describe("other origins", () => {
  const SHOP = "https://app.example";
  const preflight = (path: string, method: string, origin = SHOP) =>
    [
      path,
      { method: "OPTIONS", headers: { Origin: origin, "Access-Control-Request-Method": method } },
    ] as const;

  test("may read what is public, without a word about who asks", async () => {
    const edge = fakeEdge();
    for (const path of ["/v1/drops", "/v1/drops/runner", "/v1/drops/none"]) {
      const { headers } = await edge.send(path);
      expect(headers.get("Access-Control-Allow-Origin"), path).toBe("*");
      expect(headers.get("Access-Control-Expose-Headers"), path).toContain("ETag");
      expect(headers.get("Access-Control-Allow-Credentials")).toBeNull();
    }
    const asked = await edge.send(...preflight("/v1/drops", "GET"));
    expect([asked.status, asked.headers.get("Access-Control-Allow-Origin")]).toEqual([204, "*"]);
    expect(asked.headers.get("Access-Control-Allow-Methods")).toBe("GET, HEAD, OPTIONS");
  });

  test("may not use a session's routes unless they are named, and then never with cookies", async () => {
    const path = "/v1/drops/runner/tickets";
    const closed = fakeEdge();
    expect(
      (await closed.send(...preflight(path, "POST"))).headers.get("Access-Control-Allow-Origin"),
    ).toBeNull();
    const edge = fakeEdge({ apiOrigins: new Set([SHOP]) });
    const asked = await edge.send(...preflight(path, "POST"));
    expect(asked.headers.get("Access-Control-Allow-Origin")).toBe(SHOP);
    expect(asked.headers.get("Access-Control-Allow-Headers")).toContain("Idempotency-Key");
    expect(asked.headers.get("Access-Control-Allow-Credentials")).toBeNull();
    const other = await edge.send(...preflight(path, "POST", "https://evil.example"));
    expect(other.headers.get("Access-Control-Allow-Origin")).toBeNull();
    // A refusal can be read as well as an answer.
    const early = [
      ["/v1/nothing", {}],
      ["/v1/drops/runner/tickets", { method: "DELETE" }],
      ["/v1/drops/runner/tickets", { method: "POST", body: "x".repeat(LIMITS.requestBodyMaxBytes + 1) }],
    ] as const;
    const statuses = [];
    for (const [path, init] of early) {
      for (const [origin, readable] of [
        [SHOP, SHOP],
        ["https://evil.example", null],
      ] as const) {
        const answer = await edge.send(path, { ...init, headers: { Origin: origin } });
        expect(answer.headers.get("Access-Control-Allow-Origin"), path).toBe(readable);
        if (readable !== null) statuses.push(answer.status);
      }
    }
    expect(statuses).toEqual([404, 405, 413]);
    const headers = { Origin: SHOP, Authorization: "Bearer x.y.z" };
    const refused = await edge.send(path, { method: "POST", headers });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("Access-Control-Allow-Origin")).toBe(SHOP);
    expect(refused.headers.get("Access-Control-Expose-Headers")).toContain("Retry-After");
  });

  test("get the same answer to OPTIONS as the Allow header of a refused method says", async () => {
    const edge = fakeEdge();
    const options = await edge.send("/v1/orders/x", { method: "OPTIONS" });
    const refused = await edge.send("/v1/orders/x", { method: "PUT" });
    expect(options.headers.get("Allow")).toBe(refused.headers.get("Allow"));
    expect((await edge.send("/v1/nothing", { method: "OPTIONS" })).status).toBe(404);
  });
});

describe("rate limits", () => {
  test("are stated as they are configured", () => {
    const config = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
    const simple = (name: string) =>
      new RegExp(`name = "${name}"[^[]*simple = \\{ limit = (\\d+), period = (\\d+) \\}`)
        .exec(config)
        ?.slice(1)
        .map(Number);
    expect(simple("LIMIT_BY_SHOPPER")).toEqual([TUNING.shopperWrites, TUNING.shopperWindowMs / 1_000]);
    expect(simple("LIMIT_BY_ADDRESS")).toEqual([TUNING.addressSessions, TUNING.addressWindowMs / 1_000]);
  });

  test("are told on answers as a policy, and a remaining count only when it is certain: none", async () => {
    const edge = fakeEdge();
    const caller = await edge.open();
    const joined = await caller.post("/v1/drops/runner/tickets", {});
    expect(joined.headers.get("RateLimit-Policy")).toBe('"shopper";q=120;w=10');
    expect(joined.headers.get("RateLimit")).toBeNull();
    const shed = fakeEdge({ allowShopper: async () => false });
    const busy = await (await shed.open()).post("/v1/drops/runner/tickets", {});
    expect(busy.headers.get("RateLimit-Policy")).toBe('"shopper";q=120;w=10');
    expect(busy.headers.get("RateLimit")).toBe('"shopper";r=0;t=10');
    expect((await edge.send("/v1/drops")).headers.get("RateLimit-Policy")).toBeNull();
  });

  test("say which limit refused, and nothing of the exact counters", async () => {
    const mail = (caller: Caller, nth = 0) =>
      caller.post(
        "/v1/sessions/mail",
        { email: `a${nth}@example.com` },
        { "CF-Connecting-IP": "203.0.113.7" },
      );
    const told = ({ status, headers }: Answer) => [
      status,
      headers.get("RateLimit-Policy"),
      headers.get("RateLimit"),
    ];
    const byShopper = await fakeEdge({ allowShopper: async () => false }).open();
    expect(told(await mail(byShopper))).toEqual([429, '"shopper";q=120;w=10', '"shopper";r=0;t=10']);
    const byAddress = await fakeEdge({ allowMailFrom: async () => false }).open();
    expect(told(await mail(byAddress))).toEqual([429, '"mail";q=300;w=60', '"mail";r=0;t=60']);
    const counted = await fakeEdge().open();
    for (let sent = 0; sent < LIMITS.mailCodesPerSessionMax; sent += 1)
      expect(told(await mail(counted, sent))).toEqual([202, '"mail";q=300;w=60', null]);
    const last = await mail(counted);
    expect(told(last)).toEqual([429, null, null]);
    expect(last.headers.get("Retry-After")).toBe(String(LIMITS.mailCodesWindowMs / 1_000));
  });

  test("of a join say its own when its address is shed", async () => {
    const shed = fakeEdge({ allowAddress: async (address) => !address.startsWith("join") });
    const headers = { "CF-Connecting-IP": "203.0.113.7" };
    const joined = await (await shed.open()).post("/v1/drops/runner/tickets", {}, headers);
    expect(joined.headers.get("RateLimit")).toBe('"address";r=0;t=60');
  });
});

test("a body may be left out where nothing in it is required, and nowhere else", () => {
  const paths = document.paths as Record<string, { post?: { requestBody?: { required: boolean } } }>;
  const optional = Object.entries(paths)
    .filter(([, { post }]) => post?.requestBody?.required === false)
    .map(([path]) => path);
  expect(optional).toEqual(["/v1/drops/{drop}/tickets", "/v1/orders/{order}/cancel"]);
});

/** What a declaration does not allow must not compile: `tsc` reads these lines, and fails when an error does not come. */
test("a route that refuses or answers what it does not declare does not compile", () => {
  const answer = { status: 200, about: "", shape: z.object({ n: z.int() }), kept: "nobody" } as const;
  const spec = { id: "x", tag: "Drops", summary: "", caller: "anybody", key: false, answer } as const;
  get("/x", { ...spec, refusals: ["sold_out"] }, async () => ({ ok: false, refusal: { code: "sold_out" } }));
  // @ts-expect-error: the code is not declared
  get("/x", { ...spec, refusals: [] }, async () => ({ ok: false, refusal: { code: "sold_out" } }));
  // @ts-expect-error: the answer has another shape
  get("/x", { ...spec, refusals: [] }, async () => ({ ok: true, value: { n: "1" } }));
  post("/d/:drop", { ...spec, refusals: [] }, async (_, asked) => {
    // @ts-expect-error: nobody's session was read
    void asked.shopperId;
    void asked.dropId;
    return { ok: true, value: { n: 1 } };
  });
});
