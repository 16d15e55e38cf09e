import type { DropsAnswer } from "../../../schema/http.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { Unavailable } from "../../combine.ts";
import type { Act } from "../edge.ts";

/** The published drops, soonest first. From KV: up to a minute behind, and never decided from. */
export async function listDrops({ edge, lifetime }: Act): Promise<Result<DropsAnswer, Unavailable>> {
  const listed = await edge.dropList.get("all", lifetime);
  if (!listed.ok) return listed;
  return ok({ drops: listed.value.toSorted((a, b) => Date.parse(a.opensAt) - Date.parse(b.opensAt)) });
}
