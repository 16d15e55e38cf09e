import { WorkerEntrypoint } from "cloudflare:workers";
import type { PaymentsForConsole } from "../../schema/preflight.ts";
import { Misconfigured } from "../misconfigured.ts";
import { probesFrom } from "./deps.ts";

/** What the console may ask here: how the gateways are. It gets no secret and can move no money. */
export class ForConsole extends WorkerEntrypoint<PaymentsEnv> implements PaymentsForConsole {
  async probeGateways() {
    try {
      const gateways = await Promise.all(Object.values(probesFrom(this.env)).map((probe) => probe()));
      return { misconfigured: null, gateways };
    } catch (error) {
      if (error instanceof Misconfigured) return { misconfigured: error.message, gateways: [] };
      throw error;
    }
  }
}
