import type { Hono } from "hono";
import type * as z from "zod";
import type { Problem, REFUSALS, RefusalCode } from "../../../schema/refusals.ts";
import type { OPERATIONS } from "../routes/v1.ts";
import type { AnyOperation, CheckCode, Operation, PartsIn, Shape } from "./operation.ts";

/** For `hc<ApiType>(origin)` of hono/client: the API as its operations declare it. Types only. */
export type ApiType = Hono<object, Merged<(typeof OPERATIONS)[number]>, "/">;

type Merged<Operations extends AnyOperation> = {
  [Path in Operations["path"] as `/v1${Path}`]: {
    [One in Extract<Operations, { path: Path }> as `$${One["method"]}`]: EndpointOf<One>;
  };
};

type EndpointOf<One> =
  One extends Operation<
    infer _Method,
    infer Path,
    infer Who,
    infer Key,
    infer Query,
    infer Body,
    infer Status,
    infer Of,
    infer Code
  >
    ?
        | {
            input: InputOf<Path, Who, Key, Query, Body>;
            output: Told<Of>;
            outputFormat: "json";
            status: Status;
          }
        | {
            input: InputOf<Path, Who, Key, Query, Body>;
            output: Problem;
            outputFormat: "json";
            status: StatusOf<Code | CheckCode>;
          }
    : never;

type Told<Of extends Shape> = Of extends z.ZodType ? z.output<Of> : null;
type StatusOf<Code extends RefusalCode> = (typeof REFUSALS)[Code]["status"];

type InputOf<Path extends string, Who, Key, Query, Body> = ([PartsIn<Path>] extends [never]
  ? object
  : { param: Record<PartsIn<Path>, string> }) &
  (Query extends z.ZodType ? { query: { [Name in keyof z.input<Query>]: string } } : unknown) &
  (Body extends z.ZodType ? { json: z.input<Body> } : unknown) &
  (Who extends "anybody"
    ? unknown
    : { header: { Authorization: string } & (Key extends true ? { "Idempotency-Key": string } : unknown) });
