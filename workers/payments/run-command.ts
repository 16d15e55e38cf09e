import type { BegunCommand, Outcome } from "../../schema/rpc/payments.ts";
import type { Deps } from "./deps.ts";
import { unknown } from "./gateways/port.ts";

/**
 * Carries out one begun command. Never throws: what an adapter throws may have come after the money moved, so it is
 * `unknown`. Past the life of its key a command is not sent, only looked up, whatever its mode says.
 */
export async function runCommand(
  command: BegunCommand,
  deps: Pick<Deps, "gateways" | "clock" | "log">,
): Promise<Outcome> {
  const { orderId, attempt, operation, mode } = command;
  const nowMs = deps.clock.now();
  const gateway = deps.gateways[command.gateway];
  try {
    if (mode === "resolve" || nowMs >= command.keyExpiresAtMs) return await gateway.resolve(command, nowMs);
    return await gateway[operation](command);
  } catch (error) {
    deps.log({
      level: "error",
      event: "gateway_adapter_threw",
      orderId,
      attempt,
      operation,
      error: String(error),
    });
    return unknown("adapter_threw");
  }
}
