import { randomUUID } from "node:crypto";
import {
  OrderAnswer,
  PassAnswer,
  type PaymentMethod,
  ReservationAnswer,
  SessionAnswer,
  TicketAnswer,
} from "../../schema/http.ts";
import { type Asked, ask, type Reply, told } from "./ask.ts";
import { eventually } from "./eventually.ts";
import type { World } from "./world.ts";

type Line = { skuId: string; quantity?: number };

/** The line closes a cohort by its alarm; to ask before it did would only fill the edge's one-second picture. */
const AFTER_CLOSE_MS = 120;

/** One shopper at the public API. The acts in the past tense must succeed; those in the imperative answer whatever comes. */
export class Shopper {
  readonly world: World;
  readonly session: string;
  readonly id: string;

  constructor(world: World, { session, shopperId }: SessionAnswer) {
    this.world = world;
    this.session = session;
    this.id = shopperId;
  }

  static async arrived(world: World): Promise<Shopper> {
    const reply = await ask(`${world.platform.urls.edge}/v1/sessions`, { method: "POST" });
    return new Shopper(world, told(reply, 201, SessionAnswer));
  }

  ask(path: string, asked: Asked = {}): Promise<Reply> {
    return ask(`${this.world.platform.urls.edge}/v1${path}`, { token: this.session, ...asked });
  }

  post(path: string, body: unknown, key: string | undefined = randomUUID()): Promise<Reply> {
    return this.ask(path, { method: "POST", body, key });
  }

  join = (dropId: string) => this.post(`/drops/${dropId}/tickets`, {});

  askPass = (dropId: string, ticket: string) =>
    this.ask(`/drops/${dropId}/passes`, { method: "POST", body: { ticket } });

  /** A basket; of one line, it is named by its SKU. */
  reserve(
    dropId: string,
    basket: { pass: string } & (Line | { lines: Line[] }),
    key?: string,
  ): Promise<Reply> {
    const { pass, ...line } = basket;
    const lines = "lines" in line ? line.lines : [line];
    return this.post(`/drops/${dropId}/reservations`, { pass, lines }, key);
  }

  giveBack = (dropId: string, reservationId: string) =>
    this.ask(`/drops/${dropId}/reservations/${reservationId}`, { method: "DELETE" });

  place(
    dropId: string,
    { reservationId }: { reservationId: string },
    payment: PaymentMethod,
    key?: string,
  ): Promise<Reply> {
    const contact = { email: "shopper@example.com" };
    return this.post(`/drops/${dropId}/orders`, { reservationId, contact, payment }, key);
  }

  look = (orderId: string) => this.ask(`/orders/${orderId}`);

  async joined(dropId: string): Promise<TicketAnswer> {
    return told(await this.join(dropId), 201, TicketAnswer);
  }

  /** With a pass, as soon as it is this shopper's turn. */
  async admitted(dropId: string): Promise<TicketAnswer & PassAnswer> {
    const ticket = await this.joined(dropId);
    return eventually(`a pass for ${dropId}`, async () => {
      if (Date.now() < ticket.cohortClosesAtMs + AFTER_CLOSE_MS) return undefined;
      const reply = await this.askPass(dropId, ticket.ticket);
      return { ...ticket, ...told(reply, 201, PassAnswer) };
    });
  }

  async held(dropId: string, skuId: string, quantity = 1): Promise<ReservationAnswer> {
    const { pass } = await this.admitted(dropId);
    return told(await this.reserve(dropId, { pass, skuId, quantity }), 201, ReservationAnswer);
  }

  /** In line, reserved, and ordered with a token of the gateway. */
  async orderedByToken(dropId: string, skuId: string, token = "tok_ok", quantity = 1): Promise<OrderAnswer> {
    const held = await this.held(dropId, skuId, quantity);
    return told(await this.place(dropId, held, { kind: "token", token }), 202, OrderAnswer);
  }

  /** The same up to the gateway's page. */
  async sentToPay(dropId: string, skuId: string): Promise<OrderAnswer & { paymentUrl: string }> {
    const held = await this.held(dropId, skuId);
    const placed = told(await this.place(dropId, held, { kind: "redirect" }), 202, OrderAnswer);
    return eventually("an address to pay at", async () => {
      const order = await this.seen(placed.orderId);
      return order.paymentUrl === null ? undefined : { ...order, paymentUrl: order.paymentUrl };
    });
  }

  async seen(orderId: string): Promise<OrderAnswer> {
    return told(await this.look(orderId), 200, OrderAnswer);
  }

  /** Until the order needs no more looking. */
  settled(orderId: string, withinMs?: number): Promise<OrderAnswer> {
    const probe = async () => {
      const order = await this.seen(orderId);
      if (order.pollAfterMs === null) return order;
      throw new Error(`it is ${order.status}, money ${order.money}`);
    };
    return eventually(`the end of ${orderId}`, probe, withinMs);
  }
}

/** Presses a button of the gateway's page, as a form post without JavaScript. */
export async function atGateway(paymentUrl: string, action: "pay" | "decline" | "cancel"): Promise<Reply> {
  return ask(paymentUrl, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: `action=${action}`,
  });
}
