import { LIMITS } from "../../schema/limits.ts";
import { ok } from "../../schema/result.ts";
import type { GatewayEvent } from "../../schema/rpc/payments.ts";
import { type Combiner, createCombiner, unavailable } from "../combine.ts";
import { callState } from "./call-state.ts";
import type { Deps } from "./deps.ts";

/** What gateways say, on its way to the coordinators: webhooks that come together travel together. */
export type Events = Combiner<null, GatewayEvent, boolean>;

/** One an isolate. An event that could not be handed on is `unavailable`, and its gateway sends it again. */
export function createEvents(deps: Pick<Deps, "state" | "clock" | "random" | "log">): Events {
  return createCombiner({
    clock: deps.clock,
    laneOf: () => "events",
    batchMax: LIMITS.batchItemsMax,
    call: async (_, events: GatewayEvent[]) => {
      try {
        return ok(await callState(deps, "gatewayEvents", (state) => state.gatewayEvents(events)));
      } catch {
        // callState has logged it.
        return unavailable();
      }
    },
  });
}
