import type { OrderId } from "../../schema/ids.ts";
import type { PaymentMessage } from "../../schema/messages.ts";
import type { BegunCommand, GatewayEvent, ReportItem } from "../../schema/rpc/payments.ts";
import { must } from "./order-checks.ts";
import { Gateway, type Payment } from "./order-gateway.ts";
import type { Post } from "./order-post.ts";
import type { Coordinator } from "./order-process.ts";

type Around = {
  post: Post;
  nowMs(): number;
  /** The one that lives now. */
  coordinator(): Coordinator;
  /** All of them at one time: only such an order may be captured. */
  hadItsUnits(orderId: OrderId): boolean;
};

/** The gateway, and between it and the coordinator the queue with its consumers, and the webhooks. */
export class Payments {
  readonly gateway: Gateway;
  readonly capturesOf = new Map<OrderId, number>();
  /** The gateway answers nothing readable to anybody. */
  isOut = false;
  readonly #around: Around;

  constructor(around: Around) {
    this.#around = around;
    this.gateway = new Gateway({
      announce: (event) => this.#announce(event),
      onCapture: (payment) => this.#onCapture(payment),
    });
  }

  send(messages: PaymentMessage[]): void {
    const { post, coordinator } = this.#around;
    for (const message of messages) {
      post.parcels.push({
        label: `message ${message.orderId.at(-1)}:${message.attempt}`,
        arrive: () => this.#consume(coordinator().begin(message)),
        lose: () => {},
      });
    }
  }

  #consume(command: BegunCommand | null): void {
    if (!command) return;
    const { orderId: id, attempt } = command;
    const { post, coordinator, nowMs } = this.#around;
    const label = `${command.mode} ${command.operation} of ${id.at(-1)}:${attempt}`;
    const report = (outcome: ReportItem["outcome"]) =>
      post.parcels.push({
        label: `report ${label}: ${outcome.kind}`,
        arrive: () =>
          coordinator().report([{ orderId: id, attempt, outcome }], (next) => this.#consume(next)),
        lose: () => {},
      });
    const giveUp = () => report({ kind: "unknown", reason: "timeout" });
    post.parcels.push({
      label,
      arrive: (mood) => {
        const outcome = this.gateway.run(command, this.isOut ? "dead" : mood, nowMs());
        post.parcels.push({
          label: `answer to ${label}: ${outcome.kind}`,
          arrive: () => report(outcome),
          lose: giveUp,
        });
      },
      lose: giveUp,
    });
  }

  #announce(event: GatewayEvent): void {
    const isGhost = this.gateway.payments.get(event.paymentRef ?? "")?.isGhost ?? false;
    this.#around.post.parcels.push({
      label: `webhook ${event.kind} ${event.paymentRef ?? event.sessionRef} of ${event.orderId.at(-1)}`,
      arrive: () => this.#around.coordinator().gatewayEvent(event),
      lose: () => {},
      // Nobody but this webhook knows of such money.
      isLossless: isGhost,
    });
  }

  #onCapture(payment: Payment): void {
    const captures = (this.capturesOf.get(payment.orderId) ?? 0) + 1;
    this.capturesOf.set(payment.orderId, captures);
    must(captures === 1, "an order is captured twice");
    must(this.#around.hadItsUnits(payment.orderId), "captured without a unit");
  }
}
