import { describe, expect, test } from "vitest";
import type { OrderId, ShopperId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import { createTokens } from "../../workers/edge/tokens.ts";
import { signOrderToken, verifyOrderToken } from "../../workers/order-link.ts";
import { FakeClock } from "./edge-clock.ts";
import { keysetOf } from "./edge-keysets.ts";

const keys = parseKeyset("LINK_KEYS", keysetOf(["l1", 3]));
const orderId = `ord_00${"1".repeat(32)}` as OrderId;
const shopperId = `shp_${"2".repeat(32)}` as ShopperId;
const NOW_MS = 1_800_000_000_000;
const signed = (kind: "link" | "access") => signOrderToken(keys, kind, { orderId, shopperId }, NOW_MS);

describe("a token that opens an order", () => {
  test("opens that order until its time is over", async () => {
    const token = await signed("link");
    const opens = (nowMs: number) => verifyOrderToken(keys, "link", { token, orderId }, nowMs);
    expect(await opens(NOW_MS)).toEqual({ orderId, shopperId });
    expect(await opens(NOW_MS + LIMITS.orderLinkTtlMs - 1_000)).toEqual({ orderId, shopperId });
    expect(await opens(NOW_MS + LIMITS.orderLinkTtlMs)).toBeUndefined();
  });

  test("opens no other order, and serves no other purpose", async () => {
    const token = await signed("link");
    const other = `ord_00${"9".repeat(32)}`;
    expect(await verifyOrderToken(keys, "link", { token, orderId: other }, NOW_MS)).toBeUndefined();
    expect(await verifyOrderToken(keys, "access", { token, orderId }, NOW_MS)).toBeUndefined();
    const access = await signed("access");
    expect(await verifyOrderToken(keys, "link", { token: access, orderId }, NOW_MS)).toBeUndefined();
  });

  test("is no session, ticket or pass, not even under their key", async () => {
    const tokens = createTokens(keys, keys, new FakeClock(NOW_MS));
    for (const token of [await signed("link"), await signed("access")]) {
      for (const kind of [tokens.session, tokens.ticket, tokens.pass])
        expect(await kind.verify(token)).toBeUndefined();
    }
    const { token: session } = await tokens.session.sign({ sub: shopperId }, 60_000);
    expect(await verifyOrderToken(keys, "link", { token: session, orderId }, NOW_MS)).toBeUndefined();
  });

  test("a changed or a foreign one opens nothing", async () => {
    const token = await signed("link");
    const foreign = await signOrderToken(
      parseKeyset("LINK_KEYS", keysetOf(["l1", 4])),
      "link",
      { orderId, shopperId },
      NOW_MS,
    );
    for (const bad of [`${token}x`, token.slice(1), foreign, "", "x".repeat(LIMITS.urlMaxChars + 1)])
      expect(await verifyOrderToken(keys, "link", { token: bad, orderId }, NOW_MS)).toBeUndefined();
  });
});
