import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { DropAnswer, OrderAnswer } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Problem } from "../../schema/refusals.ts";
import type { OperatorLogRow, ParkedMessageRow } from "../../schema/tables.ts";
import { publishDemo } from "../../scripts/start/demo.ts";
import { ask, expectRefusal, type Reply, told } from "./ask.ts";
import { eventually } from "./eventually.ts";
import { atGateway, Shopper } from "./shopper.ts";
import {
  askConsole,
  auditedOrder,
  type Drop,
  draftDrop,
  fresh,
  misbehave,
  publishDrop,
  startWorld,
  unitsOf,
  type World,
} from "./world.ts";

const Published = z.object({ version: z.string().length(64), publishedAtMs: z.int() });

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

const put = (drop: Drop, document: unknown = drop.document): Promise<Reply> =>
  askConsole(world, `/drops/${drop.id}/document`, { method: "PUT", body: document });
const publish = (drop: Drop, body?: unknown): Promise<Reply> =>
  askConsole(world, `/drops/${drop.id}/publish`, { method: "POST", body });
const shown = (drop: Drop): Promise<Reply> => ask(`${world.platform.urls.edge}/v1/drops/${drop.id}`);

async function logOf(subject: string): Promise<OperatorLogRow[]> {
  const { rows } = (await askConsole(world, "/operator-log")).json as { rows: OperatorLogRow[] };
  return rows.filter((row) => row.subject === subject);
}

