import { countryName } from "./words.ts";

type Shown = {
  name: string;
  line1: string;
  line2?: string | undefined;
  postalCode: string;
  city: string;
  region?: string | undefined;
  country: string;
};

export function Address({ address }: { address: Shown }) {
  const { name, line1, line2, postalCode, city, region, country } = address;
  const lines = [name, line1, line2, `${postalCode} ${city}`, region, countryName(country)];
  return (
    <address>
      {lines
        .filter((line) => line !== undefined && line !== "")
        .map((line) => (
          <span>{line}</span>
        ))}
    </address>
  );
}
