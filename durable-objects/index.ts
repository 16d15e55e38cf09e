import { knockOnAll } from "./knocking/knock.ts";

export { DropQueue } from "./drop-queue/drop-queue.ts";
export { ForConsole } from "./entrypoints/for-console.ts";
export { ForEdge } from "./entrypoints/for-edge.ts";
export { ForPayments } from "./entrypoints/for-payments.ts";
export { LimitGuard } from "./limit-guard/limit-guard.ts";
export { OrderCoordinator } from "./order-coordinator/order-coordinator.ts";
export { SkuStock } from "./sku-stock/sku-stock.ts";

/** The state script has no route: it is reached by RPC alone, and by the cron that wakes what should have woken. */
export default {
  async scheduled(controller, env) {
    await knockOnAll(env, controller.scheduledTime);
  },
} satisfies ExportedHandler<StateEnv>;
