import { WorkerEntrypoint } from "cloudflare:workers";
import { DropId } from "../../schema/ids.ts";
import type { SnapshotResult } from "./deps.ts";
import { TUNING } from "./tuning.ts";

/**
 * The snapshot for this Worker's own isolates, by a fetch to itself: Workers Cache stands in front of it, so that however
 * many isolates ask, an object is called about once a second in each tier of the cache. Where no cache stands there (as
 * locally) each isolate's call goes through. No route leads here.
 */
export class Snapshots extends WorkerEntrypoint<EdgeEnv> {
  override async fetch(request: Request): Promise<Response> {
    const dropId = DropId.parse(new URL(request.url).pathname.slice(1));
    const answer: SnapshotResult = await this.env.STATE.snapshot(dropId);
    const kept = answer.ok ? `public, max-age=${TUNING.snapshotMaxAgeSeconds}` : "no-store";
    return Response.json(answer, { headers: { "Cache-Control": kept } });
  }
}
