import { type Dispatcher, Pool } from "undici";
import type { Json } from "./document.ts";
import { isUse, type Plan } from "./plan.ts";
import type { Actor, State } from "./state.ts";

const TIMEOUT_MS = 20_000;
/** As deep as the largest body can be. */
const DEEP_LEVELS = 8_000;

/** A request as it goes over the wire. */
export type Sent = {
  method: string;
  path: string;
  headers: [string, string][];
  body: string | undefined;
  /** The first thing that its path names, which is a drop as a rule: what belongs to it is known by this. */
  within: string;
};
export type Reply = { status: number; headers: Record<string, string>; text: string };

const encode = (value: Json) => encodeURIComponent(String(value).toWellFormed());

/** Fills a plan in from what is known by now. `index` makes keys that were never used. */
export function fill(plan: Plan, state: State, actor: Actor | null, index: number): Sent {
  let within = "";
  const filled = (value: Json): Json => {
    if (isUse(value)) return state.find(value.$use, { ...value, within }, actor) ?? filled(value.otherwise);
    if (Array.isArray(value)) return value.map(filled);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, filled(field)]));
  };
  const wanted = [...usesIn(plan.body), ...Object.values(plan.params).slice(1).flatMap(usesIn)];
  const path = plan.path.replace(/\{(\w+)\}/g, (_, name) => {
    const given = plan.params[name];
    const near = within === "" && isUse(given) ? state.placeFor(wanted, given.pick, actor) : undefined;
    const value = near ?? String(filled(given));
    within ||= value;
    return encode(value);
  });
  const query = plan.query.map(([name, value]) => `${encode(name)}=${encode(filled(value))}`).join("&");
  const headers: [string, string][] = [];
  const add = (name: string, value: string | null | undefined) => {
    if (value !== null && value !== undefined) headers.push([name, value]);
  };
  const session = actor?.session ?? "x.y.z";
  if (plan.session === "own") add("Authorization", `Bearer ${session}`);
  if (plan.session === "cookie") add("Cookie", `dropline_session=${session}`);
  if (plan.session === "garbage") add("Authorization", `Bearer ${session.slice(0, -4)}AAAA`);
  if (plan.session === "another token")
    add(
      "Authorization",
      `Bearer ${state.find("ticket", { whose: "own", pick: 0, within }, actor) ?? "a.b.c"}`,
    );
  add("Idempotency-Key", keyOf(plan.key, actor, index));
  for (const [name, value] of plan.headers) {
    const at = headers.findIndex(([known]) => known === name);
    if (at >= 0) headers.splice(at, 1);
    add(name, value);
  }
  const mayHaveBody = !["GET", "HEAD"].includes(plan.method);
  const body = plan.body === undefined || !mayHaveBody ? undefined : spoil(plan, filled(plan.body));
  if (body !== undefined) add("Content-Type", plan.mediaType);
  return { method: plan.method, path: query === "" ? path : `${path}?${query}`, headers, body, within };
}

/** The shopper's own things in a part of a plan, by name. */
function usesIn(value: Json): string[] {
  if (isUse(value)) return value.whose === "own" ? [value.$use] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(usesIn) : [];
}

function keyOf(key: string | null, actor: Actor | null, index: number): string | null {
  const used = actor?.keys.at(-1);
  if (key === "used" && used !== undefined) return used;
  if (key !== "own" && key !== "used") return key;
  const fresh = `fuzz-${index}`;
  actor?.keys.push(fresh);
  return fresh;
}

/** The text of the body. A string of a plan without a declared body goes as it is. */
function spoil({ text }: Plan, value: Json): string {
  const json = typeof value === "string" && value.startsWith("xxxx") ? value : JSON.stringify(value);
  switch (text) {
    case "as is":
      return json;
    case "truncated":
      return json.slice(0, -1);
    case "trailing comma":
      return json.replace(/([}\]])$/, ",$1");
    case "duplicate key":
      return json.replace(/^\{"(\w+)":/, '{"$1":null,"$1":');
    case "not JSON":
      return "a=1&b=2";
    case "empty":
      return "";
    case "deep":
      return "[".repeat(DEEP_LEVELS) + "]".repeat(DEEP_LEVELS);
    case "two values":
      return `${json}${json}`;
  }
}

const isStream = (mediaType: unknown) => String(mediaType).startsWith("text/event-stream");

/** A stream has no end to wait for: how it begins is all that is looked at. */
async function left(body: Dispatcher.ResponseData["body"]): Promise<string> {
  body.on("error", () => {});
  body.destroy();
  return "";
}

/** The shop, at most `connections` requests at once. */
export class Shop {
  readonly #pool: Pool;

  constructor(url: string, connections: number) {
    this.#pool = new Pool(url, { connections, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  }

  /** @throws when no whole answer comes, or when the request cannot be put on the wire. */
  async send({ method, path, headers, body }: Sent): Promise<Reply> {
    const response = await this.#pool.request({
      method: method as "GET",
      path,
      headers: headers.flat(),
      body: body === undefined ? null : Buffer.from(body.toWellFormed()),
    });
    const text = await (isStream(response.headers["content-type"])
      ? left(response.body)
      : response.body.text());
    const named = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
    return { status: response.statusCode, headers: Object.fromEntries(named), text };
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
