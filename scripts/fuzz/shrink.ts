import type { Sent } from "./send.ts";

const TRIES_MAX = 80;

/**
 * The smallest request that is still in breach, found by leaving things out one at a time and sending it again. What was
 * filled in from earlier answers stays as it was sent; a breach that only an earlier state showed is left as it is.
 */
export async function shrink(sent: Sent, stillBreaches: (sent: Sent) => Promise<boolean>): Promise<Sent> {
  let smallest = sent;
  let tries = 0;
  for (let progress = true; progress && tries < TRIES_MAX; ) {
    progress = false;
    for (const smaller of smallerThan(smallest)) {
      if (++tries > TRIES_MAX) break;
      if (!(await stillBreaches(smaller))) continue;
      smallest = smaller;
      progress = true;
      break;
    }
  }
  return smallest;
}

function* smallerThan(sent: Sent): Generator<Sent> {
  const [path = "", query] = sent.path.split("?");
  if (query !== undefined) {
    const parts = query.split("&");
    for (const part of parts) {
      const rest = parts.filter((other) => other !== part).join("&");
      yield { ...sent, path: rest === "" ? path : `${path}?${rest}` };
    }
  }
  for (const header of sent.headers)
    yield { ...sent, headers: sent.headers.filter((other) => other !== header) };
  const { body } = sent;
  if (body === undefined) return;
  yield { ...sent, body: undefined };
  if (body.length > 64) yield { ...sent, body: body.slice(0, body.length >> 1) };
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [name, field] of Object.entries(value)) {
    const { [name]: _, ...rest } = value as Record<string, unknown>;
    yield { ...sent, body: JSON.stringify(rest) };
    if (typeof field === "string" && field.length > 8)
      yield { ...sent, body: JSON.stringify({ ...value, [name]: field.slice(0, field.length >> 1) }) };
  }
}

/** As a line for a shell. */
export function asCurl(url: string, { method, path, headers, body }: Sent): string {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const parts = [
    `curl -i -X ${method} ${quote(url + path)}`,
    ...headers.map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
  ];
  if (body !== undefined)
    parts.push(
      `--data-binary ${quote(body.length > 600 ? `${body.slice(0, 200)}... (${body.length} characters)` : body)}`,
    );
  return parts.join(" ");
}
