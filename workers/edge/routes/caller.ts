import { getCookie, setCookie } from "hono/cookie";
import type { SessionAnswer } from "../../../schema/http.ts";
import type { DropId, ShopperId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { SessionClaims } from "../tokens.ts";
import { checkSession } from "../verbs/check-token.ts";
import { shedWrites } from "../verbs/shed.ts";
import { actOf, type C, type EdgeRefusal, originOf } from "./context.ts";

const SESSION_COOKIE = "dropline_session";

/** Who asks, by bearer token or by cookie. A token that is there and wrong is not made up for by a cookie. */
export async function readSession(c: C): Promise<Result<SessionClaims, EdgeRefusal>> {
  const authorization = c.req.header("Authorization");
  if (authorization === undefined) return checkSession(actOf(c), getCookie(c, SESSION_COOKIE));
  const bearer = /^Bearer +([\w.-]+)$/i.exec(authorization)?.[1];
  return bearer === undefined ? refuse({ code: "session_invalid" }) : checkSession(actOf(c), bearer);
}

export async function readShopper(c: C): Promise<Result<ShopperId, EdgeRefusal>> {
  const session = await readSession(c);
  return session.ok ? ok(session.value.sub) : session;
}

/**
 * Who writes. A cookie goes along with requests that another site made its visitor send: SameSite=Lax keeps it at home,
 * and what the browser says of the request's origin is checked beside that. Then the loose limit by shopper.
 */
export async function readWritingSession(c: C): Promise<Result<SessionClaims, EdgeRefusal>> {
  if (c.req.header("Authorization") === undefined && isCrossSite(c)) return refuse({ code: "cross_site" });
  const session = await readSession(c);
  if (!session.ok) return session;
  const shed = await shedWrites(actOf(c), session.value.sub);
  return shed.ok ? session : shed;
}

export async function readWriter(c: C): Promise<Result<ShopperId, EdgeRefusal>> {
  const session = await readWritingSession(c);
  return session.ok ? ok(session.value.sub) : session;
}

function isCrossSite(c: C): boolean {
  const site = c.req.header("Sec-Fetch-Site");
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  const origin = c.req.header("Origin");
  return site === undefined && origin !== undefined && origin !== originOf(c);
}

export function keepSession(c: C, { session }: SessionAnswer): void {
  setCookie(c, SESSION_COOKIE, session, cookieOptions(c, "/", LIMITS.sessionTtlMs));
}

/** Ticket and pass are kept a drop: each goes only to its own drop's pages, and no script can read it. */
export function keepToken(c: C, kind: "ticket" | "pass", dropId: DropId, token: string): void {
  const ttlMs = kind === "ticket" ? LIMITS.ticketTtlMs : LIMITS.passTtlMs;
  setCookie(c, tokenCookie(kind, dropId), token, cookieOptions(c, `/drops/${dropId}`, ttlMs));
}

export function keptToken(c: C, kind: "ticket" | "pass", dropId: DropId): string | undefined {
  return getCookie(c, tokenCookie(kind, dropId));
}

function tokenCookie(kind: "ticket" | "pass", dropId: DropId): string {
  return `dropline_${kind}_${dropId}`;
}

export function cookieOptions(c: C, path: string, ttlMs: number) {
  const secure = originOf(c).startsWith("https:");
  return { path, httpOnly: true, sameSite: "Lax", secure, maxAge: Math.floor(ttlMs / 1_000) } as const;
}
