import type { DropDocument } from "./drop-document.ts";
import type { Snapshot } from "./line.ts";

export type DropTimes = Pick<DropDocument, "lobbyOpensAt" | "opensAt" | "closesAt">;

/** A drop's times as they stand: as its document spells them, and in UTC where an operator opened or ended it by hand. */
export function timesAsTheyStand(
  document: DropTimes,
  snapshot: Pick<Snapshot, "lobbyOpensAtMs" | "opensAtMs" | "closesAtMs">,
): DropTimes {
  return {
    lobbyOpensAt: spelled(snapshot.lobbyOpensAtMs, document.lobbyOpensAt),
    opensAt: spelled(snapshot.opensAtMs, document.opensAt),
    closesAt: spelled(snapshot.closesAtMs, document.closesAt),
  };
}

const spelled = (atMs: number, inDocument: string) =>
  Date.parse(inDocument) === atMs ? inDocument : new Date(atMs).toISOString();
