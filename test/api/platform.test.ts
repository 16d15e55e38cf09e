import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootPlatform, FRONT_DOORS, type Platform } from "../../scripts/platform/boot.ts";
import { createSecrets } from "../../scripts/platform/secrets.ts";

describe("the platform", () => {
  let platform: Platform;

  beforeAll(async () => {
    platform = await bootPlatform({
      stateDir: null,
      ports: { edge: 0, payments: 0, console: 0 },
      secrets: createSecrets(),
      vars: { SANDBOX_URL: "http://127.0.0.1:1" },
    });
  });
  afterAll(() => platform?.dispose());

  it.each(FRONT_DOORS)("answers at the front door %s", async (door) => {
    const response = await fetch(`${platform.urls[door]}/`);
    await response.arrayBuffer();
    expect(response.status).toBeLessThan(500);
  });

  it("has every migration applied before it answers", async () => {
    const database = await platform.miniflare.getD1Database("DB", "dropline-state");
    const row = await database.prepare("SELECT count(*) AS applied FROM d1_migrations").first();
    expect(row).toMatchObject({ applied: expect.any(Number) });
  });

  it("survives a knock on the objects that should have woken", async () => {
    await expect(platform.scheduled()).resolves.toBeUndefined();
  });
});
