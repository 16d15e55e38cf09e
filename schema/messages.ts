import * as z from "zod";
import { OrderId } from "./ids.ts";

/** On the queue `dropline-payments`: "there is a command to begin". Everything else is asked for with `begin`. */
export const PaymentMessage = z.strictObject({ orderId: OrderId, attempt: z.int().min(1) });
export type PaymentMessage = z.infer<typeof PaymentMessage>;
