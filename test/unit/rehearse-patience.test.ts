import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { EdgeClient } from "../../scripts/rehearse/client.ts";
import { ENDPOINTS } from "../../scripts/rehearse/endpoints.ts";
import { playKills, Restarts } from "../../scripts/rehearse/kills.ts";
import { Patience } from "../../scripts/rehearse/patience.ts";

const AWAY_MS = 60_000;
const SESSION = { shopperId: `shp_${"0".repeat(32)}`, session: "token", expiresAtMs: 1 };
const REQUEST = { method: "POST", path: "/v1/sessions", address: "10.0.0.1", body: {} } as const;

test("patience goes with the wall, stands still while the shop is away, and goes on from there", async () => {
  let wallMs = 1_000;
  const patience = new Patience(() => wallMs);
  wallMs += 100;
  expect(patience.nowMs()).toBe(1_100);
  await patience.during(async () => {
    wallMs += AWAY_MS;
    expect(patience.nowMs()).toBe(1_100);
  });
  wallMs += 10;
  expect(patience.nowMs()).toBe(1_110);
  const failed = patience.during(async () => {
    wallMs += AWAY_MS;
    throw new Error("it did not start again");
  });
  await expect(failed).rejects.toThrow();
  expect(patience.nowMs()).toBe(1_110);
});

test("a kill stops it for as long as the shop is away, and no longer", async () => {
  let wallMs = 1_000;
  const patience = new Patience(() => wallMs);
  const seen: number[] = [];
  const killAndRestart = async () => {
    wallMs += AWAY_MS;
    seen.push(patience.nowMs());
    return AWAY_MS;
  };
  const kills = await playKills({
    uptimesMs: [0, 0],
    opensAtMs: 0,
    stage: { killAndRestart },
    restarts: new Restarts(),
    shoppersHere: () => 1,
    patience,
  });
  expect(kills.map(({ awayMs }) => awayMs)).toEqual([AWAY_MS, AWAY_MS]);
  expect([...seen, patience.nowMs()]).toEqual([1_000, 1_000, 1_000]);
});

test("somebody whose patience would have ended meanwhile asks on, and is answered", async () => {
  let asked = 0;
  let wallMs = 0;
  const patience = new Patience(() => wallMs);
  const back = Promise.withResolvers<void>();
  // The third time somebody asks, the shop is there again.
  const server = createServer((request, response) => {
    asked += 1;
    wallMs += AWAY_MS;
    if (asked < 3) request.socket.destroy();
    else {
      back.resolve();
      response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify(SESSION));
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new EdgeClient({ url, connections: 1, expectsCrashes: true, random: () => 0, patience });
  try {
    const gone = patience.during(() => back.promise);
    expect(await client.persist(ENDPOINTS.session, REQUEST, 1_000)).toMatchObject({ ok: true });
    await gone;
    expect([asked, client.traffic.gaveUp]).toEqual([3, 0]);
  } finally {
    await client.close();
    await new Promise((closed) => server.close(closed));
  }
});
