import { describe, expect, test } from "vitest";
import { DropDocument } from "../../schema/drop-document.ts";
import { ok, refuse } from "../../schema/result.ts";
import { draft, fakeConsole, NOW_MS } from "./console-fakes.ts";
import { measured, VERSION, WELL } from "./preflight-world.ts";

describe("POST preflight", () => {
  const { state, payments } = measured();
  const preflight = async () => state;

  test("looks at a draft before it is published, and says that it is not", async () => {
    const asked: unknown[] = [];
    const console = fakeConsole({
      published: async (_, near) => {
        asked.push(near);
        return refuse({ code: "drop_not_found" });
      },
      preflight: async (target) => {
        asked.push(target);
        return state;
      },
    });
    console.deps.payments = { probeGateways: async () => payments };
    console.deps.edge = { probeCheckout: async () => WELL };
    await console.call(
      "PUT",
      "/v1/drops/spring/document",
      draft({ audience: ["apac", "oc"], line: { beacon: "drand" } }),
    );
    const answer = await console.call("POST", "/v1/drops/spring/preflight");
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ isReady: false, version: null, atMs: NOW_MS });
    // The very first call places the line's object, so it says where too.
    const target = { dropId: "spring", skuIds: ["runner-42"], near: "apac", takesBeacon: true };
    expect(asked).toEqual(["apac", target]);
  });

  test("looks at what is published, whatever the draft says meanwhile", async () => {
    const document = DropDocument.parse(draft({ closesAt: "2027-03-01T13:00:00Z" }));
    const frozen = { version: VERSION, publishedAtMs: NOW_MS, document };
    const console = fakeConsole({ published: async () => ok(frozen), preflight });
    console.deps.payments = { probeGateways: async () => payments };
    console.deps.edge = { probeCheckout: async () => WELL };
    await console.kv.put("drop:spring", "{}");
    const answer = await console.call("POST", "/v1/drops/spring/preflight");
    expect(answer.body).toMatchObject({ version: VERSION, document: { closesAt: "2027-03-01T13:00:00Z" } });
  });

  test("showing a draft places its line's object where the crowd is, too", async () => {
    const asked: unknown[] = [];
    const console = fakeConsole({
      published: async (_, near) => {
        asked.push(near);
        return refuse({ code: "drop_not_found" });
      },
    });
    await console.call("PUT", "/v1/drops/spring/document", draft({ audience: ["oc"] }));
    expect((await console.call("GET", "/v1/drops/spring/document")).status).toBe(200);
    expect(asked).toEqual(["oc"]);
  });

  test("a drop that nobody wrote is refused", async () => {
    const { call } = fakeConsole({ published: async () => refuse({ code: "drop_not_found" }) });
    expect((await call("POST", "/v1/drops/spring/preflight")).body.code).toBe("document_not_found");
  });
});
