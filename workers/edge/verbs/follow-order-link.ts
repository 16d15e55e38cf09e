import type { ShopperId } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import { signOrderToken, verifyOrderToken } from "../../order-link.ts";
import type { Act } from "../edge.ts";

/** Exchanges the link of a mail for what a device keeps of it: reading that one order for a day. Stores nothing. */
export async function followOrderLink(
  { edge }: Act,
  { orderId, token }: { orderId: string; token: string },
): Promise<Result<{ access: string }, Refusal<"order_link_invalid">>> {
  const nowMs = edge.clock.now();
  const opened = await verifyOrderToken(edge.linkKeys, "link", { token, orderId }, nowMs);
  if (opened === undefined) return refuse({ code: "order_link_invalid" });
  return ok({ access: await signOrderToken(edge.linkKeys, "access", opened, nowMs) });
}

/** Whose order this device may read, by what it kept of a link; undefined when it may not. */
export async function checkOrderAccess(
  { edge }: Act,
  { orderId, token }: { orderId: string; token: string },
): Promise<ShopperId | undefined> {
  const opened = await verifyOrderToken(edge.linkKeys, "access", { token, orderId }, edge.clock.now());
  return opened?.shopperId;
}
