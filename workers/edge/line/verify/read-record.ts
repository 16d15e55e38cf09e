import { BOUNDS } from "./bounds.ts";
import type { CheckName, Report } from "./findings.ts";
import { Malformed, type Shape } from "./shapes.ts";

/**
 * Reads one part of the public record: `path` is what comes after `/v1/drops/<drop>/`. Null: the server says that there is
 * none. Takes no more than `maxBytes + 1` bytes off the wire, so that a part that is too large can be told as such.
 * @throws when it cannot be had.
 */
export type RecordSource = (path: string, maxBytes: number) => Promise<Uint8Array | null>;

type Read<Value> = { is: "there"; value: Value } | { is: "absent" } | { is: "unread" };
type Asked<Value> = { check: CheckName; path: string; shape: Shape<Value>; maxBytes?: number };

/** `isOver`: why nothing more may be read, or null. */
export type Patience = { isOver: () => string | null; pause: (ms: number) => Promise<void> };

/** Everything that comes from the server comes through here: bounded in size and time, and never thrown at a check. */
export class RecordReader {
  readonly #source: RecordSource;
  readonly #report: Report;
  readonly #patience: Patience;

  constructor(source: RecordSource, report: Report, patience: Patience) {
    this.#source = source;
    this.#report = report;
    this.#patience = patience;
  }

  /**
   * A part that must be there. Null: it is not, or not as it must be; that has been reported. `isGrown`: whether a part that
   * grows has come as far as it must; one that has not is read again a little later, and taken as it is in the end.
   */
  async need<Value>(
    asked: Asked<Value> & { isGrown?: ((value: Value) => boolean) | undefined },
  ): Promise<Value | null> {
    const { isGrown } = asked;
    const read =
      isGrown === undefined
        ? await this.ask(asked)
        : await this.askAgain(asked, (given) => given.is === "there" && isGrown(given.value));
    if (read.is === "absent")
      this.#report.found(asked.check, "missing", `The server does not give out ${asked.path}.`);
    return read.is === "there" ? read.value : null;
  }

  /** Asks again a little later, a few times, while what comes is not what was promised. */
  async askAgain<Value>(asked: Asked<Value>, isGood: (read: Read<Value>) => boolean): Promise<Read<Value>> {
    for (let looks = 1; ; looks += 1) {
      const read = await this.ask(asked);
      const isLast = looks === BOUNDS.staleLooksMax || this.#patience.isOver() !== null;
      if (isLast || read.is === "unread" || isGood(read)) return read;
      await this.#patience.pause(BOUNDS.staleWaitMs);
    }
  }

  /** `unread`: it has been reported why. */
  async ask<Value>({
    check,
    path,
    shape,
    maxBytes = BOUNDS.pageMaxBytes,
  }: Asked<Value>): Promise<Read<Value>> {
    const read = await this.bytes(check, path, maxBytes);
    if (read.is !== "there") return read;
    try {
      const value: unknown = JSON.parse(new TextDecoder().decode(read.value));
      return { is: "there", value: shape(value, path) };
    } catch (error) {
      const why = error instanceof Malformed ? error.message : `${path} is no JSON`;
      this.#report.found(check, "malformed", `${why}.`);
      return { is: "unread" };
    }
  }

  async bytes(check: CheckName, path: string, maxBytes: number): Promise<Read<Uint8Array>> {
    const over = this.#patience.isOver();
    if (over !== null) {
      this.#report.gap(check, over);
      return { is: "unread" };
    }
    try {
      const bytes = await this.#source(path, maxBytes);
      if (bytes === null) return { is: "absent" };
      if (bytes.byteLength <= maxBytes) return { is: "there", value: bytes };
      this.#report.found(check, "too_large", `${path} has more than ${maxBytes} bytes.`);
    } catch (error) {
      this.#report.gap(check, `${path} could not be read: ${(error as Error).message}`);
    }
    return { is: "unread" };
  }
}

/** Reads some parts ahead of whoever takes them, in order. `read` never rejects. */
export async function* ahead<Item, Value>(
  items: Iterable<Item>,
  read: (item: Item) => Promise<Value>,
): AsyncGenerator<Value> {
  const underWay: Promise<Value>[] = [];
  for (const item of items) {
    underWay.push(read(item));
    const first = underWay.length > BOUNDS.readsAtOnce ? underWay.shift() : undefined;
    if (first !== undefined) yield await first;
  }
  for (const last of underWay) yield await last;
}

export function* numbers(from: number, through: number): Generator<number> {
  for (let at = from; at <= through; at += 1) yield at;
}
