import type { ClosedCohort, SignedRoot } from "../../../../schema/line.ts";
import { PREFIXES } from "../../../../schema/line-proof.ts";
import { BOUNDS, FORMAT } from "./bounds.ts";
import { fromHex, hexOf, sha256 } from "./bytes.ts";
import type { Cohorts } from "./check-cohorts.ts";
import type { Context } from "./context.ts";
import { ahead, numbers } from "./read-record.ts";
import { signedRoot } from "./shapes.ts";
import { isRootSigned, isSameRoot } from "./signed-roots.ts";
import { TicketTable } from "./ticket-table.ts";

/** Every id of every closed window. Not whole: some logs could not be read, or only one's own was. */
export type Log = { table: TicketTable; isWhole: boolean };

/** `isOptional`: nobody may have been in it. `isOwn`: looked for twice before its lack is told. */
export type Wanted = { cohort: number; revealed: ClosedCohort | null; isOptional: boolean; isOwn: boolean };

/** The one chunk that a light look reads of a window that is too large to be read whole. */
type OwnChunk = { cohort: number; chunk: number };

/** Reads the signed roots of the given windows and their logs. Calls back with each root whose signature and hashes are right. */
export async function checkLog(
  context: Context,
  cohorts: Cohorts,
  asked: {
    numbers: Iterable<Wanted>;
    total: number;
    own: OwnChunk | null;
    onRoot: (root: SignedRoot) => void;
    onAbsent: (cohort: number) => void;
    onChunk: (cohort: number, chunk: number, ids: Uint8Array) => Promise<void> | void;
  },
): Promise<Log> {
  const { report, head } = context;
  const log: Log = { table: new TicketTable(), isWhole: cohorts.isWhole };
  let people = 0;
  let done = 0;
  const roots = ahead(asked.numbers, async (wanted) => ({
    wanted,
    read: await readRoot(context, wanted),
  }));
  for await (const { wanted, read } of roots) {
    const { cohort, revealed } = wanted;
    done += 1;
    context.progress({ check: "log", done, total: asked.total });
    if (read.is === "absent" && !wanted.isOptional)
      report.found("roots", "missing", `The server does not give out the root of window ${cohort}.`, {
        cohort,
      });
    if (read.is === "absent") asked.onAbsent(cohort);
    if (read.is !== "there") {
      log.isWhole &&= read.is === "absent" && wanted.isOptional;
      continue;
    }
    const root = read.value;
    const isRight = await checkRoot(context, { cohort, root, revealed });
    if (isRight) asked.onRoot(root);
    if (revealed === null && cohorts.isWhole && cohort <= head.revealedThrough)
      report.found(
        "roots",
        "cohort_withdrawn",
        `Window ${cohort} has a root with ${root.count} people, and is not among those that were drawn.`,
        { cohort },
      );
    people += root.count;
    if (people > BOUNDS.joinedMax) {
      report.found("log", "too_large", `More than ${BOUNDS.joinedMax} people are in the log.`);
      return { ...log, isWhole: false };
    }
    const only = chunkToRead(context, { ...root, cohort }, asked.own);
    const isRead = await readChunks(
      context,
      { ...root, cohort },
      { only, table: log.table, onChunk: asked.onChunk },
    );
    log.isWhole &&= isRead;
  }
  if (context.mode === "full" && log.isWhole && people > head.joined)
    report.found("cohorts", "joined_wrong", `${people} people are in closed windows, ${head.joined} in all.`);
  return log;
}

/** That a root is not there may be an answer some seconds old. */
function readRoot({ reader }: Context, { cohort, isOptional, isOwn }: Wanted) {
  const asked = { check: "roots", path: `record/roots/${cohort}`, shape: signedRoot } as const;
  return isOptional && !isOwn ? reader.ask(asked) : reader.askAgain(asked, ({ is }) => is === "there");
}

/** Null: all of them. */
function chunkToRead({ mode }: Context, root: SignedRoot, own: OwnChunk | null): number | null {
  const isTooLarge = mode === "light" && root.count > BOUNDS.lightCohortMax;
  if (!isTooLarge || own === null || own.cohort !== root.cohort || own.chunk >= root.chunks.length)
    return null;
  return own.chunk;
}

