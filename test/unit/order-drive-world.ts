import type { Act } from "./order-acts.ts";
import { World } from "./order-world.ts";
import { OPENS_AT_MS, orderId } from "./sku-stock-fakes.ts";

/** An order's numbers begin above its clock, so that one that was forgotten never counts an earlier number again. */
export const FIRST_STEP = OPENS_AT_MS + 1;

/** Lets the parcel whose label begins so arrive, or meet another fate. */
export async function handle(
  world: World,
  label: string,
  act: "deliver" | "lose" | "duplicate" | "detach" = "deliver",
  mood: "fine" | "decline" | "dead" = "fine",
) {
  const pick = world.post.parcels.findIndex((parcel) => parcel.label.startsWith(label));
  if (pick < 0)
    throw new Error(`nothing called "${label}" is on its way: ${world.post.parcels.map((one) => one.label)}`);
  await world.play({ act, pick, mood });
}
export const play = async (world: World, ...acts: Act[]) => {
  for (const act of acts) await world.play(act);
};
export const reserveAndPlace: Act[] = [
  { act: "reserve", pick: 1 },
  { act: "place", pick: 1 },
];
export const ours = (world: World) => {
  const record = world.store.load(orderId(2));
  if (!record) throw new Error("the order is gone");
  return record;
};

/** An order (by token) whose unit is pinned and whose authorize waits to be begun. */
export async function placed(): Promise<World> {
  const world = new World();
  await play(world, ...reserveAndPlace);
  await handle(world, "pin to");
  await handle(world, "pin: pinned");
  return world;
}

export const UNCLAIMED = ["unclaim", "unclaim: done"];
