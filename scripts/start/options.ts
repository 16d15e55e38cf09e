import { parseArgs } from "node:util";

export type StartOptions = {
  fresh: boolean;
  help: boolean;
  /** Seconds until the demo drop opens. */
  opensInSeconds: number;
  ports: { edge: number; payments: number; console: number; sandbox: number };
};

const FIRST_PORT = 8787;
const OPENS_IN_SECONDS = 30;
const SECONDS_MAX = 24 * 60 * 60;
const PORT_MAX = 65_535;

export const HELP = `npm start [-- options]

  --port N            the storefront's port (${FIRST_PORT}); the others follow it: N+1, N+2, N+3
  --payments-port N   gateway webhooks
  --console-port N    the brand's API
  --sandbox-port N    the sandbox payment gateway
  --opens-in SECONDS  when a new demo drop opens (${OPENS_IN_SECONDS})
  --fresh             forget everything from earlier runs first
  --help              this text`;

/** @throws with a sentence for people when an option is unknown or out of range. */
export function parseStartOptions(args: readonly string[]): StartOptions {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: text,
      "payments-port": text,
      "console-port": text,
      "sandbox-port": text,
      "opens-in": text,
      fresh: flag,
      help: flag,
    },
  });
  const edge = whole("--port", values.port, FIRST_PORT, PORT_MAX - 3);
  const port = (name: "payments-port" | "console-port" | "sandbox-port", distance: number) =>
    whole(`--${name}`, values[name], edge + distance, PORT_MAX);
  const ports = {
    edge,
    payments: port("payments-port", 1),
    console: port("console-port", 2),
    sandbox: port("sandbox-port", 3),
  };
  if (new Set(Object.values(ports)).size < 4) throw new Error("Each part needs a port of its own.");
  const opensInSeconds = whole("--opens-in", values["opens-in"], OPENS_IN_SECONDS, SECONDS_MAX);
  return { fresh: values.fresh, help: values.help, opensInSeconds, ports };
}

function whole(name: string, value: string | undefined, initial: number, most: number): number {
  if (value === undefined) return initial;
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= 1 && number <= most))
    throw new Error(`${name} takes a whole number from 1 to ${most}, not "${value}".`);
  return number;
}
