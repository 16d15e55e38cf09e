import * as z from "zod";
import { Handle } from "../../../schema/catalog.ts";
import type { IdempotencyKey } from "../../../schema/http.ts";
import { DropId, OrderId, ReservationId, type ShopperId, SkuId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Refusal, RefusalCode } from "../../../schema/refusals.ts";
import type { Result } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import type { SessionClaims } from "../tokens.ts";
import { TUNING } from "../tuning.ts";

/**
 * One route of `/v1`, declared once: the same shapes check what comes in (`routes/serve.ts`), are told in `/openapi.json`
 * (`document.ts`) and type the client (`client.ts`). What its verb may refuse and answers must fit, or it does not compile.
 */

export type Method = "get" | "post" | "delete";

/** `anybody`: no session is looked at; `reader`: a session; `writer`: a session, no other site's doing, and not too often. */
export type Caller = "anybody" | "reader" | "writer";

/** Written in one way only, so that nobody finds the same part under several addresses, each to be fetched anew. */
const number = (below: number) =>
  z
    .string()
    .max(String(below).length)
    .regex(/^(0|[1-9]\d*)$/)
    .transform(Number)
    .refine((value) => value < below)
    .meta({
      type: "integer",
      minimum: 0,
      maximum: below - 1,
      maxLength: undefined,
      pattern: undefined,
    });

/** A part of a path: what it is called in a verb's input, its shape, and what is told when it cannot be one. */
export const PATH_PARTS = {
  drop: { as: "dropId", shape: DropId, refusal: "drop_not_found", about: "The drop's id" },
  order: { as: "orderId", shape: OrderId, refusal: "order_not_found", about: "The order's id" },
  reservation: {
    as: "reservationId",
    shape: ReservationId,
    refusal: "reservation_not_found",
    about: "The reservation's id",
  },
  /** An entry has the id of the reservation that its offer will be. */
  entry: {
    as: "reservationId",
    shape: ReservationId,
    refusal: "waiting_entry_not_found",
    about: "The entry's reservationId",
  },
  handle: { as: "handle", shape: Handle, refusal: "product_not_found", about: "The product's handle" },
  /** Of a ledger in the record. */
  sku: { as: "skuId", shape: SkuId, refusal: "record_not_found", about: "The SKU's id" },
  cohort: {
    as: "cohort",
    shape: number(LIMITS.chainLinks),
    refusal: "record_not_found",
    about: "The cohort's number, from 0",
  },
  chunk: {
    as: "chunk",
    shape: number(LIMITS.joinedMax),
    refusal: "record_not_found",
    about: "The chunk's number in its cohort's log, from 0",
  },
  page: {
    as: "page",
    shape: number(LIMITS.recordPagesMax),
    refusal: "record_not_found",
    about: "The page's number, from 0",
  },
} as const satisfies Record<string, { as: string; shape: z.ZodType; refusal: RefusalCode; about: string }>;
export type PathPart = keyof typeof PATH_PARTS;

export type PartsIn<Path extends string> = Path extends `${string}:${infer Part}/${infer Rest}`
  ? Part | PartsIn<`/${Rest}`>
  : Path extends `${string}:${infer Part}`
    ? Part
    : never;

/** In the order of their first use on the reference page. */
export const TAGS = {
  Sessions: "Who asks. A session stores nothing on the server.",
  Catalog: "What the brand sells, in drops and beside them.",
  Drops: "What there is, and how it stands: the same for everybody, and cached.",
  Line: "Join, wait, and be let in. The order of admission can be recomputed from the record.",
  Baskets: "Units taken out of what is available, until a deadline.",
  Orders: "From a basket to a payment that was captured.",
} as const;
export type Tag = keyof typeof TAGS;

export type Shape = z.ZodType | null;
export type Told<Of extends Shape> = Of extends z.ZodType ? z.input<Of> : null;

/** `seconds`: the same for everybody and kept by any cache; `isImmutable`: it need never be asked for again; `nobody`: one shopper's own. */
export type Keeping = { seconds: number; isImmutable?: boolean } | "nobody";

/** What never changes once it is there. */
export const KEPT_FOR_EVER = {
  seconds: TUNING.immutableMaxAgeSeconds,
  isImmutable: true,
} as const satisfies Keeping;

/** Refusals that are the same for everybody, and kept for so many seconds; all others by nobody. */
export const KEPT_REFUSALS: Partial<Record<RefusalCode, number>> = {
  record_not_found: TUNING.recordMaxAgeSeconds,
};

export function cacheControlOf(keeping: Keeping): string {
  if (keeping === "nobody") return "no-store";
  return `public, max-age=${keeping.seconds}${keeping.isImmutable ? ", immutable" : ""}`;
}

export type HeaderAbout = { about: string; example: string };

export type Answer<Status extends number, Of extends Shape> = {
  status: Status;
  about: string;
  /** null: no body. */
  shape: Of;
  /** Held to its shape by a test. */
  example?: unknown;
  /** Where it depends on what is answered, the verb answers with a value, not with a `Response`. */
  kept: Keeping | ((value: Told<Of>) => Keeping);
  /** A whole crowd asks for it each second: only with the headers that it needs, since each is a twentieth of such an answer. */
  isPolled?: boolean;
  /** Of a stream that the verb's `Response` carries; else JSON. */
  mediaType?: string;
  /** Of a stream of events: what 204 says to a client whose `Last-Event-ID` was the last event that there will be. */
  endedAbout?: string;
  /** Beside the body: names and what they say; `headers` gives the values. */
  headersAbout?: Record<string, HeaderAbout>;
  headers?: (value: Told<Of>) => Record<string, string>;
  /** A validator of the answer: with it `If-None-Match` is honored with 304. */
  etag?: (value: Told<Of>) => string;
};

