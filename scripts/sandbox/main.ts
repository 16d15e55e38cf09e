// The sandbox gateway as a process of its own. Options are one JSON argument, or else SANDBOX_* in the environment;
// the first line on stdout is JSON and says that it is ready.
import * as z from "zod";
import { BeaconFaults } from "./beacon/faults.ts";
import { Faults } from "./faults.ts";
import { startSandbox } from "./server.ts";

const Options = z.object({
  port: z.coerce.number().int().min(0).max(65_535).default(8790),
  dir: z.string().min(1).nullable().default(null),
  apiKey: z.string().min(1),
  webhookSecret: z.string().startsWith("whsec_"),
  webhookUrl: z.url().nullable().default(null),
  publicUrl: z.url().optional(),
  faults: Faults.optional(),
  beaconFaults: BeaconFaults.optional(),
});

const { env } = process;
const argument = process.argv[2];
const options = Options.parse(
  argument === undefined
    ? {
        port: env.SANDBOX_PORT,
        dir: env.SANDBOX_DIR,
        apiKey: env.SANDBOX_API_KEY,
        webhookSecret: env.SANDBOX_WEBHOOK_SECRET,
        webhookUrl: env.SANDBOX_WEBHOOK_URL,
        publicUrl: env.SANDBOX_PUBLIC_URL,
        faults: env.SANDBOX_FAULTS === undefined ? undefined : JSON.parse(env.SANDBOX_FAULTS),
      }
    : JSON.parse(argument),
);

const sandbox = await startSandbox(options);
console.log(JSON.stringify({ ready: true, url: sandbox.url, pid: process.pid }));

let isClosing = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (isClosing) return;
    isClosing = true;
    void sandbox.close().finally(() => process.exit(0));
  });
}
