import type { DropAnswer } from "../../../schema/http.ts";
import type { Edge } from "../edge.ts";
import { TUNING } from "../tuning.ts";

/**
 * After how many seconds a page of an announced drop looks again, so that it takes its visitor on once the lobby is open;
 * undefined for any other. Past whatever was cached before the opening; sooner only where that is far
 * (`announcedRefreshMaxSeconds`), and never at once, whatever the clocks say. Each rendering draws a moment of its own: those
 * who share one that is cached come back as spread as they came.
 */
export function lobbyRefreshSeconds(
  { clock, random }: Pick<Edge, "clock" | "random">,
  { phase, lobbyOpensAt, opensAt }: Pick<DropAnswer, "phase" | "lobbyOpensAt" | "opensAt">,
): number | undefined {
  if (phase !== "announced") return undefined;
  const lobbyOpensAtMs = Date.parse(lobbyOpensAt);
  const lobbySeconds = (Date.parse(opensAt) - lobbyOpensAtMs) / 1_000;
  const spread = Math.min(
    TUNING.lobbyRefreshSpreadMaxSeconds,
    Math.max(TUNING.pageRefreshMinSeconds, lobbySeconds / 2),
  );
  const untilOpen = Math.max(0, (lobbyOpensAtMs - clock.now()) / 1_000) + TUNING.dropMaxAgeSeconds;
  return Math.ceil(Math.min(TUNING.announcedRefreshMaxSeconds, untilOpen) + random() * spread);
}
