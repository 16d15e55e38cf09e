import { afterAll, beforeAll } from "vitest";
import { claimsOfBaskets } from "./claims/basket.ts";
import { claimsOfPurchases } from "./claims/purchase.ts";
import { claimsOfStock } from "./claims/stock.ts";
import { claimsOfWrites } from "./claims/write.ts";
import { startWorld, type World } from "./world.ts";

// One platform for four sets of claims: most of their time is waiting, and they wait together.
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

claimsOfStock(() => world);
claimsOfPurchases(() => world);
claimsOfBaskets(() => world);
claimsOfWrites(() => world);
