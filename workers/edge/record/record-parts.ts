import * as z from "zod";
import type { DropId } from "../../../schema/ids.ts";
import { CohortPage, recordKeys, SignedRoot, StepPage } from "../../../schema/line.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { RecordPart } from "../../../schema/rpc/drop-queue.ts";
import type { Unavailable } from "../../combine.ts";
import { callState } from "../call-state.ts";
import type { Deps, Lifetime } from "../deps.ts";
import { Fresh } from "../fresh.ts";
import { TUNING } from "../tuning.ts";

const SHAPES = { root: SignedRoot, chunk: z.instanceof(Uint8Array), cohorts: CohortPage, steps: StepPage };
type Kind = RecordPart["kind"];
type PartOf<Of extends Kind> = z.infer<(typeof SHAPES)[Of]>;

/** `isStored`: it is whole already, so that KV may have it. `seen`: how far the head says that it goes, of a part that grows. */
type Asked<Of extends Kind> = {
  dropId: DropId;
  part: Extract<RecordPart, { kind: Of }>;
  isStored: boolean;
  seen?: number;
};
type Held = { part: PartOf<Kind> | null; isFinal: boolean };
type Refused = Unavailable | Refusal<"drop_not_found">;

/**
 * Parts of drops' public records, each read once by an isolate for all who ask for it: whole ones from KV, the others and
 * those that KV lacks from the object. It does not know how far a record goes: ask only for what its head says is there. Of a
 * page that grows there is another copy for each head: an older one would lack what the head has.
 */
export class RecordParts {
  readonly #fresh: Fresh<Result<Held, Refusal<"drop_not_found">>>;

  constructor(deps: Deps) {
    this.#fresh = new Fresh({
      clock: deps.clock,
      ttlMs: TUNING.recordPartTtlMs,
      load: (key) => read(deps, JSON.parse(key) as Asked<Kind>),
    });
  }

  /** Null: nobody was in it, or it is not there after all. */
  async get<Of extends Kind>(
    asked: Asked<Of>,
    lifetime: Lifetime,
  ): Promise<Result<PartOf<Of> | null, Refused>> {
    const held = await this.#fresh.get(JSON.stringify(asked), lifetime, {
      is: (held) => held.ok && held.value.isFinal,
      renewAfterMs: TUNING.recordMaxAgeSeconds * 1_000,
    });
    if (!held.ok) return held;
    return held.value.ok ? ok(held.value.value.part as PartOf<Of> | null) : held.value;
  }
}

async function read(
  deps: Deps,
  { dropId, part, isStored }: Asked<Kind>,
): Promise<Result<Result<Held, Refusal<"drop_not_found">>, Unavailable>> {
  const stored = isStored ? await readStored(deps, dropId, part) : null;
  if (stored !== null) return ok(ok({ part: stored, isFinal: true }));
  const called = await callState(deps, "recordPart", (state) => state.recordPart(dropId, part));
  if (!called.ok) return called;
  if (!called.value.ok) return ok(refuse(called.value.refusal));
  const answer = called.value.value;
  if (answer === null) return ok(ok({ part: null, isFinal: false }));
  const { body, isFinal } = answer;
  const content = typeof body === "string" ? JSON.parse(body) : body;
  return ok(ok({ part: SHAPES[part.kind].parse(content), isFinal }));
}

/** What cannot be read is as good as not there. */
async function readStored({ record, log }: Deps, dropId: DropId, part: RecordPart) {
  const key = keyOf(dropId, part);
  if (part.kind === "chunk") return record.bytes(key);
  const text = await record.text(key);
  if (text === null) return null;
  try {
    return SHAPES[part.kind].parse(JSON.parse(text));
  } catch (error) {
    log({ level: "error", event: "record_part_unreadable", key, error: String(error) });
    return null;
  }
}

function keyOf(dropId: DropId, part: RecordPart): string {
  switch (part.kind) {
    case "root":
      return recordKeys.root(dropId, part.cohort);
    case "chunk":
      return recordKeys.chunk(dropId, part.cohort, part.chunk);
    case "cohorts":
      return recordKeys.cohorts(dropId, part.page);
    case "steps":
      return recordKeys.steps(dropId, part.page);
  }
}
