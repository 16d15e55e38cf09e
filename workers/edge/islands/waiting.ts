import { mayClaim } from "../line/arithmetic.ts";
import { rankIn } from "../line/rank.ts";
import { timeWords } from "../line/spans.ts";
import { PHASE_WORDS, toldOf } from "../line/told.ts";
import { follow, type Seen } from "./waiting/follow.ts";
import { rootKeeper } from "./waiting/kept-roots.ts";
import { movingOn } from "./waiting/moving-on.ts";

/**
 * Keeps the line's page up to date from the cached snapshot, and takes it to the choice when the turn has come. Without this
 * script the same page reloads itself.
 */
const line = document.getElementById("line");
if (line !== null) start(line);

/** Something new to hear no more than once a minute; a turn at once. */
const SAY_AGAIN_MS = 60_000;
const COUNT_DOWN_MS = 1_000;
const LOOK_AGAIN_MS = 5_000;
/** One answer that is lost is not worth a word. */
const SILENT_LOOKS = 2;

function start(root: HTMLElement): void {
  const { drop = "", name = "", ticket = "", cohort = "0", madeAt = "0" } = root.dataset;
  const own = { dropId: drop, ticketId: ticket, cohort: Number(cohort) };
  const moving = movingOn({ dropId: drop, storage: storageOf(() => sessionStorage), nowMs: Date.now });
  let said = { title: document.querySelector("h1")?.textContent ?? "", main: "", atMs: performance.now() };

  const read = async (path: string) => {
    const cache = path.startsWith("record/roots/") ? "no-cache" : "default";
    const response = await fetch(`/v1/drops/${drop}/${path}`, { cache, credentials: "omit" });
    if (response.status === 404 && path !== "snapshot") return null;
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.json();
  };

  const keepRoot = rootKeeper({ ...own, read, storage: storageOf(() => localStorage), nowMs: Date.now });

  function show({ ticket, standing, snapshot, nowMs, failures }: Seen): void {
    if (mayClaim(standing) && moving.isSentBack) return;
    const { title, main, more } = toldOf(ticket, standing, snapshot, nowMs);
    setText(document.querySelector("h1"), title);
    document.title = `${title}: ${name} · Dropline`;
    setText(part("main"), main);
    setLines(part("more"), more);
    if (failures < SILENT_LOOKS) setText(part("as-of"), `As it was at ${timeWords(snapshot.atMs)}.`);
    const message = part("message");
    message.hidden = snapshot.message === null;
    setText(part("message-words"), snapshot.message ?? "");
    const phase = document.querySelector(".phase");
    setText(phase, PHASE_WORDS[snapshot.phase]);
    if (phase !== null) phase.className = `phase ${snapshot.phase}`;
    if (mayClaim(standing)) setText(part("turn"), [title, ...more].join(". "));
    else say(title, main, snapshot.message);
  }

  function say(title: string, main: string, message: string | null): void {
    const isDue = performance.now() - said.atMs > SAY_AGAIN_MS && main !== said.main;
    if (title === said.title && !isDue) return;
    said = { title, main, atMs: performance.now() };
    setText(part("said"), [title === main ? "" : `${title}.`, main, message ?? ""].join(" ").trim());
  }

  const following = follow({
    ticket: own,
    madeAtMs: Number(madeAt),
    read,
    rankIn,
    elapsedMs: () => performance.now(),
    random: Math.random,
    after(ms, act) {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    show,
    showSilence(failures) {
      if (failures >= SILENT_LOOKS)
        setText(part("as-of"), "No answer at the moment; trying again by itself. Your place is safe.");
    },
    keepRoot() {
      keepRoot().then(
        ({ areTwo }) => {
          part("two-roots").hidden = !areTwo;
        },
        // The next snapshot asks again.
        () => {},
      );
    },
    moveOn() {
      setTimeout(() => location.reload(), moving.afterMs());
    },
  });

  void following.look();
  setInterval(() => {
    if (document.visibilityState === "visible") following.refresh();
  }, COUNT_DOWN_MS);
  const lookAgain = () => {
    if (document.visibilityState === "visible") following.lookIfOlderThan(LOOK_AGAIN_MS);
  };
  document.addEventListener("visibilitychange", lookAgain);
  addEventListener("online", lookAgain);
  addEventListener("pageshow", lookAgain);
}

/** A browser may refuse to keep anything: then each page begins anew. */
function storageOf(get: () => Storage): Pick<Storage, "getItem" | "setItem"> {
  try {
    return get();
  } catch {
    return { getItem: () => null, setItem: () => {} };
  }
}

function part(name: string): HTMLElement {
  const found = document.getElementById(`line-${name}`);
  if (found === null) throw new Error(`the page has no part line-${name}`);
  return found;
}

/** Only what differs is written: screen readers and selections are left alone. */
function setText(element: Element | null, text: string): void {
  if (element !== null && element.textContent !== text) element.textContent = text;
}

function setLines(element: Element, lines: string[]): void {
  while (element.children.length > lines.length) element.lastElementChild?.remove();
  for (const [index, text] of lines.entries()) {
    const line = element.children[index] ?? element.appendChild(document.createElement("p"));
    setText(line, text);
  }
}
