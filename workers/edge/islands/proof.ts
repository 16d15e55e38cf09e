import type { OwnTicket } from "../line/verify/check-ticket.ts";
import type { Mode, Progress } from "../line/verify/context.ts";
import type { CheckReport, Finding } from "../line/verify/findings.ts";
import type { Verdict } from "../line/verify/verify-line.ts";
import { witnessWords } from "../line/verify/witness.ts";
import type { News, Order } from "./proof/checking.ts";
import { ownWords, progressWords, resultWords, sizeWords, verdictWords } from "./proof/words.ts";
import { keptProofKey } from "./waiting/kept-roots.ts";

/** Checks the line's public record in this browser when its reader asks for it, and shows each result as it comes. */
const section = document.getElementById("check");
if (section !== null) start(section);

const FINDINGS_SHOWN = 50;
/** The bar moves smoothly enough, and the check is not held up by it. */
const PAINT_EVERY_MS = 80;

function start(root: HTMLElement): void {
  const { drop = "", joined = "0", ledgerRows = "0" } = root.dataset;
  part(root, "idle").hidden = true;
  part(root, "controls").hidden = false;
  part(root, "size").textContent = sizeWords(Number(joined), Number(ledgerRows));
  for (const button of root.querySelectorAll<HTMLButtonElement>("button[data-mode]")) {
    button.addEventListener("click", () => check(root, drop, button.dataset.mode as Mode));
  }
}

/** In a worker, so that the page goes on answering its reader; the worker ends with the check. */
function check(root: HTMLElement, dropId: string, mode: Mode): void {
  const { checker = "" } = root.dataset;
  const ending = new AbortController();
  const { signal } = ending;
  const worker = new Worker(checker, { type: "module" });
  const tell = (order: Order) => worker.postMessage(order);
  const paint = painter(root);

  const finish = () => {
    ending.abort();
    worker.terminate();
    part(root, "running").hidden = true;
    part(root, "controls").hidden = false;
  };
  const hear = {
    progress: ({ progress }: Extract<News, { kind: "progress" }>) => paint(progress),
    settled: ({ report }: Extract<News, { kind: "settled" }>) => showResult(root, report),
    verdict({ verdict }: Extract<News, { kind: "verdict" }>) {
      showVerdict(root, verdict, mode);
      finish();
    },
  };
  worker.addEventListener("message", ({ data }: MessageEvent<News>) => hear[data.kind](data as never));
  worker.addEventListener("error", () => {
    show(part(root, "verdict"), [
      "The check could not run in this browser.",
      "The command below does not need one.",
    ]);
    finish();
  });
  clear(root);
  part(root, "controls").hidden = true;
  part(root, "running").hidden = false;
  const stop = part(root, "stop");
  stop.addEventListener("click", () => tell(null), { signal });
  stop.focus();
  tell({ dropId, mode, own: ownTicket(root), kept: keptFrom(dropId) });
}

function showVerdict(root: HTMLElement, verdict: Verdict, mode: Mode): void {
  for (const report of verdict.checks) showResult(root, report);
  const own = verdict.own === null ? [] : ownWords(verdict.own);
  const witness = witnessWords(verdict.witnessed, verdict.summary.commitment?.beacon ?? null);
  show(part(root, "verdict"), [...verdictWords(verdict, mode), ...own, ...witness]);
  part(root, "verdict").className = "notice";
  showFindings(part(root, "findings"), verdict.findings);
}

function ownTicket({ dataset: { ticket, cohort, chunk } }: HTMLElement): OwnTicket | null {
  if (ticket === undefined) return null;
  return { ticketId: ticket, cohort: Number(cohort), chunk: chunk === undefined ? null : Number(chunk) };
}

/** What the waiting page kept. A browser that refuses to say has kept nothing. */
function keptFrom(dropId: string): NonNullable<Order>["kept"] {
  try {
    return JSON.parse(localStorage.getItem(keptProofKey(dropId)) ?? "null");
  } catch {
    return null;
  }
}

function painter(root: HTMLElement): (progress: Progress) => void {
  const bar = part(root, "progress") as HTMLProgressElement;
  let paintedAtMs = 0;
  let last = "";
  return (progress) => {
    const nowMs = performance.now();
    const isNew = progress.check !== last;
    if (!isNew && progress.done < progress.total && nowMs - paintedAtMs < PAINT_EVERY_MS) return;
    paintedAtMs = nowMs;
    last = progress.check;
    bar.max = Math.max(1, progress.total);
    bar.value = progress.done;
    part(root, "now").textContent = progressWords(progress);
    const item = itemOf(root, progress.check);
    if (isNew && item?.className === "") {
      item.className = "running";
      part(item, "result").textContent = "Being checked.";
    }
  };
}

function showResult(root: HTMLElement, report: CheckReport): void {
  const item = itemOf(root, report.check);
  if (item === null) return;
  item.className = report.status;
  part(item, "result").textContent = resultWords(report);
}

function showFindings(place: HTMLElement, findings: Finding[]): void {
  if (findings.length === 0) return;
  const title = document.createElement("h3");
  title.textContent = "What was found";
  const list = document.createElement("ul");
  for (const { words, code } of findings.slice(0, FINDINGS_SHOWN)) {
    const item = list.appendChild(document.createElement("li"));
    item.textContent = `${words} (${code})`;
  }
  const more = findings.length - FINDINGS_SHOWN;
  if (more > 0) list.appendChild(document.createElement("li")).textContent = `And ${more} more.`;
  place.append(title, list);
}

function clear(root: HTMLElement): void {
  for (const name of ["verdict", "findings"]) part(root, name).replaceChildren();
  part(root, "verdict").className = "";
  for (const item of root.querySelectorAll<HTMLElement>("[data-check]")) {
    item.className = "";
    part(item, "result").textContent = "Not checked yet.";
  }
}

function show(place: HTMLElement, lines: string[]): void {
  place.replaceChildren(
    ...lines.map((line, index) => {
      const paragraph = document.createElement("p");
      if (index === 0) paragraph.className = "big";
      paragraph.textContent = line;
      return paragraph;
    }),
  );
}

function itemOf(root: HTMLElement, check: string): HTMLElement | null {
  return root.querySelector(`[data-check="${check}"]`);
}

function part(root: HTMLElement, name: string): HTMLElement {
  const found = root.querySelector<HTMLElement>(`[data-part="${name}"]`);
  if (found === null) throw new Error(`the page has no part ${name}`);
  return found;
}
