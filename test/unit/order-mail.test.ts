import { expect, test } from "vitest";
import { ORDER_EVENT_TYPES } from "../../schema/events.ts";
import type { OrderRow } from "../../schema/tables.ts";
import { type MailedDrop, writeOrderMail } from "../../workers/console/mails/order-mail.tsx";

const order = (gateway = "sandbox") =>
  ({
    orderId: "ord_1",
    lines: [{ skuId: "runner-42", quantity: 2 }],
    charges: [],
    shipments: [],
    totalMinor: 12_900,
    refundedMinor: 0,
    currency: "EUR",
    money: "captured",
    cancelReason: null,
    gateway,
  }) as unknown as OrderRow;
const document = (mode: "test" | "live") =>
  ({ mode, skus: [{ id: "runner-42", name: "Runner <42>" }] }) as unknown as MailedDrop;
const link = "https://drops.shop.com/orders/ord_1?access=a";
const TEST_WORDS = "This is a test: nothing that was bought costs or ships anything.";

test.each(ORDER_EVENT_TYPES)(
  "%s of a drop in mode test says so in subject and text, and no other does",
  (type) => {
    const tested = writeOrderMail(type, { order: order(), document: document("test"), link });
    expect(tested.subject).toMatch(/^Test: /);
    for (const said of [tested.text, tested.html]) expect(said).toContain(TEST_WORDS);
    const live = writeOrderMail(type, { order: order("acme"), document: document("live"), link });
    expect(live.subject).not.toContain("Test");
    for (const said of [live.text, live.html]) expect(said).not.toContain(TEST_WORDS);
  },
);

test("SKUs go by their names, and by their ids where the document is not known", () => {
  const named = writeOrderMail("order.placed", { order: order(), document: document("test"), link });
  expect(named.text).toContain("2 × Runner <42>\n");
  expect(named.html).toContain("2 × Runner &lt;42&gt;");
  const bare = writeOrderMail("order.placed", { order: order(), document: null, link });
  expect(bare.text).toContain("2 × runner-42\n");
  expect(bare.subject).toMatch(/^Test: /);
});
