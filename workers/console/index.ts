import { parkMessages } from "../queue/park.ts";
import { createApp } from "./app.ts";
import { depsFrom, notifyDepsFrom } from "./deps.ts";
import { consumeNotifications, NOTIFICATIONS } from "./notify/consume-notifications.ts";
import { sweep } from "./notify/sweep.ts";
import { runDeliveries, WEBHOOKS } from "./webhooks/run-deliveries.ts";

const app = createApp(depsFrom);

const DEAD = `${NOTIFICATIONS}-dead`;

/** The brand's API, and what tells others: the queues of notifications, and the cron that loses none of them. */
export default {
  fetch: app.fetch,

  /** What escapes from a consumer is not printed by the local runtime, so it is caught and logged here. */
  async queue(batch, env) {
    const { queue, messages } = batch;
    try {
      const deps = notifyDepsFrom(env);
      if (queue === NOTIFICATIONS) return await consumeNotifications(messages, deps);
      if (queue === WEBHOOKS) return await runDeliveries(messages, deps);
      if (queue === DEAD) return await parkMessages(messages, { queue, deps });
      throw new Error(`nobody consumes the queue ${queue}`);
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      console.error(JSON.stringify({ level: "error", event: "queue_failed", queue, error: reason }));
      batch.retryAll();
    }
  },

  async scheduled(_controller, env) {
    await sweep(notifyDepsFrom(env));
  },
} satisfies ExportedHandler<ConsoleEnv>;
