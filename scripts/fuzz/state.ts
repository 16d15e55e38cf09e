import type { Json } from "./document.ts";

const KEPT_MAX = 60;
/** Few enough that each gets far, and enough that none writes too often. */
const ACTORS_MAX = 48;

/** What answers gave, as text, by the name of its field, the latest of each; `within`: what the path of its request named. */
type Noted = { value: string; within: string };
type Known = Map<string, Noted[]>;
export type Actor = { session: string; known: Known; keys: string[] };

/** What the fuzzer has learned: shoppers with what is theirs, and what is everybody's. It knows no route, only names of fields. */
export class State {
  readonly actors: Actor[] = [];
  readonly shared: Known = new Map();

  /** Notes every string and count of an answer under its name; `id` under that of its list: `drops[].id` is a `dropId`. */
  learn(answer: Json, actor: Actor | null, within: string): void {
    const known = actor?.known ?? this.shared;
    walk(answer, "", (name, value) => note(known, name, { value, within }));
    const session = typeof answer === "object" ? answer?.session : undefined;
    if (typeof session === "string" && this.actors.length < ACTORS_MAX) {
      this.actors.push({ session, known: new Map(), keys: [] });
    }
  }

  /** A drop for which this shopper has what the request is about to use. */
  placeFor(wanted: string[], pick: number, actor: Actor | null): string | undefined {
    for (const name of wanted) {
      const places = (actor?.known.get(name) ?? [])
        .map(({ within }) => within)
        .filter((place) => place !== "");
      if (places.length > 0) return places[pick % places.length];
    }
    return undefined;
  }

  /** The value that a reference names, of the same drop where one is known; of another shopper, somebody else's. */
  find(
    name: string,
    { whose, pick, within }: { whose: "own" | "other"; pick: number; within: string },
    actor: Actor | null,
  ): string | undefined {
    const other = this.actors[pick % Math.max(1, this.actors.length)];
    const values = (whose === "own" ? actor : other)?.known.get(name) ?? this.shared.get(name) ?? [];
    const near = values.filter((noted) => noted.within === within);
    const from = near.length > 0 ? near : values;
    return from[pick % Math.max(1, from.length)]?.value;
  }
}

function note(known: Known, name: string, noted: Noted): void {
  const values = known.get(name) ?? [];
  if (values.some(({ value }) => value === noted.value)) return;
  values.push(noted);
  if (values.length > KEPT_MAX) values.shift();
  known.set(name, values);
}

function walk(value: Json, list: string, act: (name: string, value: string) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, list, act);
  else if (typeof value === "object" && value !== null) {
    for (const [name, field] of Object.entries(value)) {
      if (typeof field === "string")
        act(name === "id" && list !== "" ? `${list.replace(/s$/, "")}Id` : name, field);
      else if (typeof field === "number" && Number.isSafeInteger(field) && field >= 0)
        act(name, String(field));
      else walk(field, name, act);
    }
  }
}
