import { join } from "node:path";
import { ROOT } from "../platform/bundle.ts";
import { readRunning } from "../platform/running.ts";
import { localSecrets } from "../platform/secrets.ts";

/** Where the console is, and what it lets in. `edge`: the storefront, where it is known. */
export type Access = { console: string; edge: string | null; token: string };

export type Asked = { console: string | undefined; edge: string | undefined };
type Environment = Readonly<Record<string, string | undefined>>;

export const ACCESS_HELP = `  --console URL   the console (else DROPLINE_CONSOLE_URL, else what npm start runs on this machine)
                  Its token comes from DROPLINE_OPERATOR_TOKEN; on this machine from .dropline/secrets.json.`;

/**
 * Finds the console: by option, by environment, or what `npm start` runs here. The token of this machine's secrets goes to
 * the console of this machine and to no other. @throws with a sentence for people when something is missing.
 */
export async function findConsole(
  asked: Asked,
  environment: Environment = process.env,
  home: string = join(ROOT, ".dropline"),
): Promise<Access> {
  const named = asked.console ?? environment.DROPLINE_CONSOLE_URL;
  const token = environment.DROPLINE_OPERATOR_TOKEN;
  const edge = asked.edge ?? environment.DROPLINE_EDGE_URL ?? null;
  const running = await readRunning(home);
  if (named !== undefined && named !== running?.console) {
    const console = originOf(named);
    if (token === undefined)
      throw new Error(`Set DROPLINE_OPERATOR_TOKEN to the operator token of ${console}.`);
    return { console, edge, token };
  }
  if (running === null)
    throw new Error("No platform runs here: npm start starts one, and --console URL names another.");
  const local = token ?? (await localSecrets(home)).operatorToken;
  return { console: running.console, edge: edge ?? running.edge, token: local };
}

function originOf(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new Error(`--console takes an address such as https://console.shop.example, not "${url}".`);
  return new URL(url).origin;
}
