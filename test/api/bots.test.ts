import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TicketAnswer } from "../../schema/http.ts";
import { DUMMY_TOKEN } from "../../scripts/sandbox/turnstile/keys.ts";
import { TUNING } from "../../workers/edge/tuning.ts";
import { expectRefusal, told } from "./ask.ts";
import { Browser } from "./browser.ts";
import { eventually } from "./eventually.ts";
import { Shopper } from "./shopper.ts";
import { askConsole, publishDrop, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.end());

const CHALLENGE = { line: { challenge: "turnstile", windowMs: 1_000, admitPerSecond: 1_000 } };

describe.concurrent("a drop that asks for a challenge", () => {
  test("is joined with what the widget gives, checked by the stand-in; without it the shopper is told", async () => {
    const drop = await publishDrop(world, { more: CHALLENGE });
    const shopper = await Shopper.arrived(world);
    expectRefusal(await shopper.join(drop.id), "challenge_required");
    const joined = await shopper.post(`/drops/${drop.id}/tickets`, { challenge: DUMMY_TOKEN });
    const { ticket } = told(joined, 201, TicketAnswer);
    await eventually(
      "a pass",
      async () => (await shopper.askPass(drop.id, ticket)).status === 201 || undefined,
    );
  });

  test("is joined by a browser without JavaScript with a mailed code", async () => {
    const drop = await publishDrop(world, { more: CHALLENGE, skus: [{ stock: 5 }] });
    const browser = new Browser(world.platform.urls.edge);
    await browser.go(`/drops/${drop.id}`);
    const asked = await browser.submit("/line");
    expect(asked.url).toContain(`/drops/${drop.id}/join`);
    const email = `${drop.id}@example.com`;
    await browser.submit("/join", { email });
    const code = await eventually("the mail", async () => {
      const mails = await fetch(`${world.sandbox.url}/control/mails?to=${email}`, {
        headers: { authorization: `Bearer ${world.secrets.sandboxApiKey}` },
      });
      const { mails: taken } = (await mails.json()) as { mails: { text: string }[] };
      return /Your code is (\d{6})/.exec(taken.at(-1)?.text ?? "")?.[1];
    });
    const line = await browser.submit("/join", { code });
    expect([line.status, new URL(line.url).pathname]).toEqual([200, `/drops/${drop.id}/line`]);
    expect(browser.cookieNames()).toContain(`dropline_ticket_${drop.id}`);
    await browser.reload("the turn", /It is your turn/);
  });
});

test("a script's sessions beyond a crowd's number wait for ever, those before it get their turn, and the record counts them after the end", async () => {
  const drop = await publishDrop(world, { opensInMs: 2_500, skus: [{ stock: 100 }] });
  const headers = { "cf-connecting-ip": "198.51.100.77", "user-agent": "script/1" };
  const extra = 3;
  const script: { shopper: Shopper; ticket: string }[] = [];
  for (let at = 0; at < TUNING.alikeFromAddressMax + extra; at++) {
    const shopper = await Shopper.arrived(world);
    const path = `/drops/${drop.id}/tickets`;
    const joined = await shopper.ask(path, { method: "POST", body: {}, key: "k", headers });
    script.push({ shopper, ticket: told(joined, 201, TicketAnswer).ticket });
  }
  const ask = ({ shopper, ticket }: (typeof script)[number]) => shopper.askPass(drop.id, ticket);
  await eventually("everybody's turn", async () => {
    const answers = await Promise.all(script.map(ask));
    const passes = answers.filter(({ status }) => status === 201);
    return passes.length >= TUNING.alikeFromAddressMax || undefined;
  });
  const answers = await Promise.all(script.map(ask));
  expect(answers.map(({ status }) => status)).toEqual([
    ...Array.from({ length: TUNING.alikeFromAddressMax }, () => 201),
    ...Array.from({ length: extra }, () => 409),
  ]);
  for (const answer of answers.slice(-extra)) expectRefusal(answer, "not_admitted_yet");
  const head = async () => (await script[0]?.shopper.ask(`/drops/${drop.id}/record`))?.json;
  expect(await head()).toMatchObject({ heldApart: null, joined: script.length });
  const end = { method: "POST", key: "end", body: { kind: "end" } };
  expect((await askConsole(world, `/drops/${drop.id}/line`, end)).status).toBe(200);
  await eventually("the count, after the end", async () => {
    expect(await head()).toMatchObject({ heldApart: extra });
    return true;
  });
});
