/**
 * JSON with sorted keys and no spacing, of plain parsed JSON, so that equal values have equal text. Fields that are undefined
 * are left out, as JSON does. Keys are sorted by UTF-16 code units, as in RFC 8785; nothing else of it is promised.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`);
  return `{${fields.join(",")}}`;
}
