import { WorkerEntrypoint } from "cloudflare:workers";
import { type OrderId, shardOfOrder } from "../../schema/ids.ts";
import type { PaymentMessage } from "../../schema/messages.ts";
import type { PaymentsApi } from "../../schema/rpc/entrypoints.ts";
import type { GatewayEvent, ReportItem } from "../../schema/rpc/payments.ts";
import { stubs } from "../stubs.ts";
import { withRetry } from "./retry.ts";

/** What the payments Worker may do: begin commands, report on them, and pass on what gateways say. */
export class ForPayments extends WorkerEntrypoint<StateEnv> implements PaymentsApi {
  begin(messages: PaymentMessage[]) {
    return this.#byShard(messages, (shard, items) =>
      withRetry(() => stubs.orders(this.env, shard).begin(items)),
    );
  }

  report(items: ReportItem[]) {
    return this.#byShard(items, (shard, ours) => withRetry(() => stubs.orders(this.env, shard).report(ours)));
  }

  gatewayEvents(events: GatewayEvent[]) {
    return this.#byShard(events, (shard, ours) =>
      withRetry(() => stubs.orders(this.env, shard).gatewayEvents(ours)),
    );
  }

  /** One call a shard, all at once; answers in the order of the items. */
  async #byShard<Item extends { orderId: OrderId }, Answer>(
    items: Item[],
    call: (shard: number, items: Item[]) => Promise<Answer[]>,
  ): Promise<Answer[]> {
    const shards = Map.groupBy(items.entries(), ([, item]) => shardOfOrder(item.orderId));
    const answers: Answer[] = [];
    await Promise.all(
      [...shards].map(async ([shard, entries]) => {
        const ours = await call(
          shard,
          entries.map(([, item]) => item),
        );
        for (const [at, [index]] of entries.entries()) answers[index] = ours[at] as Answer;
      }),
    );
    return answers;
  }
}
