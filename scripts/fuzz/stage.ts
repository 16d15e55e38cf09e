import { ConsoleClient } from "../rehearse/console-client.ts";
import { defaultOptions } from "../rehearse/options.ts";
import { buildStage, type Stage } from "../rehearse/stage.ts";
import { fuzzDrops } from "./drops.ts";
import type { Options } from "./options.ts";
import { Watch } from "./watch.ts";

export type Target = { url: string; watch: Watch | null; stop(): Promise<void> };

/** The shop to play against: the one at `--url`, or one of its own with drops in several states. */
export async function buildTarget(options: Options, onStop: (stop: Stage["stop"]) => void): Promise<Target> {
  const { url, console } = options;
  if (url !== null) {
    const watch = console === null ? null : new Watch(url, console.url, console.token);
    return { url, watch, stop: async () => {} };
  }
  const stage = await buildStage(defaultOptions({ seed: options.seed }), onStop);
  const { edge, console: consoleUrl } = stage.urls;
  const operator = new ConsoleClient(consoleUrl, stage.secrets.operatorToken);
  for (const document of fuzzDrops(Date.now())) await operator.publish(document);
  return { url: edge, watch: new Watch(edge, consoleUrl, stage.secrets.operatorToken), stop: stage.stop };
}
