import { createHash } from "node:crypto";
import type { DropId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { ticketIdOf } from "../../workers/edge/derive.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import { createTokens, type PassClaims, type TicketClaims } from "../../workers/edge/tokens.ts";
import { shopperIdOf } from "./plan.ts";

/** Somebody whose join was answered: gets a ticket. Times are milliseconds since 1970. */
export type Joined = { index: number; cohort: number; chunk: number; atMs: number };
/** Somebody who turned up with it: gets a pass. */
export type TurnedUp = { index: number; rank: number; atMs: number };

export type SigningFigures = {
  tickets: number;
  passes: number;
  /** Tokens that did not say what was signed, or that should have been refused and were not. */
  wrong: number;
  /** Altered, unsigned and expired tokens, and ones of the other kind, that were held up to the verifier to see it say no. */
  forgeries: number;
};

export type Signing = {
  join(people: Joined[]): Promise<void>;
  turnUp(people: TurnedUp[]): Promise<void>;
  finish(): Promise<SigningFigures>;
};

/** Every so manieth is tried with forged ones; and keeps its ticket until its turn comes. */
const FORGED_EVERY = 500;
const KEPT_EVERY = 20;

/** The edge's own tokens: each ticket signed when its join is answered and verified, each pass when its holder turns up. */
export function createSigning({ seed, dropId }: { seed: number; dropId: DropId }): Signing {
  const clock = { nowMs: 0, now: () => clock.nowMs, after: () => () => {}, turn: () => Promise.resolve() };
  const keys = (use: string) => {
    const secret = createHash("sha256").update(`${use}/${seed}`).digest("base64url");
    return parseKeyset(use, JSON.stringify([{ kid: `${use}-1`, secret }]));
  };
  const tokens = createTokens(keys("session"), keys("ticket"), clock);
  /** Cohort of each who has a ticket and no pass. */
  const cohorts = new Map<number, number>();
  const kept = new Map<number, string>();
  const figures: SigningFigures = { tickets: 0, passes: 0, wrong: 0, forgeries: 0 };

  async function ticketFor({ index, cohort, chunk, atMs }: Joined): Promise<void> {
    const sub = shopperIdOf(seed, index);
    const claims: TicketClaims = {
      sub,
      drop: dropId,
      tid: ticketIdOf(dropId, sub),
      coh: cohort,
      chk: chunk,
      mrk: createHash("sha256").update(sub).digest("hex").slice(0, 32),
    };
    clock.nowMs = atMs;
    const { token } = await tokens.ticket.sign(claims, LIMITS.ticketTtlMs);
    figures.tickets += 1;
    cohorts.set(index, cohort);
    if (index % KEPT_EVERY === 0) kept.set(index, token);
    clock.nowMs = atMs;
    const read = await tokens.ticket.verify(token);
    if (read?.tid !== claims.tid || read.coh !== cohort || read.sub !== sub) figures.wrong += 1;
    if (index % FORGED_EVERY === 0) await forge(token, atMs);
  }

  /** Everything that is no ticket of this house: each must be refused. */
  async function forge(token: string, atMs: number): Promise<void> {
    const [header = "", payload = "", signature = ""] = token.split(".");
    const better = encoded({ ...decoded(payload), coh: 0, chk: 0 });
    const other = `${signature[0] === "A" ? "B" : "A"}${signature.slice(1)}`;
    const unsigned = encoded({ ...decoded(header), alg: "none" });
    const forged = [
      `${header}.${payload}.${other}`,
      `${header}.${encoded({ ...decoded(payload), exp: 2 ** 40 })}.${signature}`,
      `${unsigned}.${payload}.`,
      ...(better === payload ? [] : [`${header}.${better}.${signature}`]),
    ];
    for (const ticket of forged) await refuse(() => tokens.ticket.verify(ticket), atMs);
    await refuse(() => tokens.pass.verify(token), atMs);
    await refuse(() => tokens.ticket.verify(token), atMs + LIMITS.ticketTtlMs);
  }

  async function refuse(verify: () => Promise<unknown>, atMs: number): Promise<void> {
    clock.nowMs = atMs;
    figures.forgeries += 1;
    if ((await verify()) !== undefined) figures.wrong += 1;
  }

  async function passFor({ index, rank, atMs }: TurnedUp): Promise<void> {
    const sub = shopperIdOf(seed, index);
    const cohort = cohorts.get(index);
    cohorts.delete(index);
    if (cohort === undefined) throw new Error("somebody turned up without a ticket");
    const ticket = kept.get(index);
    kept.delete(index);
    clock.nowMs = atMs;
    const shown = ticket === undefined ? undefined : await tokens.ticket.verify(ticket);
    if (ticket !== undefined && shown?.coh !== cohort) figures.wrong += 1;
    const tid = shown?.tid ?? ticketIdOf(dropId, sub);
    const claims: PassClaims = { sub, drop: dropId, tid, coh: cohort, rnk: rank, ims: atMs, idn: sub };
    clock.nowMs = atMs;
    const { token } = await tokens.pass.sign(claims, LIMITS.passTtlMs);
    figures.passes += 1;
    clock.nowMs = atMs;
    const read = await tokens.pass.verify(token);
    if (read?.tid !== tid || read.rnk !== rank) figures.wrong += 1;
  }

  /** One clock for all of a batch's tokens: each sets it right before it is read, so they go one at a time. */
  async function oneByOne<Person>(people: Person[], act: (person: Person) => Promise<void>): Promise<void> {
    for (const person of people) await act(person);
  }

  return {
    join: (people) => oneByOne(people, ticketFor),
    turnUp: (people) => oneByOne(people, passFor),
    finish: async () => figures,
  };
}

const decoded = (part: string) =>
  JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
const encoded = (claims: Record<string, unknown>) =>
  Buffer.from(JSON.stringify(claims)).toString("base64url");
