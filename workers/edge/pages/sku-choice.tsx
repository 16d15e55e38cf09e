import type { DropAnswer } from "../../../schema/http.ts";
import { formatMinor } from "../../../schema/money.ts";
import { Picture } from "./picture.tsx";
import { describedBy, type FieldProblem, ProblemOf } from "./problems.tsx";
import type { Shelf, ShownSku } from "./shelf.ts";
import { stockWords } from "./words.ts";

/** The field of a form that says how many units of a SKU. */
export const unitsField = (skuId: string) => `units-${skuId}`;

type ChoiceProps = {
  shelves: readonly Shelf[];
  currency: DropAnswer["currency"];
  /** What was typed or is held, by SKU. */
  chosen: ReadonlyMap<string, number>;
  problems: readonly FieldProblem[];
  /** Where a button beside each SKU that has no free unit leads, when there is a waiting list. */
  waitAt: string | null;
};

/** Every SKU with a control that says how many. What has no free unit can only be waited for. */
export function SkuChoice({ shelves, ...shared }: ChoiceProps) {
  return (
    <>
      {shelves.map((shelf) => (
        <fieldset class="shelf">
          <legend>{shelf.title}</legend>
          <Picture url={shelf.imageUrl} alt={shelf.imageAlt} isSmall />
          <div>
            {shelf.skus.map((sku) => (
              <Row sku={sku} isOnly={shelf.skus.length === 1 && sku.name === shelf.title} {...shared} />
            ))}
          </div>
        </fieldset>
      ))}
    </>
  );
}

/** `isOnly`: its shelf is called as it is; a name is seen once, and is heard with its control all the same. */
type RowProps = Omit<ChoiceProps, "shelves"> & { sku: ShownSku; isOnly: boolean };

function Row({ sku, isOnly, currency, chosen, problems, waitAt }: RowProps) {
  const field = unitsField(sku.id);
  const units = chosen.get(sku.id) ?? 0;
  const isFree = sku.level.available > 0 || units > 0;
  return (
    <div class="choice" id={isFree ? undefined : field}>
      <label for={isFree ? field : undefined}>
        <strong class={isOnly ? "unseen" : undefined}>{sku.name}</strong>{" "}
        <span class="price">{formatMinor(sku.priceMinor, currency)}</span>
        <small>{stockWords(sku.level)}</small>
        <ProblemOf field={field} problems={problems} />
      </label>
      {isFree ? <Units sku={sku} units={units} problems={problems} /> : null}
      {!isFree && waitAt !== null ? (
        <button class="small" type="submit" formaction={waitAt} formnovalidate name="wait" value={sku.id}>
          Wait for one<span class="unseen"> of {sku.name}</span>
        </button>
      ) : null}
    </div>
  );
}

function Units({
  sku,
  units,
  problems,
}: {
  sku: ShownSku;
  units: number;
  problems: readonly FieldProblem[];
}) {
  const field = unitsField(sku.id);
  const tie = describedBy(field, problems);
  if (sku.perShopper === 1) {
    return <input type="checkbox" id={field} name={field} value="1" checked={units > 0} {...tie} />;
  }
  return (
    <select id={field} name={field} {...tie}>
      {Array.from({ length: sku.perShopper + 1 }, (_, number) => (
        <option value={String(number)} selected={number === Math.min(units, sku.perShopper)}>
          {number}
        </option>
      ))}
    </select>
  );
}
