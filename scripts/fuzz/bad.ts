import fc from "fast-check";
import type { Operation } from "./document.ts";
import type { Plan, Session } from "./plan.ts";
import { HOSTILE, KEYS, MEDIA, NASTY, TEXTS } from "./strange.ts";
import { twisted } from "./twisted.ts";

/** One thing about it is wrong or strange. */
export function bad(plan: Plan, operation: Operation): fc.Arbitrary<Plan> {
  const twists: fc.Arbitrary<Plan>[] = [
    fc.constantFrom(...HOSTILE).map((header) => ({ ...plan, headers: [header] })),
    fc
      .constantFrom("PUT", "PATCH", "DELETE", "POST", "GET", "HEAD", "OPTIONS", "TRACE")
      .filter((method) => method !== "TRACE")
      .map((method) => ({ ...plan, method })),
    fc
      .constantFrom(...NASTY.slice(0, 14))
      .map((tail) => ({ ...plan, path: `${plan.path}/${encodeURIComponent(tail.toWellFormed())}` })),
    fc
      .tuple(fc.constantFrom("a", "after", "limit", "q", "__proto__"), fc.constantFrom(...NASTY.slice(0, 15)))
      .map(([name, value]) => ({ ...plan, query: [...plan.query, [name, value]] as Plan["query"] })),
  ];
  if (operation.needsSession)
    twists.push(
      fc.constantFrom<Session>("none", "garbage", "another token").map((session) => ({ ...plan, session })),
    );
  for (const name of Object.keys(plan.params)) {
    twists.push(
      fc
        .constantFrom(...NASTY.slice(1, 15), "x".repeat(65), "UPPER")
        .map((value) => ({ ...plan, params: { ...plan.params, [name]: value } })),
    );
  }
  for (const { name, in: where } of operation.parameters) {
    if (where === "query")
      twists.push(
        fc
          .constantFrom(...NASTY)
          .map((value) => ({ ...plan, query: [[name, value], ...plan.query] as Plan["query"] })),
      );
  }
  if (plan.key !== null) twists.push(fc.constantFrom(...KEYS).map((key) => ({ ...plan, key })));
  if (operation.body !== null) {
    const body = twisted(plan.body).map((body) => ({ ...plan, body }));
    twists.push(body, body, body);
    twists.push(fc.constantFrom(...TEXTS).map((text) => ({ ...plan, text })));
    twists.push(fc.constantFrom(...MEDIA).map((mediaType) => ({ ...plan, mediaType })));
  } else if (plan.method !== "GET") {
    twists.push(
      fc
        .constantFrom("{", "x".repeat(20_000), "{}")
        .map((body) => ({ ...plan, body, mediaType: "application/json" })),
    );
  }
  return fc.oneof(...twists);
}
