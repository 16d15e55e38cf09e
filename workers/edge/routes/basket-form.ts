import type { BasketLine } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { FieldProblem } from "../pages/problems.tsx";
import type { ShownSku } from "../pages/shelf.ts";
import { unitsField } from "../pages/sku-choice.tsx";
import { BASKET_WORDS } from "../pages/words.ts";

const PREFIX = unitsField("");

export type Chosen = Map<string, number>;

/** How many units of which SKU a form asks for; what it leaves out or says 0 of is not in the basket. */
export function readChosen(
  fields: Record<string, unknown>,
  skus: readonly ShownSku[],
): Result<{ chosen: Chosen; lines: BasketLine[] }, { chosen: Chosen; problems: FieldProblem[] }> {
  const chosen: Chosen = new Map();
  const problems: FieldProblem[] = [];
  const known = new Map(skus.map((sku) => [sku.id as string, sku]));
  const lines: BasketLine[] = [];
  for (const [field, value] of Object.entries(fields)) {
    if (!field.startsWith(PREFIX)) continue;
    const sku = known.get(field.slice(PREFIX.length));
    if (sku === undefined) {
      problems.push({ field: null, words: "One of the things you chose is not in this drop any more." });
      continue;
    }
    const units = typeof value === "string" && /^\d{1,2}$/.test(value) ? Number(value) : -1;
    if (units < 0 || units > sku.perShopper) {
      problems.push({ field, words: `${sku.name}: choose a number from 0 to ${sku.perShopper}.` });
    } else if (units > 0) {
      chosen.set(sku.id, units);
      lines.push({ skuId: sku.id, quantity: units });
    }
  }
  if (lines.length > LIMITS.basketLinesMax)
    problems.push({ field: null, words: `A basket has ${LIMITS.basketLinesMax} lines at most.` });
  if (lines.length === 0 && problems.length === 0)
    problems.push({ field: null, words: "Choose at least one." });
  return problems.length > 0 ? refuse({ chosen, problems }) : ok({ chosen, lines });
}

/** In words beside the line that was refused; undefined for refusals that no other choice would mend. */
export function basketProblem({ code, skuId }: Refusal, skus: readonly ShownSku[]): FieldProblem | undefined {
  if (!(code in BASKET_WORDS)) return undefined;
  const words = BASKET_WORDS[code as keyof typeof BASKET_WORDS];
  const name = skus.find(({ id }) => id === skuId)?.name;
  if (skuId === undefined || name === undefined) return { field: null, words };
  return { field: unitsField(skuId), words: `${name}: ${words}` };
}