describe.concurrent("the console", () => {
  it("answers nobody but its operator", async () => {
    const drop = draftDrop();
    const doors = [
      { method: "PUT", path: `/drops/${drop.id}/document`, body: drop.document },
      { method: "POST", path: `/drops/${drop.id}/publish`, body: { document: drop.document } },
      { method: "POST", path: `/drops/${drop.id}/line`, body: { kind: "end" } },
      { method: "POST", path: "/parked/none/redrive" },
      ...["/orders", "/attempts", "/parked", "/operator-log", "/audit/orders/0"].map((path) => ({ path })),
      { path: `/drops/${drop.id}/audit/stock/any` },
      { path: "/nothing" },
    ];
    for (const { path, ...asked } of doors) {
      const wrong = [
        undefined,
        "wrong",
        `${world.secrets.operatorToken}x`,
        world.secrets.operatorToken.slice(1),
      ];
      for (const token of wrong) {
        const reply = await askConsole(world, path, { ...asked, token });
        expectRefusal(reply, "operator_token_invalid");
        expect(reply.headers.get("www-authenticate")).toBe("Bearer");
      }
    }
    expect((await shown(drop)).status).toBe(404);
    expect(await logOf(drop.id)).toEqual([]);
  });

  it("refuses a document with errors, and names each field and why", async () => {
    const drop = draftDrop({ skus: [{}, {}] });
    const document = drop.document as Record<string, unknown> & { skus: object[]; opensAt: string };
    const wrong: [unknown, string[]][] = [
      [{ ...document, currency: "euro" }, ["currency"]],
      [{ ...document, opensAt: "tomorrow" }, ["opensAt"]],
      [{ ...document, closesAt: document.opensAt }, ["closesAt"]],
      [{ ...document, lobbyOpensAt: document.closesAt }, ["lobbyOpensAt"]],
      [{ ...document, skus: [] }, ["skus"]],
      [{ ...document, skus: [document.skus[0], document.skus[0]] }, ["skus.1.id"]],
      [
        { ...document, skus: [{ ...document.skus[0], stock: -1, priceMinor: 1.5 }] },
        ["skus.0.priceMinor", "skus.0.stock"],
      ],
      [{ ...document, timing: { reservationTtlMs: 1 } }, ["timing.reservationTtlMs"]],
      [{ ...document, surprise: true }, ["surprise"]],
      [{ ...document, id: fresh("other") }, ["id"]],
      [null, ["(document)"]],
    ];
    for (const [given, paths] of wrong) {
      for (const reply of [await put(drop, given), await publish(drop, { document: given })]) {
        const { errors = [] }: Problem = expectRefusal(reply, "document_invalid");
        expect(errors.map(({ path }) => path).sort()).toEqual(paths);
        for (const { message } of errors) expect(message).not.toBe("");
      }
    }
    expectRefusal(await put(drop, "{"), "invalid_json");
    expectRefusal(await put(drop, " ".repeat(LIMITS.documentMaxBytes + 1)), "body_too_large");
    expectRefusal(await publish(drop), "document_not_found");
    expectRefusal(await publish(drop, { documents: [] }), "invalid_request");
    const plain = { method: "PUT", body: drop.document, headers: { "content-type": "text/plain" } };
    expectRefusal(await askConsole(world, `/drops/${drop.id}/document`, plain), "unsupported_media_type");
    expectRefusal(
      await askConsole(world, "/drops/No-Slug/document", { ...plain, headers: {} }),
      "invalid_request",
    );
    expect((await shown(drop)).status).toBe(404);
  });

  it("publishes the draft, and only then do shoppers see it", async () => {
    const drop = draftDrop({ opensInMs: 60_000 });
    const { version } = told(await put(drop), 200, z.object({ version: z.string() }));
    expect((await shown(drop)).status).toBe(404);
    expect(told(await publish(drop), 200, Published).version).toBe(version);
    // The edge's picture of "no such drop" is up to a second old, like any other.
    const answer = await eventually("the drop", async () => told(await shown(drop), 200, DropAnswer));
    expect(answer).toMatchObject({ id: drop.id, version, phase: "lobby", skus: [{ id: drop.skus[0] }] });
    await eventually("the drop in the list", async () => {
      const listed = await ask(`${world.platform.urls.edge}/v1/drops`);
      expect(JSON.stringify(listed.json)).toContain(drop.id);
      return true;
    });
    const log = await logOf(drop.id);
    expect(log).toMatchObject([
      { actor: "operator", action: "publish", detail: JSON.stringify({ version }) },
    ]);
  });

  it("publishes the same document again without harm, before the start and after it", async () => {
    const drop = await publishDrop(world, { skus: [{ stock: 3 }] });
    const first = told(await publish(drop), 200, Published);
    const shopper = await Shopper.arrived(world);
    await shopper.settled((await shopper.orderedByToken(drop.id, drop.sku)).orderId);
    expect(told(await publish(drop), 200, Published)).toEqual(first);
    // Spacing and the order of fields do not make another document.
    const shuffled = Object.fromEntries(Object.entries(drop.document as object).reverse());
    expect(told(await publish(drop, { document: shuffled }), 200, Published)).toEqual(first);
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("2/0/1");
  });

  it("replaces a document before the start, and not any more after it", async () => {
    const drop = await publishDrop(world, { opensInMs: 3_000, skus: [{ stock: 1 }] });
    const document = drop.document as { skus: object[] };
    const more = (stock: number) => ({ document: { ...document, skus: [{ ...document.skus[0], stock }] } });
    told(await publish(drop, more(4)), 200, Published);
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("4/0/0");
    await eventually("the start to refuse it", async () => {
      const reply = await publish(drop, more(Date.now() < drop.opensAtMs ? 4 : 5));
      return reply.status === 409 ? expectRefusal(reply, "drop_already_live") : undefined;
    });
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("4/0/0");
  });

  it("leaves what is live alone when the draft is edited", async () => {
    const drop = await publishDrop(world);
    const document = drop.document as { skus: object[] };
    told(await put(drop, { ...document, skus: [{ ...document.skus[0], stock: 99 }] }), 200, z.object({}));
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("1/0/0");
    expect(told(await shown(drop), 200, DropAnswer).skus[0]?.level.stock).toBe(1);
  });

  it("writes a log that no hand on the database changes", async () => {
    const drop = await publishDrop(world);
    const before = await logOf(drop.id);
    expect(before).toHaveLength(1);
    const database = await world.platform.miniflare.getD1Database("DB", "dropline-state");
    const run = (sql: string) => database.prepare(sql).run();
    await expect(run("UPDATE operator_log SET actor = 'nobody'")).rejects.toThrow(/append-only/);
    await expect(run("DELETE FROM operator_log")).rejects.toThrow(/append-only/);
    expect(await logOf(drop.id)).toEqual(before);
  });

  it("pages through what there is, and refuses a page that is none", async () => {
    const drop = await publishDrop(world, { skus: [{ stock: 3 }] });
    const crowd = await Promise.all([1, 2, 3].map(() => Shopper.arrived(world)));
    const ids = await Promise.all(
      crowd.map(async (shopper) => (await shopper.orderedByToken(drop.id, drop.sku)).orderId),
    );
    const paged = async () => {
      const found: string[] = [];
      for (let after: string | null = ""; after !== null; ) {
        const reply: Reply = await askConsole(world, `/orders?drop=${drop.id}&limit=1&after=${after}`);
        const page = reply.json as { rows: { orderId: string }[]; next: string | null };
        found.push(...page.rows.map(({ orderId }) => orderId));
        after = page.next;
      }
      return found;
    };
    await eventually("all three, in order", async () => {
      expect(await paged()).toEqual(ids.toSorted());
      return true;
    });
    const wrong = [
      "/orders?limit=0",
      "/orders?limit=1001",
      "/orders?drop=No%20Slug",
      "/attempts?after=x",
      "/audit/orders/16",
    ];
    for (const path of wrong) expectRefusal(await askConsole(world, path), "invalid_request");
  });
});

