import type { AuditedOrder } from "../../../schema/rpc/orders.ts";
import { basketsOf } from "./answers.ts";
import type { CommandGiven, Evidence } from "./evidence.ts";
import { type Violation, violation } from "./violation.ts";

type Asked<Kind extends CommandGiven["kind"]> = Extract<CommandGiven, { kind: Kind }>;

/** What was asked of orders after they were placed: what was acknowledged was done, once, and nothing else was. */
export function auditAfterSale({
  orders,
  skus,
  answers,
}: Pick<Evidence, "orders" | "skus" | "answers">): Violation[] {
  const asked = Map.groupBy(answers.commands, ({ orderId }) => orderId);
  const baskets = basketsOf(skus);
  return orders.flatMap((order) => {
    const commands = asked.get(order.orderId) ?? [];
    const rows = baskets.get(order.reservationId) ?? [];
    const unitsBack = rows.reduce((units, row) => units + row.returned, 0);
    return [
      ...auditCancel(order, ofKind(commands, "cancel")),
      ...auditRefunds(order, ofKind(commands, "refund"), unitsBack),
      ...auditShipments(order, ofKind(commands, "ship")),
    ];
  });
}

function ofKind<Kind extends CommandGiven["kind"]>(commands: CommandGiven[], kind: Kind): Asked<Kind>[] {
  return commands.filter((command): command is Asked<Kind> => command.kind === kind);
}

function auditCancel(order: AuditedOrder, asked: Asked<"cancel">[]): Violation[] {
  const { orderId, status, cancelReason } = order;
  const found: Violation[] = [];
  if (asked.some(({ isAcknowledged }) => isAcknowledged) && status !== "canceled")
    found.push(violation("acknowledgedLost", `${orderId} was canceled, but is ${status}`));
  const by = cancelReason === "by_shopper" ? "shopper" : cancelReason === "by_brand" ? "brand" : null;
  if (by !== null && !asked.some((command) => command.by === by))
    found.push(violation("integrity", `${orderId} is canceled by the ${by}, who never asked for it`));
  return found;
}

/** Of an order that stands: one that was canceled pays back everything, which the money's audit looks at. */
function auditRefunds(order: AuditedOrder, asked: Asked<"refund">[], unitsBack: number): Violation[] {
  const { orderId, status, refundedMinor } = order;
  if (status !== "confirmed") return [];
  const acknowledged = asked.filter(({ isAcknowledged }) => isAcknowledged);
  const [leastMinor, mostMinor] = [sum(acknowledged, "amountMinor"), sum(asked, "amountMinor")];
  const [leastUnits, mostUnits] = [sum(acknowledged, "unitsBack"), sum(asked, "unitsBack")];
  const found: Violation[] = [];
  if (refundedMinor < leastMinor)
    found.push(violation("acknowledgedLost", `${orderId}: of ${leastMinor} only ${refundedMinor} went back`));
  if (refundedMinor > mostMinor)
    found.push(violation("integrity", `${orderId}: ${refundedMinor} went back, asked for were ${mostMinor}`));
  if (unitsBack < leastUnits)
    found.push(
      violation("acknowledgedLost", `${orderId}: of ${leastUnits} units only ${unitsBack} came back`),
    );
  if (unitsBack > mostUnits)
    found.push(
      violation("integrity", `${orderId}: ${unitsBack} units came back, asked for were ${mostUnits}`),
    );
  return found;
}

function auditShipments(order: AuditedOrder, asked: Asked<"ship">[]): Violation[] {
  const { orderId, shipments, lines, status } = order;
  const found: Violation[] = [];
  const sent = shipments.map(({ trackingNumber }) => trackingNumber);
  for (const { trackingNumber, isAcknowledged } of asked) {
    if (isAcknowledged && !sent.includes(trackingNumber))
      found.push(violation("acknowledgedLost", `${orderId}: the shipment ${trackingNumber} is not there`));
  }
  for (const [index, trackingNumber] of sent.entries()) {
    const isAsked = asked.some((command) => command.trackingNumber === trackingNumber);
    if (!isAsked || sent.indexOf(trackingNumber) !== index)
      found.push(violation("integrity", `${orderId}: nobody asked for this shipment ${trackingNumber}`));
  }
  if (sent.length > 0 && status === "canceled")
    found.push(violation("integrity", `${orderId} was shipped, and is canceled`));
  for (const { skuId, quantity } of lines) {
    const units = shipments.flatMap((shipment) => shipment.lines.filter((line) => line.skuId === skuId));
    const shipped = units.reduce((total, line) => total + line.quantity, 0);
    if (shipped > quantity)
      found.push(violation("integrity", `${orderId}: ${shipped} of ${quantity} ${skuId} were shipped`));
  }
  return found;
}

function sum<Name extends "amountMinor" | "unitsBack">(list: Record<Name, number>[], name: Name): number {
  return list.reduce((total, item) => total + item[name], 0);
}
