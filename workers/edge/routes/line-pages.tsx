import type { Hono } from "hono";
import { type DropAnswer, IdempotencyKey } from "../../../schema/http.ts";
import type { DropId } from "../../../schema/ids.ts";
import { REFUSALS } from "../../../schema/refusals.ts";
import { ChoosingPage, OutsidePage } from "../pages/line-page.tsx";
import { WaitingPage } from "../pages/line-waiting-page.tsx";
import type { FieldProblem } from "../pages/problems.tsx";
import { TUNING } from "../tuning.ts";
import { readDocument } from "../verbs/read-document.ts";
import { reserveUnits } from "../verbs/reserve-units.ts";
import { showDrop } from "../verbs/show-drop.ts";
import { standInLine } from "../verbs/stand-in-line.ts";
import { readAdmitted } from "./admitted.ts";
import { answerRefusal, methodNotAllowed } from "./answer.tsx";
import { basketProblem, type Chosen, readChosen } from "./basket-form.ts";
import { keepToken, keptToken, readSession } from "./caller.ts";
import { actOf, type C, type EdgeContext, NO_STORE } from "./context.ts";
import { readForm, seeOther } from "./forms.ts";
import { joinHere, sessionOrNew } from "./joining.ts";
import { basketOf, keep, readKept } from "./kept.ts";
import { lobbyRefreshSeconds } from "./lobby-refresh.ts";
import { page } from "./page.tsx";
import { parse, readDropId } from "./read-request.ts";
import { readShelves } from "./shelves.ts";

export function addLinePages(pages: Hono<EdgeContext>): void {
  pages.get("/drops/:drop/line", showLine);
  pages.post("/drops/:drop/line", join);
  pages.all("/drops/:drop/line", methodNotAllowed("GET", "HEAD", "POST"));
  pages.post("/drops/:drop/reservations", reserve);
  pages.all("/drops/:drop/reservations", methodNotAllowed("POST"));
}

/** Waits by its script, or by reloading itself. With its turn come it gives the pass into a cookie and shows the choice. */
async function showLine(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const read = await readSession(c);
  const ticket = keptToken(c, "ticket", dropId.value);
  const session = read.ok ? read.value : undefined;
  const standing = await standInLine(actOf(c), { dropId: dropId.value, session, ticket });
  if (!standing.ok) return answerRefusal(c, standing.refusal);
  const { edge } = c.var;
  const nowMs = edge.clock.now();
  const { drop } = standing.value;
  switch (standing.value.kind) {
    case "outside":
      return page(
        c,
        <OutsidePage drop={drop} nowMs={nowMs} refreshSeconds={lobbyRefreshSeconds(edge, drop)} />,
        { cacheControl: NO_STORE },
      );
    case "unidentified":
      return seeOther(c, `/drops/${dropId.value}/identity`);
    case "waiting": {
      const { place, ticketId } = standing.value;
      const content = (
        <WaitingPage
          drop={drop}
          nowMs={nowMs}
          ticketId={ticketId}
          place={place}
          kept={readKept(c, dropId.value)}
          refreshSeconds={place.retryAfterMs === null ? null : refreshSeconds(place.retryAfterMs)}
        />
      );
      return page(c, content, { cacheControl: NO_STORE });
    }
    case "admitted":
      keepToken(c, "pass", dropId.value, standing.value.pass);
      return page(c, await choosing(c, drop), { cacheControl: NO_STORE });
  }
}

/** The choice, for somebody whose turn it is; again after a refusal, with what was chosen and why it was not taken. */
async function choosing(
  c: C,
  drop: DropAnswer,
  { chosen, problems }: { chosen: Chosen; problems: FieldProblem[] } = { chosen: new Map(), problems: [] },
) {
  const { edge } = c.var;
  const dropId = drop.id as DropId;
  const published = await readDocument(actOf(c), dropId);
  return (
    <ChoosingPage
      drop={drop}
      nowMs={edge.clock.now()}
      shelves={await readShelves(c, drop)}
      reservationKey={edge.randomHex(TUNING.formKeyBytes)}
      refreshSeconds={refreshSeconds(0)}
      kept={readKept(c, dropId)}
      chosen={chosen}
      problems={problems}
      hasWaitingList={published.ok && published.value.document.waitingList.isOpen}
    />
  );
}

async function join(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const session = await sessionOrNew(c);
  if (!session.ok) return answerRefusal(c, session.refusal);
  const joined = await joinHere(c, dropId.value, { session: session.value, request: {} });
  if (joined.ok) return seeOther(c, `/drops/${dropId.value}/line`);
  if (joined.refusal.code === "challenge_required") return seeOther(c, `/drops/${dropId.value}/join`);
  return answerRefusal(c, joined.refusal);
}

async function reserve(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const admitted = await readAdmitted(c, dropId.value);
  if (!admitted.ok) return answerRefusal(c, admitted.refusal);
  if (admitted.value === null) return seeOther(c, `/drops/${dropId.value}/line`);
  const drop = await showDrop(actOf(c), dropId.value);
  if (!drop.ok) return answerRefusal(c, drop.refusal);
  const fields = await readForm(c);
  const key = parse(IdempotencyKey, fields.key);
  if (!key.ok) return answerRefusal(c, key.refusal);
  const read = readChosen(fields, drop.value.skus);
  if (!read.ok)
    return page(c, await choosing(c, drop.value, read.refusal), { status: 422, cacheControl: NO_STORE });
  const { shopperId, pass } = admitted.value;
  const { lines, chosen } = read.value;
  const asked = { dropId: dropId.value, shopperId, key: key.value, request: { pass, lines } };
  const reserved = await reserveUnits(actOf(c), asked);
  if (reserved.ok) {
    keep(c, dropId.value, { basket: basketOf(reserved.value) });
    return seeOther(c, `/drops/${dropId.value}/basket`);
  }
  const { refusal } = reserved;
  if (refusal.code === "pass_invalid") return seeOther(c, `/drops/${dropId.value}/line`);
  const problem = basketProblem(refusal, drop.value.skus);
  if (problem === undefined) return answerRefusal(c, refusal);
  const { status } = REFUSALS[refusal.code];
  return page(c, await choosing(c, drop.value, { chosen, problems: [problem] }), {
    status,
    cacheControl: NO_STORE,
  });
}

function refreshSeconds(ms: number): number {
  const seconds = Math.ceil(ms / 1_000);
  return Math.min(TUNING.pageRefreshMaxSeconds, Math.max(TUNING.pageRefreshMinSeconds, seconds));
}
