import type { DropDocument } from "../../../schema/drop-document.ts";
import { timesAsTheyStand } from "../../../schema/drop-times.ts";
import type { DropAnswer } from "../../../schema/http.ts";
import type { DropId } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result } from "../../../schema/result.ts";
import { JOIN_ACTION } from "../bots/siteverify.ts";
import type { Act } from "../edge.ts";
import { readDocument } from "./read-document.ts";
import { readPictures } from "./read-pictures.ts";
import { readSnapshot } from "./read-snapshot.ts";

/** A drop with its phase and stock: the document says what is sold, the snapshot how much of it is left. */
export async function showDrop(
  act: Act,
  dropId: DropId,
): Promise<Result<DropAnswer, Refusal<"drop_not_found" | "unavailable">>> {
  const snapshot = await readSnapshot(act, dropId);
  if (!snapshot.ok) return snapshot;
  const published = await readDocument(act, dropId);
  if (!published.ok) return published;
  const { document, version } = published.value;
  const pictures = await readPictures(act, document.skus);
  const levels = new Map(snapshot.value.skus.map((level) => [level.skuId, level]));
  return ok({
    id: document.id,
    version,
    name: document.name,
    description: document.description,
    mode: document.mode,
    identity: document.limits.identity,
    challenge: challengeOf(act, document),
    currency: document.currency,
    phase: snapshot.value.phase,
    ...timesAsTheyStand(document, snapshot.value),
    shipping: document.shipping,
    terms: document.terms,
    skus: document.skus.map(({ id, name, stock, priceMinor, perShopper, product }) => ({
      id,
      name,
      priceMinor,
      perShopper,
      // A SKU that has not told the line its level yet has sold nothing.
      level: levels.get(id) ?? { skuId: id, stock, available: stock, reserved: 0, sold: 0 },
      product,
      ...(pictures.get(id) ?? { options: [], imageUrl: null, imageAlt: "" }),
    })),
  });
}

function challengeOf({ edge }: Act, { id, line }: DropDocument): DropAnswer["challenge"] {
  if (line.challenge === "none") return null;
  return {
    kind: line.challenge,
    siteKey: edge.widget?.siteKey ?? null,
    action: JOIN_ACTION,
    cdata: id,
    isMailEnough: line.mailInsteadOfChallenge,
  };
}
