import { env } from "cloudflare:workers";
import { expect, it } from "vitest";

it("every migration of D1 is applied before a test begins", async () => {
  const { results } = await env.DB.prepare("SELECT name FROM d1_migrations ORDER BY id").all<{
    name: string;
  }>();
  expect(results.map(({ name }) => name)).toEqual(env.TEST_MIGRATIONS.map(({ name }) => name));
});