describe.concurrent("a message that fails for good", () => {
  const parked = async (orderId: string | null): Promise<ParkedMessageRow> =>
    eventually("the parked message", async () => {
      const { rows } = (await askConsole(world, "/parked")).json as { rows: ParkedMessageRow[] };
      return rows.find((row) => row.orderId === orderId);
    });
  const redrive = (id: string) => askConsole(world, `/parked/${id}/redrive`, { method: "POST" });
  const send = async (body: unknown) => {
    const queue = await world.platform.miniflare.getQueueProducer("PAYMENT_COMMANDS", "dropline-state");
    await queue.send(body);
  };

  it("is a row that a person sees, and the button sends its order's command again", async () => {
    misbehave(world, { webhookDropRate: 1 });
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const { orderId, paymentUrl } = await shopper.sentToPay(drop.id, drop.sku);
    // What no version of the consumer can read: as if a later one had written it.
    await send({ orderId, attempt: "three", version: 9 });
    const row = await parked(orderId);
    expect(row).toMatchObject({ queue: "dropline-payments", redrivenAtMs: null });
    expect(JSON.parse(row.body)).toEqual({ orderId, attempt: "three", version: 9 });

    await atGateway(paymentUrl, "pay");
    const answer = (await redrive(row.messageId)).json;
    expect(answer).toMatchObject({ messageId: row.messageId, orderId, due: true });
    expect(await shopper.settled(orderId)).toMatchObject({ status: "confirmed" });
    expect((await parked(orderId)).redrivenAtMs).toEqual(expect.any(Number));
    expect(await logOf(row.messageId)).toMatchObject([{ action: "redrive" }]);

    expect((await redrive(row.messageId)).json).toMatchObject({ due: false });
    expect(await auditedOrder(world, orderId)).toMatchObject({ status: "confirmed", money: "captured" });
    misbehave(world, {});
  });

  it("is kept even when nothing about it can be read, and does not hold up the others", async () => {
    await send("not a command");
    const row = await parked(null);
    expect(JSON.parse(row.body)).toBe("not a command");
    expect((await redrive(row.messageId)).json).toMatchObject({ orderId: null, due: false });
    expectRefusal(await redrive("none"), "message_not_found");
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const { orderId } = await shopper.orderedByToken(drop.id, drop.sku);
    expect(await shopper.settled(orderId)).toMatchObject({ status: "confirmed" });
  });

  it("does no harm when it is for an order that is done, for one that never was, or comes twice", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const { orderId } = await shopper.orderedByToken(drop.id, drop.sku);
    const order = await shopper.settled(orderId);
    const [, ...rest] = orderId;
    const never = `o${rest.join("").slice(0, -1)}${orderId.endsWith("0") ? "1" : "0"}`;
    for (const body of [
      { orderId, attempt: 1 },
      { orderId, attempt: 2 },
      { orderId, attempt: 99 },
      { orderId: never, attempt: 1 },
    ]) {
      await send(body);
      await send(body);
    }
    // A message behind them that is seen to be done with: the ones before it are as well.
    await send({ orderId: never, attempt: 0 });
    await parked(never);
    expect(told(await shopper.look(orderId), 200, OrderAnswer)).toEqual(order);
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("0/0/1");
  });
});

describe.concurrent("the demo drop", () => {
  it("is found again while it runs, and followed by another when it is sold out", async () => {
    const { edge, console: consoleUrl } = world.platform.urls;
    const demo = { edgeUrl: edge, consoleUrl, operatorToken: world.secrets.operatorToken, opensInMs: 30_000 };
    const id = "night-runner";
    const small = draftDrop();
    told(
      await publish({ ...small, id }, { document: { ...(small.document as object), id } }),
      200,
      Published,
    );
    const found = { dropId: id, opensAtMs: small.opensAtMs, isNew: false };
    expect(await publishDemo(demo)).toMatchObject(found);

    const shopper = await Shopper.arrived(world);
    await shopper.settled((await shopper.orderedByToken(id, small.skus[0] ?? "")).orderId);
    const next = await eventually("the next one", async () => {
      const published = await publishDemo(demo);
      return published.isNew ? published : undefined;
    });
    expect(next.dropId).toBe(`${id}-2`);
    expect(await shopper.joined(next.dropId)).toMatchObject({ cohort: 0, cohortClosesAtMs: next.opensAtMs });
    await eventually("the edge to know it", async () => {
      const { status } = await ask(`${edge}/v1/drops/${next.dropId}/snapshot`);
      return status === 200 ? true : undefined;
    });
    expect(await publishDemo({ ...demo, opensInMs: 1 })).toEqual({ ...next, isNew: false });
  });
});
