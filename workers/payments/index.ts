import { answerMisconfigured } from "../misconfigured.ts";
import { createApp } from "./app.ts";
import { consumeCommands } from "./consume-commands.ts";
import { depsFrom } from "./deps.ts";
import { parkDeadLetters } from "./park-dead-letters.ts";

export { ForConsole } from "./for-console.ts";

/** One an isolate: it holds the lane in which webhooks travel together. */
let app: ReturnType<typeof createApp> | undefined;

export default {
  fetch(request, env, context) {
    try {
      app ??= createApp(depsFrom(env));
    } catch (error) {
      return answerMisconfigured(error);
    }
    return app.fetch(request, env, context);
  },

  /** What escapes from a consumer is not printed by the local runtime, so it is caught and logged here. */
  async queue(batch, env, context) {
    const deps = depsFrom(env);
    try {
      if (batch.queue === "dropline-payments") return await consumeCommands(batch.messages, deps, context);
      if (batch.queue === "dropline-payments-dead") return await parkDeadLetters(batch.messages, deps);
      throw new Error(`nobody consumes the queue ${batch.queue}`);
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      deps.log({
        level: "error",
        event: "queue_failed",
        queue: batch.queue,
        messages: batch.messages.length,
        error: reason,
      });
      batch.retryAll();
    }
  },
} satisfies ExportedHandler<PaymentsEnv>;
