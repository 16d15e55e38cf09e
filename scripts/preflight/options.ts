import { parseArgs } from "node:util";
import { DropId } from "../../schema/ids.ts";
import { ACCESS_HELP } from "../console/access.ts";

export type PreflightOptions = {
  drop: DropId;
  json: boolean;
  console: string | undefined;
  edge: string | undefined;
  /** People who are expected; null: not said. */
  crowd: number | null;
};

export const HELP = `npm run preflight -- --drop ID

  --drop ID       the drop that is about to start: published, or a draft in KV
  --crowd N       people who are expected
${ACCESS_HELP}
  --edge URL      the storefront (else DROPLINE_EDGE_URL, else what npm start runs on this machine)
  --json          the answer as JSON, for programs
  --help          this text

Makes the drop's objects near its audience and wakes them; looks at clocks, gateways, keys, stock and limits.
Ends with 0 when it is ready, 1 when something blocks, 2 when the command was not understood.`;

/** null: help was asked for. @throws with a sentence for people when the command is not understood. */
export function parsePreflightOptions(args: readonly string[]): PreflightOptions | null {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { drop: text, crowd: text, json: flag, help: flag, console: text, edge: text },
  });
  if (values.help) return null;
  const drop = DropId.safeParse(values.drop);
  if (!drop.success)
    throw new Error(
      values.drop === undefined
        ? "Say which drop: --drop ID."
        : `"${values.drop}" is no id of a drop: those are lower-case letters, digits and single hyphens.`,
    );
  const { crowd } = values;
  if (crowd !== undefined && !/^[1-9]\d{0,8}$/.test(crowd))
    throw new Error(`--crowd takes a whole number of people, not "${crowd}".`);
  return {
    drop: drop.data,
    json: values.json,
    console: values.console,
    edge: values.edge,
    crowd: crowd === undefined ? null : Number(crowd),
  };
}
