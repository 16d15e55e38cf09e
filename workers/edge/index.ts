import { answerMisconfigured } from "../misconfigured.ts";
import { createApp } from "./app.ts";
import { depsFrom } from "./deps.ts";

export { ForConsole } from "./for-console.ts";
export { Snapshots } from "./snapshots.ts";

let app: ReturnType<typeof createApp> | undefined;

export default {
  fetch(request, env, context) {
    try {
      app ??= createApp(depsFrom(env, (context.exports as { Snapshots?: Fetcher }).Snapshots));
    } catch (error) {
      return answerMisconfigured(error);
    }
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<EdgeEnv>;
