import { createHash } from "node:crypto";
import type { OrderAnswer } from "../../../schema/http.ts";
import type { OrderId, ShopperId } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result } from "../../../schema/result.ts";
import { unavailable } from "../../combine.ts";
import type { Act } from "../edge.ts";
import { TUNING } from "../tuning.ts";
import { showOrder } from "./show-order.ts";

type Watched = { orderId: OrderId; shopperId: ShopperId; lastEventId: string | undefined };

const ID_CHARS = 22;

/**
 * A stream of server-sent events (WHATWG HTML 9.2): `order` with the order's answer, at once unless `Last-Event-ID` says that
 * the client has it, then whenever it reads otherwise than before; comments in between so that nobody takes the line for dead.
 * It looks as often as the answer itself asks to be looked at, in the same calls as everybody's polls. It ends when the
 * order is settled, or after `streamMaxMs`, to be taken up again; 204 tells a client that there is nothing more to come.
 */
export async function watchOrder(
  act: Act,
  { orderId, shopperId, lastEventId }: Watched,
): Promise<Result<Response, Refusal<"order_not_found" | "unavailable">>> {
  const first = await showOrder(act, { orderId, shopperId });
  if (!first.ok) return first;
  if (first.value.pollAfterMs === null && eventIdOf(first.value) === lastEventId) {
    return ok(new Response(null, { status: 204 }));
  }
  const giveBack = act.edge.streams.take(shopperId);
  if (giveBack === null) return unavailable("Too many streams here. Ask for the order itself.");
  const watching = watch(act, { orderId, shopperId, lastEventId }, first.value);
  const body = toStream(watching, giveBack);
  return ok(
    new Response(body, {
      headers: {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store, no-transform",
      },
    }),
  );
}

/** What a client has when it has this answer: the same for the same words, whichever isolate says them. */
export function eventIdOf(order: OrderAnswer): string {
  return createHash("sha256").update(JSON.stringify(order)).digest("base64url").slice(0, ID_CHARS);
}

type Watching = { chunks: AsyncGenerator<string, void>; stop(): void };

function watch(act: Act, watched: Watched, first: OrderAnswer): Watching {
  const { clock } = act.edge;
  let isStopped = false;
  let wake = () => {};

  const sleepUntil = (atMs: number) =>
    new Promise<void>((woken) => {
      const cancel = clock.after(Math.max(0, atMs - clock.now()), woken);
      wake = () => {
        cancel();
        woken();
      };
    });

  async function* chunks(): AsyncGenerator<string, void> {
    const endsAtMs = clock.now() + TUNING.streamMaxMs;
    let order = first;
    let told = watched.lastEventId;
    let saidAtMs = clock.now();
    yield `retry: ${TUNING.streamRetryMs}\n\n`;
    for (;;) {
      const id = eventIdOf(order);
      if (id !== told) {
        yield `event: order\nid: ${id}\ndata: ${JSON.stringify(order)}\n\n`;
        told = id;
        saidAtMs = clock.now();
      }
      if (order.pollAfterMs === null) return;
      const lookAtMs = clock.now() + order.pollAfterMs;
      while (clock.now() < lookAtMs) {
        await sleepUntil(Math.min(lookAtMs, endsAtMs, saidAtMs + TUNING.streamHeartbeatMs));
        if (isStopped || clock.now() >= endsAtMs) return;
        if (clock.now() < saidAtMs + TUNING.streamHeartbeatMs) continue;
        yield ": still here\n\n";
        saidAtMs = clock.now();
      }
      const looked = await showOrder(act, watched);
      if (looked.ok) order = looked.value;
      else if (looked.refusal.code === "order_not_found") return;
    }
  }

  return {
    chunks: chunks(),
    stop() {
      isStopped = true;
      wake();
    },
  };
}

/** As fast as it is read: a client that does not read is not looked for either. */
function toStream({ chunks, stop }: Watching, ended: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const next = await chunks.next();
      if (!next.done) return controller.enqueue(encoder.encode(next.value));
      ended();
      controller.close();
    },
    cancel() {
      ended();
      stop();
    },
  });
}
