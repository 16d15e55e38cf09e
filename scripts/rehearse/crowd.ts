import { setTimeout as sleep } from "node:timers/promises";
import type { ShopperPlan } from "./plan.ts";
import { shop } from "./shopper.ts";
import type { World } from "./world.ts";

/**
 * Everybody's visit. People who wait cost a timer here and nothing at the shop: what is bounded is the requests under way
 * (see the client). Every visit ends by its own bounds.
 */
export async function playCrowd(plans: ShopperPlan[], world: World, seed: number): Promise<void> {
  const { tally } = world;
  tally.expected = plans.length;
  await Promise.all(
    plans.map(async (plan) => {
      await untilArrival(plan, world);
      tally.expected -= 1;
      tally.here += 1;
      const ending = await shop(plan, world, seed);
      tally.here -= 1;
      tally.endings[ending] = (tally.endings[ending] ?? 0) + 1;
    }),
  );
}

async function untilArrival({ arrival }: ShopperPlan, world: World): Promise<void> {
  if (arrival.at === "restart") {
    await world.restarts.after(arrival.restart);
    await sleep(arrival.offsetMs);
    return;
  }
  const startMs = arrival.at === "lobby" ? world.gatherAtMs : world.opensAtMs;
  await sleep(Math.max(0, startMs + arrival.offsetMs - Date.now()));
}
