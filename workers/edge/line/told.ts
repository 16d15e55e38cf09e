import type { Chance, Picture, Standing, Ticket, WaitRange } from "./arithmetic.ts";
import { count, rangeWords, roundedBy, spanWords, timeWords } from "./spans.ts";

export const PHASE_WORDS: Record<Picture["phase"], string> = {
  announced: "Announced",
  lobby: "Lobby open",
  live: "Live",
  sold_out: "Sold out",
  closed: "Over",
};

/** What somebody in a line is told: a title, the main thing, and what else there is to know. Plain text. */
export type Told = { title: string; main: string; more: string[] };

const KEEP = "Your ticket is kept in this browser: you may close the page and come back to it.";

const YOUR_TURN: Told = {
  title: "It is your turn",
  main: "Your turn has come.",
  more: ["You are taken to the choice now."],
};

/** The words for a standing: the same on the page that the server sends and on the one that keeps itself up to date. */
export function toldOf(ticket: Ticket, standing: Standing, picture: Picture, nowMs: number): Told {
  switch (standing.kind) {
    case "over":
      return {
        title: "This drop is over",
        main: "No unit can reach you any more.",
        more: [
          "The drop has ended, and nobody is admitted after the end. An order that you placed stands; nothing else is charged.",
        ],
      };
    case "admitted":
      return standing.isPaused
        ? {
            title: "Your turn has come, and the line is paused",
            main: "You can choose as soon as the line goes on.",
            more: ["Nobody can reserve anything at the moment, so nobody gets ahead of you.", KEEP],
          }
        : YOUR_TURN;
    case "standby":
      if (standing.isOpen && !standing.isPaused) return YOUR_TURN;
      return {
        title: "You are on standby",
        main: "The time in which you could claim your place is over.",
        more: [
          "Once everybody else has had their turn and units are left, you can choose all the same: this page will take you there.",
          ...pausedWords(standing.isPaused),
          KEEP,
        ],
      };
    case "gathering":
      return gathering(ticket, standing, picture, nowMs);
    case "drawing":
      return drawing(standing, picture, nowMs);
    case "waiting":
      return waiting(standing, picture);
  }
}

function gathering(
  { cohort }: Ticket,
  { closesAtMs, chance }: Extract<Standing, { kind: "gathering" }>,
  picture: Picture,
  nowMs: number,
): Told {
  const drawn = `at ${timeWords(closesAtMs)}, in ${spanWords(closesAtMs - nowMs)}`;
  // A snapshot is a second or two old, and whoever reads this has joined.
  const joined = Math.max(1, picture.joined);
  return {
    title: cohort === 0 ? "You are in the lobby" : "You are in the line",
    main: `${count(joined, "person has", "people have")} joined so far.`,
    more: [
      cohort === 0
        ? `Places among all who are here by then are drawn ${drawn}. Nobody knows them before, and coming earlier gains nothing.`
        : `Places among all who came in the same few seconds as you are drawn ${drawn}. Nobody knows them before.`,
      ...unitsWords(picture),
      ...(cohort === 0 ? [LOBBY_CHANCE[chance]] : [CHANCE[chance]]),
      ...pausedWords(picture.isPaused),
      KEEP,
    ],
  };
}

function drawing(
  { dueAtMs, isLate, chance }: Extract<Standing, { kind: "drawing" }>,
  picture: Picture,
  nowMs: number,
): Told {
  const when =
    dueAtMs === null || dueAtMs <= nowMs ? "in a moment" : `in about ${spanWords(dueAtMs - nowMs)}`;
  return {
    title: isLate ? "The draw is waiting for its public random value" : "Places are being drawn",
    main: isLate
      ? "The public random value for the draw is late. The line waits for it."
      : `Your place is not known yet. It will be ${when}.`,
    more: [
      ...(isLate
        ? [
            "It comes from a public source that nobody here can hurry or replace: there is no other way to draw, so that nobody can choose a convenient one. Everybody's place is safe.",
          ]
        : []),
      ...unitsWords(picture),
      ...(isLate ? [] : [CHANCE[chance]]),
      ...pausedWords(picture.isPaused),
      KEEP,
    ],
  };
}

function waiting(standing: Extract<Standing, { kind: "waiting" }>, picture: Picture): Told {
  const { ahead, aheadMargin, place, placeMargin, stop, wait, chance } = standing;
  const before = `About ${count(roundedBy(ahead, aheadMargin), "person is", "people are")} before you${giveOrTake(aheadMargin)}.`;
  const told = {
    main: ahead === 0 ? "You are next." : before,
    place: `Your place in the whole line is about ${roundedBy(place, placeMargin).toLocaleString("en")}${giveOrTake(placeMargin)}. The order is exact; counts and waits are estimates.`,
  };
  switch (stop) {
    case "paused":
      return {
        title: "The line is paused",
        main: told.main,
        more: [
          "Nobody is admitted until it goes on; nobody loses a place by it.",
          told.place,
          ...unitsWords(picture),
          KEEP,
        ],
      };
    case "all_reserved":
      return {
        title: "All units are reserved",
        main: told.main,
        more: [
          "Every unit is held by somebody who was admitted before you. What they do not buy comes back, and the line moves on; how much that will be nobody knows.",
          told.place,
          ...unitsWords(picture),
          KEEP,
        ],
      };
    case "sold_out":
      return {
        title: "Everything is sold",
        main: "All units are sold.",
        more: [
          "One comes back only if a payment fails in the end, or if somebody cancels or returns. Then the line moves on, but do not count on it.",
          told.place,
          KEEP,
        ],
      };
    case null:
      return {
        title: "You are in the line",
        main: told.main,
        more: [...waitWords(wait), CHANCE[chance], told.place, ...unitsWords(picture), KEEP],
      };
  }
}

function waitWords(wait: WaitRange | null): string[] {
  return wait === null ? [] : [`At the present pace that is ${rangeWords(wait)}, if units last until then.`];
}

function giveOrTake(margin: number): string {
  return margin < 1 ? "" : ` (give or take ${roundedBy(margin, margin / 10).toLocaleString("en")})`;
}

const CHANCE: Record<Chance, string> = {
  likely: "By what is free now, it is likely that a unit is left at your turn.",
  possible: "By what is free now, a unit may or may not be left at your turn.",
  unlikely: "By what is free now, it is unlikely that a unit is left at your turn; some may still come back.",
};

const LOBBY_CHANCE: Record<Chance, string> = {
  likely: "So far there are enough units for everybody here.",
  possible: "There are units for a part of those who are here so far.",
  unlikely: "There are far fewer units than people here: most will get none.",
};

function pausedWords(isPaused: boolean): string[] {
  return isPaused ? ["The line is paused: nobody is admitted until it goes on."] : [];
}

function unitsWords({ skus }: Picture): string[] {
  const sum = { stock: 0, available: 0, reserved: 0, sold: 0 };
  for (const sku of skus) {
    sum.stock += sku.stock;
    sum.available += sku.available;
    sum.reserved += sku.reserved;
    sum.sold += sku.sold;
  }
  const { stock, available, reserved, sold } = sum;
  if (reserved + sold === 0) return [`There ${stock === 1 ? "is" : "are"} ${count(stock, "unit")}.`];
  const said = [
    `${available.toLocaleString("en")} free`,
    `${reserved.toLocaleString("en")} reserved`,
    `${sold.toLocaleString("en")} sold`,
  ];
  return [`Of ${count(stock, "unit")} there are ${said[0]}, ${said[1]} and ${said[2]}.`];
}
