import type { Hono } from "hono";
import { ProofPage } from "../pages/proof-page.tsx";
import { showProof } from "../verbs/show-proof.ts";
import { answerRefusal, methodNotAllowed } from "./answer.tsx";
import { keptToken, readSession } from "./caller.ts";
import { actOf, type C, type EdgeContext, NO_STORE, originOf } from "./context.ts";
import { page } from "./page.tsx";
import { readDropId } from "./read-request.ts";

export function addProofPage(pages: Hono<EdgeContext>): void {
  pages.get("/drops/:drop/proof", showProofPage);
  pages.all("/drops/:drop/proof", methodNotAllowed("GET", "HEAD"));
}

async function showProofPage(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const session = await readSession(c);
  const proof = await showProof(actOf(c), {
    dropId: dropId.value,
    session: session.ok ? session.value : undefined,
    ticket: keptToken(c, "ticket", dropId.value),
  });
  if (!proof.ok) return answerRefusal(c, proof.refusal);
  return page(c, <ProofPage {...proof.value} origin={originOf(c)} />, { cacheControl: NO_STORE });
}
