import { createApp } from "./app.ts";
import { depsFrom } from "./deps.ts";

const app = createApp(depsFrom);

export default { fetch: app.fetch } satisfies ExportedHandler<ConsoleEnv>;
