import type { OrderCharge, PricedLine } from "../../../schema/http.ts";
import type { SkuId } from "../../../schema/ids.ts";
import { type AmountMinor, type Currency, formatMinor } from "../../../schema/money.ts";

type AmountsProps = {
  lines: readonly PricedLine[];
  charges: readonly OrderCharge[];
  totalMinor: AmountMinor;
  totalLabel?: string;
  currency: Currency;
  /** What shoppers read for a SKU; one that is not known (any more) is told by its id. */
  names: ReadonlyMap<SkuId, string>;
};

/** Lines, what is added to them, and the sum; what the prices include already is told below the sum. */
export function Amounts({ lines, charges, totalMinor, totalLabel = "Total", currency, names }: AmountsProps) {
  const added = charges.filter(({ isIncluded }) => !isIncluded);
  const included = charges.filter(({ isIncluded }) => isIncluded);
  return (
    <table class="amounts">
      <thead class="unseen">
        <tr>
          <th scope="col">What</th>
          <th scope="col">Amount</th>
        </tr>
      </thead>
      <tbody>
        {lines.map(({ skuId, quantity, unitPriceMinor, totalMinor: lineMinor }) => (
          <tr>
            <th scope="row">
              {quantity} × {names.get(skuId) ?? skuId}
              {quantity === 1 ? null : <small>{formatMinor(unitPriceMinor, currency)} each</small>}
            </th>
            <td>{formatMinor(lineMinor, currency)}</td>
          </tr>
        ))}
        {added.map(({ label, amountMinor }) => (
          <tr>
            <th scope="row">{label}</th>
            <td>{formatMinor(amountMinor, currency)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{totalLabel}</th>
          <td>{formatMinor(totalMinor, currency)}</td>
        </tr>
        {included.map(({ label, amountMinor }) => (
          <tr class="included">
            <th scope="row">Includes {label}</th>
            <td>{formatMinor(amountMinor, currency)}</td>
          </tr>
        ))}
      </tfoot>
    </table>
  );
}
