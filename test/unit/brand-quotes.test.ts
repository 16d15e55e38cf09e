import { expect, test, vi } from "vitest";
import type { DropId, ReservationId } from "../../schema/ids.ts";
import { postedQuotes } from "../../workers/edge/checkout/brand-quotes.ts";

const shippingAddress = { name: "A", line1: "1 Street", city: "Ulm", postalCode: "89073", country: "DE" };
const request = {
  drop: "a-drop" as DropId,
  reservation: "rsv_1" as ReservationId,
  lines: [],
  subtotalMinor: 0,
  currency: "EUR",
  shippingAddress,
};

test("a brand's address is judged again at each call: one that no drop may name is never called", async () => {
  const fetch = vi.fn(async () => Response.json({ quote: "a.b.c" }));
  const { ask } = postedQuotes(fetch as typeof globalThis.fetch);
  const toLoopback = false;
  for (const url of ["https://169.254.169.254/", "http://shop.example.org/", "http://127.0.0.1:9000/quote"]) {
    await expect(ask(url, request, { toLoopback })).rejects.toThrow("the address for quotes");
  }
  expect(fetch).not.toHaveBeenCalled();
  expect(await ask("http://127.0.0.1:9000/quote", request, { toLoopback: true })).toBe("a.b.c");
  expect(await ask("https://quotes.shop.com/quote", request, { toLoopback })).toBe("a.b.c");
  expect(fetch).toHaveBeenLastCalledWith(
    "https://quotes.shop.com/quote",
    expect.objectContaining({ redirect: "manual" }),
  );
});
