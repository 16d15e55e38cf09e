// `npm run verify-line -- --help`: recomputes a line's public record, from the commitment to each sold unit.
import { readFile } from "node:fs/promises";
import { Beacon } from "../schema/line.ts";
import type { KeptRoot } from "../workers/edge/islands/waiting/kept-roots.ts";
import { beaconsTrustedAt } from "../workers/edge/line/verify/beacons.ts";
import { checkRounds } from "../workers/edge/line/verify/check-rounds.ts";
import { fetchedRecord } from "../workers/edge/line/verify/fetched-record.ts";
import { type Verdict, verifyLine } from "../workers/edge/line/verify/verify-line.ts";
import { startProgress } from "./rehearse/progress.ts";
import { readKept, writeKept } from "./verify-line/kept.ts";
import { HELP, parseVerifyOptions, type VerifyOptions } from "./verify-line/options.ts";
import { readTicket } from "./verify-line/ticket.ts";
import { saidVerdict } from "./verify-line/words.ts";

const EXIT_CODES: Record<Verdict["status"], number> = { holds: 0, broken: 1, incomplete: 3 };
const NOT_UNDERSTOOD = 2;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const options = parseVerifyOptions(process.argv.slice(2));
    if (options === null) {
      console.log(HELP);
      return 0;
    }
    const verdict = await verify(options);
    console.log(options.json ? JSON.stringify(verdict, null, 2) : saidVerdict(options.drop, verdict));
    return EXIT_CODES[verdict.status];
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    return NOT_UNDERSTOOD;
  }
}

async function verify(options: VerifyOptions): Promise<Verdict> {
  const { drop, url, ticket, isLight } = options;
  const own = ticket === null ? null : readTicket(await textOf(ticket), drop);
  const kept = options.kept === null ? null : await readKept(options.kept);
  const trustedBeacons = beaconsTrustedAt(url);
  if (options.beacon !== null) trustedBeacons.push(await readBeacon(options.beacon));

  const roots = new Map<number, KeptRoot>();
  const progress = startProgress(process.stderr);
  const verdict = await verifyLine({
    dropId: drop,
    source: fetchedRecord({ origin: url, dropId: drop }),
    mode: isLight ? "light" : "full",
    checkRounds,
    trustedBeacons,
    own,
    kept,
    onRoot(root) {
      if (options.kept !== null) roots.set(root.cohort, { ...root, seenAtMs: Date.now() });
    },
    onProgress: ({ check, done, total }) => progress.show(() => `${check}: ${done} of ${total}`),
  });
  progress.stop();
  if (options.kept !== null) {
    // Whether there is a beacon may be changed until somebody has joined: an earlier commitment would cry fraud of that.
    const { commitment, joined } = verdict.summary;
    await writeKept(options.kept, kept, { commitment: joined > 0 ? commitment : null, roots });
  }
  return verdict;
}

/** A ticket has two dots, and no file that somebody keeps one in is called like that. */
async function textOf(ticket: string): Promise<string> {
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(ticket) && ticket.length > 100) return ticket;
  return readFile(ticket, "utf8");
}

async function readBeacon(file: string) {
  const beacon = Beacon.safeParse(JSON.parse(await readFile(file, "utf8")));
  if (!beacon.success) throw new Error(`${file} is no beacon: ${beacon.error.issues[0]?.message}`);
  return beacon.data;
}
