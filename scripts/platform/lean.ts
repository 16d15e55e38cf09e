import { join } from "node:path";
import type { V4WorkerOptions } from "miniflare";
import { ROOT } from "./bundle.ts";

const FILES_SCRIPT = "dropline-files";
const LIMITS_SCRIPT = "dropline-limits";

/**
 * Takes Miniflare's two slow stand-ins away from a Worker. The static files move to a script of their own that only `env.ASSETS`
 * reaches: no router stands before the Worker, and none answers for it. The rate limits are counted in memory, in the same
 * windows, instead of a row written for each call.
 */
export function lean(worker: V4WorkerOptions): V4WorkerOptions[] {
  const { assets, ratelimits = {}, ...rest } = worker;
  const limits = Object.entries(ratelimits).map(([binding, { simple }]) => [
    binding,
    { name: LIMITS_SCRIPT, entrypoint: "Limit", props: simple },
  ]);
  const files = assets === undefined ? {} : { ASSETS: FILES_SCRIPT };
  const serviceBindings = { ...rest.serviceBindings, ...files, ...Object.fromEntries(limits) };
  const workers = [{ ...rest, serviceBindings } as V4WorkerOptions];
  const { compatibilityDate } = worker;
  if (assets !== undefined) {
    const { binding: _binding, ...unbound } = assets;
    workers.push({ ...script(FILES_SCRIPT, NOTHING), compatibilityDate, assets: unbound } as V4WorkerOptions);
  }
  if (limits.length > 0)
    workers.push({ ...script(LIMITS_SCRIPT, LIMITS), compatibilityDate } as V4WorkerOptions);
  return workers;
}

function script(name: string, contents: string) {
  return {
    name,
    modulesRoot: ROOT,
    modules: [{ type: "ESModule", path: join(ROOT, `${name}.js`), contents }],
  };
}

const NOTHING = "export default { fetch: () => new Response(null, { status: 404 }) };";

const LIMITS = `
import { WorkerEntrypoint } from "cloudflare:workers";
const windows = new Map();
export default { fetch: () => new Response(null, { status: 404 }) };
export class Limit extends WorkerEntrypoint {
  async limit({ key }) {
    const { limit, period } = this.ctx.props;
    const epoch = Math.floor(Date.now() / (period * 1000));
    let counts = windows.get(period);
    if (counts?.epoch !== epoch) windows.set(period, (counts = { epoch, byKey: new Map() }));
    const slot = limit + ":" + key;
    const count = counts.byKey.get(slot) ?? 0;
    if (count >= limit) return { success: false };
    counts.byKey.set(slot, count + 1);
    return { success: true };
  }
}`;
