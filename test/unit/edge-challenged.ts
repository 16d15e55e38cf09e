import { expect } from "vitest";
import type { PublishedDrop } from "../../schema/drop-document.ts";
import { OWN_KEYS } from "../../scripts/sandbox/turnstile/keys.ts";
import { createSiteverify, solve } from "../../scripts/sandbox/turnstile/siteverify.ts";
import { Siteverify } from "../../workers/edge/bots/siteverify.ts";
import { TUNING } from "../../workers/edge/tuning.ts";
import { type Caller, fakeEdge } from "./edge-fakes.ts";
import { DROP, documentOf, OPENS_AT } from "./edge-samples.ts";

export const TICKETS = `/v1/drops/${DROP}/tickets`;
export const PASSES = `/v1/drops/${DROP}/passes`;
export const RESERVATIONS = `/v1/drops/${DROP}/reservations`;
export const ADDRESS = { "CF-Connecting-IP": "198.51.100.7" };
export const WIDGET = { siteKey: OWN_KEYS.siteKey, scriptUrl: "https://challenges.example/api.js" };

export const HTML = "text/html,application/xhtml+xml";
export const NO_CONTEXT = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} } as never;

let nonces = 0;
export const solved = (changes: Partial<Parameters<typeof solve>[0]> = {}) =>
  solve({
    nonce: String(++nonces),
    hostname: "shop.example",
    action: "join",
    cdata: DROP,
    atMs: OPENS_AT,
    ...changes,
  });

/** An edge whose drop asks for a challenge, checked by the sandbox's stand-in with its real-like pair of keys. */
export function challenged(line: Record<string, unknown> = {}, isDown = () => false) {
  const siteverify = createSiteverify(() => OPENS_AT);
  const asked: { token: string; idempotencyKey: string }[] = [];
  const challenges = {
    isTest: false,
    async verify({ token, idempotencyKey }: { token: string; idempotencyKey: string }) {
      asked.push({ token, idempotencyKey });
      if (isDown()) throw new Error("no answer");
      const body = new URLSearchParams({
        secret: OWN_KEYS.secret,
        response: token,
        idempotency_key: idempotencyKey,
      });
      return Siteverify.parse(siteverify.answer("application/x-www-form-urlencoded", body.toString()).body);
    },
  };
  const deps = { challenges, widget: WIDGET };
  const published: PublishedDrop = {
    version: "a".repeat(64),
    publishedAtMs: 0,
    document: documentOf({ line: { challenge: "turnstile", ...line } }),
  };
  return { deps, published, asked };
}

export function challengedEdge(line: Record<string, unknown> = {}, isDown?: () => boolean) {
  const { deps, published, asked } = challenged(line, isDown);
  const edge = fakeEdge(deps);
  edge.state.published$ = published;
  return { ...edge, asked };
}

/** So many sessions of one script at one address: the last of them is taken for a bot. */
export async function script(edge: ReturnType<typeof fakeEdge>, count = TUNING.alikeFromAddressMax + 1) {
  const callers: (Caller & { ticket: string })[] = [];
  for (let at = 0; at < count; at++) {
    const caller = await edge.open();
    const { status, body } = await caller.post(TICKETS, {}, ADDRESS);
    expect(status).toBe(201);
    callers.push({ ...caller, ticket: body.ticket });
  }
  return callers;
}

export const claimsOf = (ticket: string) =>
  JSON.parse(Buffer.from(ticket.split(".")[1] ?? "", "base64url").toString()) as {
    tid: string;
    mrk: string;
  };
