import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { OrderAnswer } from "../../schema/http.ts";
import { ROOT } from "../../scripts/platform/bundle.ts";
import { publishDrop, startWorld, unitsOf, type World } from "./world.ts";

const run = promisify(execFile);
const EXAMPLE = join(ROOT, "examples", "client");
const WITHIN_MS = 120_000;

let world: World;
let dir: string;
beforeAll(async () => {
  // Away from the sources, so that nothing of ours is within reach; beside the packages, so that its own are.
  await mkdir(join(ROOT, ".dropline"), { recursive: true });
  dir = await mkdtemp(join(ROOT, ".dropline", "outside-"));
  world = await startWorld();
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
  await world?.end();
});

const tool = (name: string, script: string) => join(EXAMPLE, "node_modules", name, script);

it(
  "a client made from /openapi.json alone type-checks, and buys a basket of two",
  async () => {
    const drop = await publishDrop(world, { skus: [{ stock: 3 }, { stock: 3 }] });
    const { edge } = world.platform.urls;
    await writeFile(join(dir, "openapi.json"), await (await fetch(`${edge}/openapi.json`)).text());
    for (const file of ["buy.ts", "tsconfig.json"]) await copyFile(join(EXAMPLE, file), join(dir, file));
    await writeFile(join(dir, "package.json"), '{ "type": "module" }');

    const generator = tool("openapi-typescript", "bin/cli.js");
    await run(process.execPath, [generator, "openapi.json", "-o", "dropline.d.ts"], { cwd: dir });
    const compiler = tool("typescript", "bin/tsc");
    const checked = await run(process.execPath, [compiler, "-p", dir]).catch((error) => error);
    expect(checked.stdout).toBe("");

    const { stdout } = await run(process.execPath, ["buy.ts", edge, drop.id], { cwd: dir });
    const order = OrderAnswer.parse(JSON.parse(stdout));
    expect(order).toMatchObject({ status: "confirmed", money: "captured", dropId: drop.id });
    expect(order.lines.map(({ skuId }) => skuId).toSorted()).toEqual(drop.skus.toSorted());
    for (const sku of drop.skus) expect(await unitsOf(world, drop.id, sku)).toBe("2/0/1");
  },
  WITHIN_MS,
);