export type Spec<
  Who extends Caller,
  Key extends boolean,
  Query extends z.ZodType | undefined,
  Body extends z.ZodType | undefined,
  Status extends number,
  Of extends Shape,
  Code extends RefusalCode,
> = {
  /** Stable: generated clients name their methods by it. */
  id: string;
  tag: Tag;
  summary: string;
  about?: string;
  caller: Who;
  /** Takes an Idempotency-Key, and refuses to go without. */
  key: Key;
  /** Shed by the client's address, in its verb. Writers are shed by shopper, before it. */
  limitedBy?: "address" | "mail";
  query?: Query;
  body?: Body;
  example?: unknown;
  answer: Answer<Status, Of>;
  /** What the verb may refuse beside what the checks before it do. */
  refusals: readonly Code[];
};

/** What the checks before a verb hand to it: one part each of path, session, header, query and body. */
export type Asked<
  Path extends string,
  Who extends Caller,
  Key extends boolean,
  Query extends z.ZodType | undefined,
  Body extends z.ZodType | undefined,
> = {
  [Part in PartsIn<Path> & PathPart as (typeof PATH_PARTS)[Part]["as"]]: z.output<
    (typeof PATH_PARTS)[Part]["shape"]
  >;
} & (Who extends "anybody" ? unknown : { shopperId: ShopperId; session: SessionClaims }) &
  (Key extends true ? { key: IdempotencyKey } : unknown) &
  (Query extends z.ZodType ? { query: z.output<Query> } : unknown) &
  (Body extends z.ZodType ? { request: z.output<Body> } : unknown) & {
    /** Of our own address, for links back to us. */
    origin: string;
    /** Of a client that takes up a stream where it broke off. */
    lastEventId: string | undefined;
    /** The client's, where the platform tells it. */
    address: string | undefined;
    /** What its requests look like, as a digest. */
    readonly print: string;
  };

/** What the checks before a verb refuse; `codesOf` says which of them a given operation has. */
export type CheckCode =
  | "drop_not_found"
  | "order_not_found"
  | "reservation_not_found"
  | "waiting_entry_not_found"
  | "product_not_found"
  | "record_not_found"
  | "session_missing"
  | "session_invalid"
  | "cross_site"
  | "rate_limited"
  | "idempotency_key_missing"
  | "idempotency_key_invalid"
  | "unsupported_media_type"
  | "invalid_json"
  | "invalid_request"
  | "body_too_large"
  | "internal";

export type Operation<
  Verb extends Method = Method,
  Path extends string = string,
  Who extends Caller = Caller,
  Key extends boolean = boolean,
  Query extends z.ZodType | undefined = z.ZodType | undefined,
  Body extends z.ZodType | undefined = z.ZodType | undefined,
  Status extends number = number,
  Of extends Shape = Shape,
  Code extends RefusalCode = RefusalCode,
> = Spec<Who, Key, Query, Body, Status, Of, Code> & {
  method: Verb;
  path: Path;
  // biome-ignore lint/suspicious/noExplicitAny: a list of operations holds verbs of every input; `declare` typed each.
  act: (act: Act, asked: any) => Promise<Result<Told<Of> | Response, Refusal>>;
};

/** Declares an operation and the verb that carries it out. A `Response` from the verb goes out as it is. */
function declare<const Verb extends Method>(method: Verb) {
  return <
    const Path extends string,
    const Who extends Caller,
    const Key extends boolean,
    const Status extends number,
    Of extends Shape,
    const Code extends RefusalCode = never,
    Query extends z.ZodType | undefined = undefined,
    Body extends z.ZodType | undefined = undefined,
  >(
    path: Path,
    spec: Spec<Who, Key, Query, Body, Status, Of, Code>,
    act: (
      act: Act,
      asked: Asked<Path, Who, Key, Query, Body>,
    ) => Promise<Result<NoInfer<Told<Of>> | Response, Refusal<NoInfer<Code> | CheckCode>>>,
  ): Operation<Verb, Path, Who, Key, Query, Body, Status, Of, Code> => ({ ...spec, method, path, act });
}

export const get = declare("get");
export const post = declare("post");
export const del = declare("delete");

// biome-ignore lint/suspicious/noExplicitAny: whatever its shapes are.
export type AnyOperation = Operation<Method, string, Caller, boolean, any, any, number, any, RefusalCode>;

export function partsOf(path: string): PathPart[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, part]) => part as PathPart);
}

/** Every code that a request for this operation can be refused with. */
export function codesOf(operation: AnyOperation): RefusalCode[] {
  const codes = new Set<RefusalCode>(operation.refusals);
  for (const part of partsOf(operation.path)) codes.add(PATH_PARTS[part].refusal);
  if (operation.caller !== "anybody") codes.add("session_missing").add("session_invalid");
  if (operation.caller === "writer") codes.add("cross_site").add("rate_limited");
  if (operation.limitedBy !== undefined) codes.add("rate_limited");
  if (operation.key) codes.add("idempotency_key_missing").add("idempotency_key_invalid");
  if (operation.query !== undefined) codes.add("invalid_request");
  if (operation.body !== undefined) {
    codes.add("unsupported_media_type").add("invalid_json").add("invalid_request");
  }
  if (operation.method !== "get") codes.add("body_too_large");
  return [...codes.add("internal")];
}
