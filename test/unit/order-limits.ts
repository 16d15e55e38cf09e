import {
  type ClaimRow,
  decideClaim,
  decideReturn,
  isLive,
} from "../../durable-objects/limit-guard/decide.ts";
import type {
  LimitClaim,
  LimitClaimAnswer,
  LimitReturn,
  LimitReturnAnswer,
} from "../../schema/limit-guard.ts";
import { LIMITS } from "../../schema/limits.ts";

/** The LimitGuard: claims by identity, and what it remembers of those that were given back, of its real decisions. */
export class Limits {
  readonly claims = new Map<string, ClaimRow[]>();
  readonly #fences = new Map<string, { step: number; untilMs: number }>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  claim(item: LimitClaim): LimitClaimAnswer {
    const known = this.#knownOf(item);
    const { answer, write } = decideClaim(known, item, this.#nowMs());
    if (write) this.#keep(item, known.rows, write);
    return answer;
  }

  unclaim(item: LimitReturn): LimitReturnAnswer {
    const known = this.#knownOf(item);
    const { answer, change } = decideReturn(known, item, this.#nowMs());
    if (change === null) return answer;
    this.#keep(item, known.rows, change.row);
    const untilMs = this.#nowMs() + LIMITS.limitFenceMs;
    this.#fences.set(`${item.identity} ${item.claimId}`, { step: item.step, untilMs });
    return answer;
  }

  #knownOf({ identity, claimId }: { identity: string; claimId: string }) {
    const fence = this.#fences.get(`${identity} ${claimId}`);
    const isRemembered = fence !== undefined && fence.untilMs > this.#nowMs();
    return { rows: this.claims.get(identity) ?? [], fence: isRemembered ? fence.step : null };
  }

  /** As the object does, which takes the lapsed ones out as it goes. */
  #keep({ identity, claimId }: LimitReturn | LimitClaim, rows: ClaimRow[], row: ClaimRow | null): void {
    const others = rows.filter((one) => one.claimId !== claimId && isLive(one, this.#nowMs()));
    this.claims.set(identity, row ? [...others, row] : others);
  }
}
