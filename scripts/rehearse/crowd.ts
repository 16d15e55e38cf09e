import type { ShopperPlan } from "./plan.ts";
import { shop } from "./shopper.ts";
import type { World } from "./world.ts";

/**
 * Everybody's visit. People who wait cost a timer here and nothing at the shop: what is bounded is the requests under way
 * (see the client). Every visit ends by its own bounds.
 */
export async function playCrowd(plans: ShopperPlan[], world: World, seed: number): Promise<void> {
  const { tally } = world;
  await Promise.all(
    plans.map(async (plan) => {
      tally.here += 1;
      const ending = await shop(plan, world, seed);
      tally.here -= 1;
      tally.endings[ending] = (tally.endings[ending] ?? 0) + 1;
    }),
  );
}
