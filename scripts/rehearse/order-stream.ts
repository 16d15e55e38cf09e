import { OrderAnswer } from "../../schema/http.ts";
import type { Visitor } from "./shopper.ts";
import { noteUnexpected } from "./traffic.ts";
import type { World } from "./world.ts";

/**
 * Follows an order by its stream of events until that ends or breaks off; answers what was told last, null of nothing. Each
 * event is held against the shape of the order's answer.
 */
export async function watch(
  { address, session, giveUpMs }: Visitor,
  world: World,
  orderId: string,
): Promise<OrderAnswer | null> {
  const request = { method: "GET", path: `/v1/orders/${orderId}/events`, address, session } as const;
  let last: OrderAnswer | null = null;
  for await (const data of world.client.events("events", request, giveUpMs)) {
    const told = OrderAnswer.safeParse(parseJson(data));
    if (told.success) last = told.data;
    else noteUnexpected(world.client.traffic, `events: ${data.slice(0, 200)}`);
  }
  return last;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
