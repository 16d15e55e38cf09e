// Writes the reference page's script into public/: `node scripts/launch.mjs scripts/reference-script.ts`. Booting does so too.
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { REFERENCE_SCRIPT } from "../workers/edge/pages/assets.ts";

const ROOT = join(import.meta.dirname, "..");
const PACKAGE = "@scalar/fastify-api-reference";

type Route = { url: string; handler: (request: unknown, reply: Reply) => unknown };
type Reply = { header(name: string, value: string): Reply; send(body: string): unknown };
type Plugin = (server: object, options: object, done: () => void) => void;

/**
 * Scalar's script lies in 270 packages of its own, or as one string in its plugin for Fastify, which brings ten and hands the
 * string out at a route: so the plugin is given a server that only notes its routes. Does nothing when the file is there.
 * @throws when the installed version is not the one that the page names.
 */
export async function placeReferenceScript(): Promise<void> {
  const file = join(ROOT, "public", REFERENCE_SCRIPT);
  if (existsSync(file)) return;
  const about = await readFile(join(ROOT, "node_modules", PACKAGE, "package.json"), "utf8");
  const { version } = JSON.parse(about) as { version: string };
  if (!REFERENCE_SCRIPT.endsWith(`-${version}.js`))
    throw new Error(`${PACKAGE} is ${version}, and assets.ts names ${REFERENCE_SCRIPT}`);
  const script = await scriptOf(((await import(PACKAGE)) as { default: Plugin }).default);
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, script);
  await rename(draft, file);
}

async function scriptOf(plugin: Plugin): Promise<string> {
  const routes: Route[] = [];
  const server = { route: (route: Route) => routes.push(route), hasPlugin: () => false };
  plugin(server, { configuration: { url: "/openapi.json" } }, () => {});
  const route = routes.find(({ url }) => url.endsWith(".js"));
  let script = "";
  const reply: Reply = {
    header: () => reply,
    send: (body) => {
      script = body;
    },
  };
  await route?.handler({}, reply);
  if (!script.includes("createApiReference")) throw new Error(`${PACKAGE} no longer hands out its script`);
  return script.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
}

if (process.argv[1] === import.meta.filename) await placeReferenceScript();
