import { join } from "node:path";
import type { V4WorkerOptions } from "miniflare";
import { ROOT } from "./bundle.ts";

const FILES_SCRIPT = "dropline-files";

/**
 * Takes Miniflare's two slow stand-ins away from a Worker. The static files move to a script of their own that only `env.ASSETS`
 * reaches: no router stands before the Worker, and none answers for it. The rate limits are counted in the Worker's own
 * isolate, in the same windows, as cheaply as production's: instead of a call and a row written for each.
 */
export function lean(worker: V4WorkerOptions): V4WorkerOptions[] {
  const { assets, ratelimits = {}, ...rest } = worker;
  const files = assets === undefined ? {} : { ASSETS: FILES_SCRIPT };
  const serviceBindings = { ...rest.serviceBindings, ...files };
  const workers = [withLimits({ ...rest, serviceBindings } as V4WorkerOptions, ratelimits)];
  const { compatibilityDate } = worker;
  if (assets !== undefined) {
    const { binding: _binding, ...unbound } = assets;
    workers.push({
      name: FILES_SCRIPT,
      modulesRoot: ROOT,
      modules: [{ type: "ESModule", path: join(ROOT, `${FILES_SCRIPT}.js`), contents: NOTHING }],
      compatibilityDate,
      assets: unbound,
    } as V4WorkerOptions);
  }
  return workers;
}

type Limits = NonNullable<V4WorkerOptions["ratelimits"]>;

/** An entry before the Worker's own hands it an environment with the limits in it. */
function withLimits(worker: V4WorkerOptions, ratelimits: Limits): V4WorkerOptions {
  const limits = Object.entries(ratelimits).map(([binding, { simple }]) => [binding, simple]);
  if (limits.length === 0) return worker;
  const { modules, name } = worker as { modules: { path: string }[]; name: string };
  const entry = `
import worker from "./${name}.js";
export * from "./${name}.js";
${COUNTER}
const limits = Object.fromEntries(${JSON.stringify(limits)}.map(([binding, simple]) => [binding, counter(simple)]));
let wider;
export default { fetch: (request, env, context) => worker.fetch(request, (wider ??= { ...env, ...limits }), context) };`;
  const path = join(ROOT, `${name}-lean.js`);
  return { ...worker, modules: [{ type: "ESModule", path, contents: entry }, ...modules] } as V4WorkerOptions;
}

const NOTHING = "export default { fetch: () => new Response(null, { status: 404 }) };";

const COUNTER = `
function counter({ limit, period }) {
  let epoch = 0;
  let counts = new Map();
  return {
    async limit({ key }) {
      const now = Math.floor(Date.now() / (period * 1000));
      if (now !== epoch) [epoch, counts] = [now, new Map()];
      const count = counts.get(key) ?? 0;
      if (count >= limit) return { success: false };
      counts.set(key, count + 1);
      return { success: true };
    },
  };
}`;
