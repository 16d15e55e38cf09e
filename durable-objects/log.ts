/** One JSON line. Callers pass ids and codes, never contacts, tokens or secrets. */
export function logError(
  event: string,
  error: unknown,
  facts: Record<string, string | number | null> = {},
): void {
  const what =
    error instanceof Error ? { message: error.message, stack: error.stack } : { message: String(error) };
  console.error(JSON.stringify({ level: "error", event, ...facts, ...what }));
}
