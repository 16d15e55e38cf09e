import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { vectors as made } from "../../examples/fair-line/vectors.ts";
import { commitmentBytes, ledgerRowBytes, PREFIXES, rootBytes } from "../../schema/line-proof.ts";
import { rankOf, ticketIdOf } from "../../workers/edge/derive.ts";
import { firstRoundFrom, QUICKNET } from "../../workers/edge/line/verify/beacons.ts";
import { fromHex, hexOf, isSignedBy, rankerOf } from "../../workers/edge/line/verify/bytes.ts";
import { checkRounds } from "../../workers/edge/line/verify/check-rounds.ts";
import { verifyLine } from "../../workers/edge/line/verify/verify-line.ts";

const ROOT = join(import.meta.dirname, "../..");
const vectors = JSON.parse(readFileSync(join(ROOT, "examples/fair-line/vectors.json"), "utf8")) as ReturnType<
  typeof made
>;

const sha256 = (...parts: (Uint8Array | string)[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("the published vectors are what their script makes", () => {
  expect(vectors).toEqual(JSON.parse(JSON.stringify(made())));
});

test("the product's ids, texts, hashes and ranks are those of the vectors", async () => {
  for (const { drop, shopper, ticketId } of vectors.tickets)
    expect(ticketIdOf(drop as never, shopper as never)).toBe(ticketId);
  for (const { text, value } of vectors.commitments) {
    expect(textOf(commitmentBytes(value as never))).toBe(text);
    expect(await isSignedBy(value.publicKey, commitmentBytes(value as never), value.signature)).toBe(true);
  }
  const [line] = vectors.commitments;
  for (const { text, value } of vectors.roots) {
    expect(textOf(rootBytes(line?.value as never, value as never))).toBe(text);
    expect(sha256(PREFIXES.root, ...value.chunks.map(fromHex))).toBe(value.root);
  }
  const ids = vectors.tickets.map(({ ticketId }) => fromHex(ticketId));
  expect(sha256(PREFIXES.chunk, ...ids)).toBe(vectors.logs[0]?.chunks[0]);
  for (const { link, randomness, seed } of vectors.seeds)
    expect(sha256(PREFIXES.seed, fromHex(link), fromHex(randomness))).toBe(seed);
  const ranker = await rankerOf(vectors.ranks.seed);
  for (const { ticketId, rank } of vectors.ranks.ranks) {
    expect(rankOf(vectors.ranks.seed, ticketId as never)).toBe(rank);
    expect(await ranker(fromHex(ticketId))).toBe(rank);
  }
  let hash = hexOf(new Uint8Array(32));
  for (const { row, text, hash: wanted } of vectors.ledger) {
    expect(textOf(ledgerRowBytes(row as never))).toBe(text);
    hash = sha256(PREFIXES.ledger, fromHex(hash), ledgerRowBytes(row as never));
    expect(hash).toBe(wanted);
  }
});

test("the beacon's round of the vectors is quicknet's, by its own signature", async () => {
  const { round, signature, randomness, firstRounds } = vectors.beacon;
  expect(await checkRounds(QUICKNET, [{ round, signature: fromHex(signature) }])).toEqual([true]);
  expect(sha256(fromHex(signature))).toBe(randomness);
  for (const { closedAtMs, round: first } of firstRounds)
    expect(firstRoundFrom(QUICKNET, closedAtMs + 2_000)).toBe(first);
});

test("the record of the vectors holds, for the one beacon that is trusted without a word", async () => {
  const parts = vectors.record as Record<string, { hex?: string }>;
  const source = async (path: string) => {
    const part = parts[path];
    if (part === undefined) return null;
    return part.hex === undefined ? new TextEncoder().encode(JSON.stringify(part)) : fromHex(part.hex);
  };
  const [first] = vectors.ranks.order;
  const own = { ticketId: first ?? "", cohort: 0, chunk: 0 };
  const verdict = await verifyLine({ dropId: "spring-runner", source, mode: "full", checkRounds, own });
  expect(verdict.findings).toEqual([]);
  expect(verdict).toMatchObject({ status: "holds", own: { place: 0, units: { runner: 2 } } });
});
