import type { DropDocument } from "../../../schema/drop-document.ts";
import type { ShopperId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { ticketIdOf } from "../derive.ts";
import type { Act } from "../edge.ts";
import { countIdentity } from "./count-identity.ts";

/**
 * Takes one of the few joins of a drop that one mail, or one customer of the brand, may make: exactly, over all of the world,
 * since sessions are had for nothing. `person`: the digest of either. false: none is left. A session that comes again is the
 * same join.
 */
export function countJoin(
  act: Act,
  { id, closesAt }: DropDocument,
  { sub, person }: { sub: ShopperId; person: string },
) {
  return countIdentity(act, {
    identity: `joins-by:${id}:${person}`,
    claimId: ticketIdOf(id, sub),
    max: LIMITS.joinsByPersonMax,
    untilMs: Date.parse(closesAt),
  });
}
