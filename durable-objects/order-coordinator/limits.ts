import { type DropId, limitShardOf } from "../../schema/ids.ts";
import type {
  LimitClaim,
  LimitClaimAnswer,
  LimitReturn,
  LimitReturnAnswer,
} from "../../schema/limit-guard.ts";
import { stubs } from "../stubs.ts";

/** One of the objects that count a drop's units by identity. */
export type LimitApi = {
  claim(items: LimitClaim[]): Promise<LimitClaimAnswer[]>;
  giveBack(items: LimitReturn[]): Promise<LimitReturnAnswer[]>;
};

/** Where the claims of one identity are counted. */
export type Limits = (dropId: DropId, identity: string) => { key: string; api: LimitApi };

export function limitsOf(env: StateEnv): Limits {
  return (dropId, identity) => {
    const shard = limitShardOf(dropId, identity);
    return { key: `limit ${dropId} ${shard}`, api: stubs.limits(env, dropId, shard) };
  };
}
