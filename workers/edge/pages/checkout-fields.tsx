import { describedBy, type FieldProblem, ProblemOf } from "./problems.tsx";
import type { Typed } from "./typed.ts";
import { countryName } from "./words.ts";

type FieldsProps = { typed: Typed; problems: readonly FieldProblem[] };

/** The name that browsers fill in from, and what the field is called. */
const ADDRESS = [
  ["name", "Name", "shipping name"],
  ["line1", "Street and number", "shipping address-line1"],
  ["line2", "Second line (if there is one)", "shipping address-line2"],
  ["postalCode", "Postal code", "shipping postal-code"],
  ["city", "City", "shipping address-level2"],
  ["region", "State or region (if your country has them)", "shipping address-level1"],
] as const;

export function EmailField({ typed, problems }: FieldsProps) {
  return (
    <>
      <label class="field" for="email">
        Email, for the confirmation
      </label>
      <ProblemOf field="email" problems={problems} />
      <input
        id="email"
        type="email"
        name="email"
        autocomplete="email"
        value={typed.email}
        required
        {...describedBy("email", problems)}
      />
    </>
  );
}

/** Where to: only countries that the drop ships to can be chosen. */
export function AddressFields({
  typed,
  problems,
  countries,
}: FieldsProps & { countries: readonly string[] }) {
  return (
    <fieldset class="bare">
      <legend>Where to?</legend>
      {ADDRESS.map(([field, label, autocomplete]) => (
        <>
          <label class="field" for={field}>
            {label}
          </label>
          <ProblemOf field={field} problems={problems} />
          <input
            id={field}
            type="text"
            name={field}
            autocomplete={autocomplete}
            value={typed[field]}
            required={field !== "line2" && field !== "region"}
            {...describedBy(field, problems)}
          />
        </>
      ))}
      <label class="field" for="country">
        Country
      </label>
      <ProblemOf field="country" problems={problems} />
      <select
        id="country"
        name="country"
        autocomplete="shipping country"
        required
        {...describedBy("country", problems)}
      >
        {countries.length === 1 ? null : <option value="">Choose a country</option>}
        {countries.map((code) => (
          <option value={code} selected={code === typed.country}>
            {countryName(code)}
          </option>
        ))}
      </select>
    </fieldset>
  );
}

/** Consent is to one version; the box is empty until it is ticked. */
export function TermsField({
  terms,
  typed,
  problems,
}: FieldsProps & { terms: { version: string; url: string } | null }) {
  if (terms === null) return null;
  return (
    <p>
      <ProblemOf field="terms" problems={problems} />
      <label class="radio" for="terms">
        <input
          id="terms"
          type="checkbox"
          name="terms"
          value={terms.version}
          checked={typed.terms === terms.version}
          {...describedBy("terms", problems)}
        />
        <span>
          I have read the{" "}
          <a href={terms.url} target="_blank" rel="noopener noreferrer">
            terms
          </a>{" "}
          (version {terms.version}) and agree to them.
        </span>
      </label>
    </p>
  );
}
