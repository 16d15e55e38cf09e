import * as z from "zod";
import { LIMITS } from "../../schema/limits.ts";
import type { GatewayProbe } from "../../schema/preflight.ts";
import type { PaymentsApi } from "../../schema/rpc/entrypoints.ts";
import type { GatewayName } from "../../schema/statuses.ts";
import { type Clock, systemClock } from "../combine.ts";
import { requireSecrets } from "../misconfigured.ts";
import { d1Parking, type Parking } from "../queue/store.ts";
import type { Gateway } from "./gateways/port.ts";
import { sandboxGateway } from "./gateways/sandbox.ts";
import { probeSandbox } from "./gateways/sandbox-probe.ts";

export type LogEntry = { level: "info" | "warn" | "error"; event: string; [field: string]: unknown };

/** Everything outside of this Worker. Tests give their own; `depsFrom` is the only place that touches bindings. */
export type Deps = {
  state: PaymentsApi;
  gateways: Record<GatewayName, Gateway>;
  parking: Parking;
  webhookSecrets: Record<GatewayName, string>;
  clock: Clock;
  /** Gateway calls under way at once in one batch. */
  gatewayConcurrency: number;
  /** In [0, 1), for jitter only. */
  random(): number;
  /** One JSON line. Ids and codes, never tokens, contacts or secrets. */
  log(entry: LogEntry): void;
};

const GatewayConcurrency = z.coerce.number().int().min(1).max(LIMITS.gatewayConcurrencyMax);

/** Wires the Worker's bindings. @throws Misconfigured when a secret is missing or malformed. */
export function depsFrom(env: PaymentsEnv): Deps {
  requireSecrets("payments", env);
  const log = (entry: LogEntry) => console[entry.level](JSON.stringify(entry));
  return {
    state: env.STATE,
    gateways: {
      sandbox: sandboxGateway({
        url: env.SANDBOX_URL,
        apiKey: env.SANDBOX_API_KEY,
        fetch: (...request) => fetch(...request),
        log,
      }),
    },
    parking: d1Parking(env.DB),
    webhookSecrets: { sandbox: env.SANDBOX_WEBHOOK_SECRET },
    clock: systemClock,
    gatewayConcurrency: GatewayConcurrency.parse(env.GATEWAY_CONCURRENCY),
    random: () => Math.random(),
    log,
  };
}

/** How each gateway is asked whether it answers. @throws Misconfigured when a secret is missing or malformed. */
export function probesFrom(env: PaymentsEnv): Record<GatewayName, () => Promise<GatewayProbe>> {
  requireSecrets("payments", env);
  const wire = { url: env.SANDBOX_URL, apiKey: env.SANDBOX_API_KEY };
  return {
    sandbox: () => probeSandbox({ ...wire, fetch: (...request) => fetch(...request) }, systemClock.now),
  };
}
