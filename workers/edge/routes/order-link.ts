import { getCookie, setCookie } from "hono/cookie";
import { OrderId, type ShopperId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { ok, type Result } from "../../../schema/result.ts";
import { checkOrderAccess, followOrderLink } from "../verbs/follow-order-link.ts";
import { answerRefusal } from "./answer.tsx";
import { cookieOptions, readShopper } from "./caller.ts";
import { actOf, type C, type EdgeRefusal } from "./context.ts";
import { seeOther } from "./forms.ts";

const ACCESS_COOKIE = "dropline_order";

/**
 * `/orders/:order?access=...`, as a mail has it: leaves a cookie that goes to this order's page alone, and sends on to the
 * address without the token, so that it stays in no history and no Referer. Harmless to repeat, also by a mail scanner.
 */
export async function followLink(c: C): Promise<Response> {
  const orderId = OrderId.safeParse(c.req.param("order"));
  if (!orderId.success) return answerRefusal(c, { code: "order_not_found" });
  const token = c.req.query("access") ?? "";
  const followed = await followOrderLink(actOf(c), { orderId: orderId.data, token });
  if (!followed.ok) return answerRefusal(c, followed.refusal);
  const path = `/orders/${orderId.data}`;
  setCookie(c, ACCESS_COOKIE, followed.value.access, cookieOptions(c, path, LIMITS.orderAccessTtlMs));
  return seeOther(c, path);
}

/** Who reads an order's page: by what a link left on this device, or the shopper of the session. */
export async function readOrderReader(c: C): Promise<Result<ShopperId, EdgeRefusal>> {
  const token = getCookie(c, ACCESS_COOKIE);
  const orderId = c.req.param("order") ?? "";
  const shopperId = token === undefined ? undefined : await checkOrderAccess(actOf(c), { orderId, token });
  return shopperId === undefined ? readShopper(c) : ok(shopperId);
}
