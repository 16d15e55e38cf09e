import { Hono } from "hono";
import { csrf } from "hono/csrf";
import { DropPage } from "../pages/drop-page.tsx";
import { DropsPage } from "../pages/drops-page.tsx";
import { TUNING } from "../tuning.ts";
import { listDrops } from "../verbs/list-drops.ts";
import { showDrop } from "../verbs/show-drop.ts";
import { answerRefusal, methodNotAllowed } from "./answer.tsx";
import { addBasketPages } from "./basket-pages.tsx";
import { addCheckoutPages } from "./checkout-pages.tsx";
import { actOf, type EdgeContext, publicFor } from "./context.ts";
import { isHandOver } from "./customer-form.tsx";
import { addIdentityPages } from "./identity-pages.tsx";
import { addJoinPages } from "./join-pages.tsx";
import { addLinePages } from "./line-pages.tsx";
import { lobbyRefreshSeconds } from "./lobby-refresh.ts";
import { addOrderPages } from "./order-pages.tsx";
import { page } from "./page.tsx";
import { addProofPage } from "./proof-page.tsx";
import { readDropId } from "./read-request.ts";
import { readShelves } from "./shelves.ts";
import { addWaitingPages } from "./waiting-pages.tsx";

/** The storefront as pages and forms. The two public pages are the same for everybody; the rest is one visitor's own. */
export function pageRoutes() {
  const pages = new Hono<EdgeContext>();
  const fromHereAlone = csrf();
  pages.use(async (c, next) => ((await isHandOver(c)) ? next() : fromHereAlone(c, next)));

  pages.get("/", async (c) => {
    const listed = await listDrops(actOf(c));
    if (!listed.ok) return answerRefusal(c, listed.refusal);
    const content = <DropsPage drops={listed.value.drops} nowMs={c.var.edge.clock.now()} />;
    return page(c, content, { cacheControl: publicFor(TUNING.dropListMaxAgeSeconds) });
  });
  pages.all("/", methodNotAllowed("GET", "HEAD"));

  pages.get("/drops/:drop", async (c) => {
    const dropId = readDropId(c);
    const drop = dropId.ok ? await showDrop(actOf(c), dropId.value) : dropId;
    if (!drop.ok) return answerRefusal(c, drop.refusal);
    const shelves = await readShelves(c, drop.value);
    const { edge } = c.var;
    const content = (
      <DropPage
        drop={drop.value}
        shelves={shelves}
        nowMs={edge.clock.now()}
        refreshSeconds={lobbyRefreshSeconds(edge, drop.value)}
      />
    );
    return page(c, content, { cacheControl: publicFor(TUNING.dropMaxAgeSeconds) });
  });
  pages.all("/drops/:drop", methodNotAllowed("GET", "HEAD"));

  addLinePages(pages);
  addProofPage(pages);
  addJoinPages(pages);
  addIdentityPages(pages);
  addBasketPages(pages);
  addWaitingPages(pages);
  addCheckoutPages(pages);
  addOrderPages(pages);
  return pages;
}
