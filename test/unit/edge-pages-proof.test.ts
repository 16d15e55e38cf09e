import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import type { Beacon } from "../../schema/line.ts";
import { ok } from "../../schema/result.ts";
import { readTicket } from "../../scripts/verify-line/ticket.ts";
import { LOCAL_BEACON, QUICKNET } from "../../workers/edge/line/verify/beacons.ts";
import { ISLANDS } from "../../workers/edge/pages/islands.ts";
import { browse } from "./edge-browser.ts";
import { DROP, headOf, SEED } from "./edge-samples.ts";

const PROOF = `/drops/${DROP}/proof`;

async function under(beacon: Beacon): Promise<string> {
  const browser = browse();
  const { commitment } = headOf();
  browser.state.recordHead = async () => ok(headOf({ commitment: { ...commitment, beacon } }));
  return (await browser.send(PROOF)).text;
}

describe("the page about the line's proof", () => {
  test("is its reader's own, and runs our script and no other, which may ask us and nobody else", async () => {
    const { text, headers, status } = await browse().send(PROOF);
    expect([status, headers.get("Cache-Control")]).toEqual([200, "no-store"]);
    const policy = headers.get("Content-Security-Policy") ?? "";
    for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "style-src 'self'"])
      expect(policy.split("; ")).toContain(part);
    const scripts = [...text.matchAll(/<script[^>]*>/g)].map(([tag]) => tag);
    expect(scripts).toEqual([`<script type="module" src="${ISLANDS.proof}">`]);
    expect(text).toContain(`data-checker="${ISLANDS.checker}"`);
  });

  test("hands the script where the ticket stands, and neither ticket nor session", async () => {
    const browser = browse();
    await browser.press(await browser.send(`/drops/${DROP}`));
    const { text } = await browser.send(PROOF);
    const [ticketId] = browser.state.joined;
    expect(text).toContain(`data-ticket="${ticketId}" data-cohort="0" data-chunk="0"`);
    const kept = [...browser.cookies.values()].map(({ value }) => value);
    expect(kept).toHaveLength(2);
    for (const token of kept) expect(text).not.toContain(token.split(".")[2]);
  });

  test("gives the command's reader a file that the command takes", async () => {
    const browser = browse();
    await browser.press(await browser.send(`/drops/${DROP}`));
    const { text } = await browser.send(PROOF);
    expect(text).toContain("--ticket ticket.json");
    const [, file = ""] = text.match(/<code>(\{[^<]*\})<\/code>/) ?? [];
    const [ticketId] = browser.state.joined;
    expect(readTicket(file.replaceAll("&quot;", '"'), DROP)).toEqual({ ticketId, cohort: 0, chunk: 0 });
  });

  test("takes a ticket of another session for none", async () => {
    const [one, other] = [browse(), browse({ randomHex: (bytes) => "f".repeat(2 * bytes) })];
    for (const browser of [one, other]) await browser.press(await browser.send(`/drops/${DROP}`));
    const ticket = `dropline_ticket_${DROP}`;
    expect((await one.send(PROOF)).text).toContain("data-ticket");
    one.cookies.set(ticket, other.cookies.get(ticket) ?? { value: "", path: "/" });
    expect((await one.send(PROOF)).text).not.toContain("data-ticket");
  });

  test("says what is missing without a beacon, and what one adds", async () => {
    const without = browse();
    expect((await without.send(PROOF)).text).toContain("This line goes without a beacon");
    const text = await under(QUICKNET);
    expect(text).toContain("What the beacon adds");
    expect(text).not.toContain("goes without a beacon");
    expect(text).toContain(QUICKNET.chainHash);
  });

  test("does not praise a beacon that is not drand's", async () => {
    const text = await under({ ...QUICKNET, chainHash: SEED });
    expect(text).toContain("another beacon than drand");
    for (const praise of ["independent organizations", "organizations behind it", "which nobody could know"])
      expect(text).not.toContain(praise);
    expect(text).toContain(SEED);
  });

  test("says that a trial's beacon is a stand-in which proves nothing", async () => {
    const text = await under(LOCAL_BEACON);
    expect(text).toContain("the local stand-in for a beacon");
    expect(text).toContain("prove nothing");
    for (const praise of ["independent organizations", "organizations behind it", "which nobody could know"])
      expect(text).not.toContain(praise);
  });

  test("names the last drawn window, and does not call its number a count", async () => {
    const shown = async (revealedThrough: number) => {
      const browser = browse();
      browser.state.recordHead = async () => ok(headOf({ revealedThrough }));
      const { text } = await browser.send(PROOF);
      return /Last window whose places are out \(the lobby is 0\)<\/dt><dd>([^<]*)/.exec(text)?.[1];
    };
    expect([await shown(-1), await shown(0), await shown(27)]).toEqual(["none yet", "0", "27"]);
  });

  test("shows what was done by hand, and how many tickets are held back", async () => {
    const browser = browse();
    const notes = [
      { atMs: 0, what: "published" as const, detail: "b".repeat(64) },
      { atMs: 1_000, what: "paced" as const, detail: "7" },
      { atMs: 2_000, what: "paused" as const, detail: "" },
    ];
    browser.state.recordHead = async () => ok(headOf({ notes, heldApart: 3 }));
    const { text } = await browser.send(PROOF);
    for (const words of ["version <code>bbbbbbbbbbbb</code>", "7 people a second", "Paused"])
      expect(text).toContain(words);
    expect(text).toContain("once the drop has ended");
    expect(text).not.toContain("3 such tickets");
    browser.state.snapshot$ = { ...browser.state.snapshot$, phase: "closed" };
    await browser.clock.advance(2 * LIMITS.snapshotTtlMs);
    const { text: after } = await browser.send(PROOF);
    expect(after).toContain("3 such tickets");
  });

  test("is not there for a drop that is not there, and answers no form", async () => {
    const browser = browse();
    expect((await browser.send("/drops/no-drop/proof")).status).toBe(404);
    expect(
      (await browser.send(PROOF, { method: "POST", headers: { Origin: "https://shop.example" } })).status,
    ).toBe(405);
  });
});
