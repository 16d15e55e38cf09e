import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { howToSet, SECRETS, secretComplaints, secretsOf } from "../../schema/secrets.ts";
import { ROOT } from "../../scripts/platform/bundle.ts";
import { createSecrets, localSecrets, secretBindings } from "../../scripts/platform/secrets.ts";
import { answerMisconfigured, Misconfigured, requireSecrets } from "../../workers/misconfigured.ts";

const good = secretBindings(createSecrets());
const SHORT = "c2hvcnQ";
const LONG = "A".repeat(43);

const HOLDERS = [
  ["edge", "wrangler.toml"],
  ["payments", "workers/payments/wrangler.toml"],
  ["console", "workers/console/wrangler.toml"],
] as const;

test.each(HOLDERS)(
  "%s asks in its wrangler.toml for exactly the secrets that it checks",
  async (holder, config) => {
    const toml = await readFile(join(ROOT, config), "utf8");
    const required = JSON.parse(/^required = (\[.*\])$/m.exec(toml)?.[1] ?? "[]") as string[];
    const demanded = secretsOf(holder).filter((name) => !SECRETS[name]?.isOptional);
    expect(demanded.sort()).toEqual(required.sort());
    for (const name of required)
      expect(howToSet(holder, name)).toBe(`npx wrangler secret put ${name} -c ${config}`);
  },
);

test("what is drawn for this machine is accepted", () => {
  expect(secretComplaints(good, Object.keys(SECRETS))).toEqual([]);
});

describe("a secret is refused by name and reason, and never by value", () => {
  test.each<[string, string, string | undefined, RegExp]>([
    ["missing", "TICKET_KEYS", undefined, /^TICKET_KEYS is missing\. It must be a JSON list/],
    ["empty", "OPERATOR_TOKEN", "", /^OPERATOR_TOKEN is missing\./],
    ["no JSON", "TICKET_KEYS", "hunter2-hunter2", /^TICKET_KEYS is malformed: it is not JSON of that form/],
    ["without a key", "TICKET_KEYS", "[]", /there is at least one key/],
    ["a short key", "TICKET_KEYS", JSON.stringify([{ kid: "a", secret: SHORT }]), /each secret is 32 bytes/],
    [
      "a long key",
      "TICKET_KEYS",
      JSON.stringify([{ kid: "a", secret: `${LONG}A` }]),
      /each secret is 32 bytes/,
    ],
    [
      "a kid twice",
      "SESSION_KEYS",
      JSON.stringify([
        { kid: "a", secret: LONG },
        { kid: "a", secret: LONG },
      ]),
      /each kid is unique/,
    ],
    [
      "a stranger in it",
      "SESSION_KEYS",
      JSON.stringify([{ kid: "a", secret: LONG, hunter2: 1 }]),
      /not known/,
    ],
    ["too short", "OPERATOR_TOKEN", "x".repeat(19), /^OPERATOR_TOKEN is malformed: at least 20 characters/],
    ["a line break in it", "OPERATOR_TOKEN", `${"x".repeat(20)}\n`, /visible ASCII/],
    ["no webhook secret", "SANDBOX_WEBHOOK_SECRET", "hunter2-hunter2", /whsec_/],
  ])("%s", (_, name, value, expected) => {
    const [complaint, ...others] = secretComplaints({ ...good, [name]: value }, Object.keys(SECRETS));
    expect(others).toEqual([]);
    expect(complaint?.name).toBe(name);
    expect(complaint?.problem).toMatch(expected);
    for (const secret of [SHORT, LONG, "hunter2"]) expect(complaint?.problem).not.toContain(secret);
  });

  test("one that may be left out is not missed, and judged when it is there", () => {
    const names = ["STOCK_SYNC_SECRET"];
    expect(secretComplaints({}, names)).toEqual([]);
    expect(secretComplaints({ STOCK_SYNC_SECRET: "hunter2" }, names)).toHaveLength(1);
    const [complaint] = secretComplaints({ CUSTOMER_KEYS: "hunter2" }, ["CUSTOMER_KEYS"]);
    expect(complaint?.problem).toMatch(/^CUSTOMER_KEYS is malformed: it is not JSON of that form/);
  });

  test("a Worker tells all of its own at once, and how each is set", async () => {
    expect(() => requireSecrets("edge", good)).not.toThrow();
    expect(() => requireSecrets("edge", { ...good, OPERATOR_TOKEN: "" })).not.toThrow();
    let caught: unknown;
    try {
      requireSecrets("edge", { ...good, SESSION_KEYS: undefined, TICKET_KEYS: "hunter2" });
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(Misconfigured);
    const answer = answerMisconfigured(caught);
    expect(answer.status).toBe(500);
    const { code, detail } = (await answer.json()) as { code: string; detail: string };
    expect(code).toBe("misconfigured");
    expect(detail).toContain("npx wrangler secret put SESSION_KEYS -c wrangler.toml");
    expect(detail).toContain("TICKET_KEYS is malformed");
    expect(detail).not.toContain("hunter2");
  });

  test("any other error of a Worker's start stays what it was", () => {
    const other = new Error("other");
    expect(() => answerMisconfigured(other)).toThrow(other);
  });
});

test("a secret that an older secrets.json lacks is drawn and kept; the others stay", async () => {
  const dir = await mkdtemp(join(tmpdir(), "dropline-secrets-"));
  const { operatorToken: _, ...older } = createSecrets();
  await writeFile(join(dir, "secrets.json"), JSON.stringify(older), { mode: 0o600 });
  const filled = await localSecrets(dir);
  expect(filled).toMatchObject(older);
  expect(filled.operatorToken).toMatch(/^op_/);
  expect(await localSecrets(dir)).toEqual(filled);
  expect((await stat(join(dir, "secrets.json"))).mode & 0o777).toBe(0o600);
  await rm(dir, { recursive: true });
});
