import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const DRILL_TIMEOUT_MS = 300_000;

export default defineConfig({
  test: {
    reporters: ["default"],
    projects: [
      {
        test: { name: "unit", environment: "node", include: ["test/unit/**/*.test.{ts,tsx}"] },
      },
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: "./durable-objects/wrangler.toml" },
            miniflare: { bindings: { TEST_MIGRATIONS: await readD1Migrations("./migrations") } },
          })),
        ],
        test: {
          name: "objects",
          include: ["test/objects/**/*.test.ts"],
          setupFiles: ["./test/objects/apply-migrations.ts"],
        },
      },
      {
        test: {
          name: "api",
          environment: "node",
          include: ["test/api/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "drill",
          environment: "node",
          include: ["test/drill/**/*.test.ts"],
          // One at a time: a drill counts what a whole machine can do.
          fileParallelism: false,
          testTimeout: DRILL_TIMEOUT_MS,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