/** Whether this is a root as the line's key signed it, over these chunk hashes, and the same as the revealed window's. */
async function checkRoot(
  { report, head }: Context,
  { cohort, root, revealed }: { cohort: number; root: SignedRoot; revealed: ClosedCohort | null },
): Promise<boolean> {
  const found = (code: "root_unsigned" | "root_wrong" | "two_roots", words: string) => {
    report.found("roots", code, words, { cohort });
    return false;
  };
  let isRight = true;
  report.looked("roots");
  if (root.cohort !== cohort)
    isRight = found("root_wrong", `The root of window ${cohort} is of window ${root.cohort}.`);
  const isSigned = await isRootSigned(head.commitment, root);
  if (isSigned === null) report.gap("roots", "Ed25519 signatures cannot be checked here");
  if (isSigned === false)
    isRight = found("root_unsigned", `The root of window ${cohort} is not signed by the line's key.`);
  if (root.chunks.length !== Math.ceil(root.count / FORMAT.ticketsPerChunk))
    isRight = found(
      "root_wrong",
      `Window ${cohort} has ${root.chunks.length} chunks for ${root.count} people.`,
    );
  if ((await rootOf(root.chunks)) !== root.root)
    isRight = found(
      "root_wrong",
      `The root of window ${cohort} is not over the hashes that stand beside it.`,
    );
  if (revealed !== null && !isSameRoot(head.commitment, root, revealed))
    isRight = found(
      "two_roots",
      `Window ${cohort} is shown with two roots: ${root.root} and ${revealed.root}.`,
    );
  return isRight;
}

async function rootOf(chunks: readonly string[]): Promise<string> {
  return hexOf(await sha256(PREFIXES.root, ...chunks.map(fromHex)));
}

type Reading = {
  /** The one chunk to read; null: all. */
  only: number | null;
  table: TicketTable;
  onChunk: (cohort: number, chunk: number, ids: Uint8Array) => Promise<void> | void;
};

/** Whether all that was asked for could be read, right or wrong. */
async function readChunks(
  context: Context,
  root: SignedRoot,
  { only, table, onChunk }: Reading,
): Promise<boolean> {
  const { reader, report } = context;
  const { cohort } = root;
  const where = { cohort };
  const maxBytes = FORMAT.ticketsPerChunk * FORMAT.ticketBytes;
  const wanted = only === null ? numbers(0, root.chunks.length - 1) : [only];
  const chunks = ahead(wanted, async (chunk) => ({
    chunk,
    read: await reader.bytes("log", `record/chunks/${cohort}/${chunk}`, maxBytes),
  }));
  let isWhole = only === null;
  for await (const { chunk, read } of chunks) {
    if (read.is === "absent")
      report.found(
        "log",
        "missing",
        `The server does not give out chunk ${chunk} of window ${cohort}.`,
        where,
      );
    if (read.is !== "there") {
      isWhole = false;
      continue;
    }
    const ids = read.value;
    report.looked("log");
    if (hexOf(await sha256(PREFIXES.chunk, ids)) !== root.chunks[chunk])
      report.found("log", "chunk_wrong", `Chunk ${chunk} of window ${cohort} is not what was signed.`, where);
    else if (ids.byteLength !== FORMAT.ticketBytes * peopleIn(root, chunk))
      report.found(
        "log",
        "chunk_wrong",
        `Chunk ${chunk} of window ${cohort} has another length than its place asks.`,
        where,
      );
    note(context, { cohort, ids, table });
    await onChunk(cohort, chunk, ids);
  }
  return isWhole;
}

function peopleIn({ count }: SignedRoot, chunk: number): number {
  return Math.min(FORMAT.ticketsPerChunk, Math.max(0, count - chunk * FORMAT.ticketsPerChunk));
}

function note(
  { report }: Context,
  { cohort, ids, table }: { cohort: number; ids: Uint8Array; table: TicketTable },
): void {
  for (const id of eachId(ids)) {
    const before = table.add(id, cohort);
    if (before === null) continue;
    const words =
      before === cohort
        ? `stands twice in window ${cohort}`
        : `stands in window ${before} and in window ${cohort}`;
    const ticketId = hexOf(id);
    report.found("log", "id_repeated", `Ticket ${ticketId} ${words}.`, { cohort, ticketId });
  }
}

/** Whole ids only: a rest is part of a chunk whose length was found wrong. */
export function* eachId(ids: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + FORMAT.ticketBytes <= ids.byteLength; at += FORMAT.ticketBytes)
    yield ids.subarray(at, at + FORMAT.ticketBytes);
}
