import { LIMITS } from "../../schema/limits.ts";
import { type Facts, holdEndsMs, nameOf, next } from "./decide.ts";
import type { StockEffect } from "./records.ts";

/** The earliest instant at which this order needs the alarm. An order that waits for nobody has none. */
export function dueAtMs(facts: Facts, effect: StockEffect, nowMs: number): number | null {
  const todo = next(facts);
  const due = [facts.open?.nextAtMs, holdEndsMs(facts)].filter((atMs) => typeof atMs === "number");
  // The drive that follows this write takes up what is new; the alarm does it only if that drive died.
  const resumeAtMs = nowMs + LIMITS.effectRetryBaseMs;
  if (todo.kind === "stock") due.push(effect.act === nameOf(todo.act, facts) ? effect.retryAtMs : resumeAtMs);
  if (todo.kind === "command") due.push(resumeAtMs);
  return due.length === 0 ? null : Math.min(...due);
}
