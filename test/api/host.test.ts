import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { BootOptions } from "../../scripts/platform/boot.ts";
import { startHost } from "../../scripts/platform/host-client.ts";
import { createSecrets, localSecrets } from "../../scripts/platform/secrets.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dropline-host-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

it("comes back on the same ports after SIGKILL", async () => {
  const options: BootOptions = {
    stateDir: join(dir, "state"),
    ports: { edge: 0, payments: 0, console: 0 },
    secrets: createSecrets(),
    vars: { SANDBOX_URL: "http://127.0.0.1:1" },
  };
  const first = await startHost(options);
  await first.kill9();
  await expect(fetch(first.urls.edge)).rejects.toThrow();

  const port = (door: keyof typeof first.urls) => Number(new URL(first.urls[door]).port);
  const ports = { edge: port("edge"), payments: port("payments"), console: port("console") };
  const second = await startHost({ ...options, ports });
  expect(second.urls).toEqual(first.urls);
  expect(second.pids.workerd).not.toBe(first.pids.workerd);
  expect((await fetch(second.urls.edge)).status).toBeLessThan(500);
  await second.stop();
});

it("keeps local secrets from the first use on, readable by their owner alone", async () => {
  const secrets = await localSecrets(dir);
  expect(await localSecrets(dir)).toEqual(secrets);
  expect(secrets.sandboxWebhookSecret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
});
