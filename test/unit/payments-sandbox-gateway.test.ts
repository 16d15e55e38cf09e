import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AmountMinor } from "../../schema/money.ts";
import type { BegunCommand } from "../../schema/rpc/payments.ts";
import type { Sandbox } from "../../scripts/sandbox/server.ts";
import type { LogEntry } from "../../workers/payments/deps.ts";
import { declined, type Gateway, unknown } from "../../workers/payments/gateways/port.ts";
import { sandboxGateway } from "../../workers/payments/gateways/sandbox.ts";
import { aCommand } from "./payments-world.ts";
import { API_KEY, clientOf, startTestSandbox } from "./sandbox-client.ts";

let sandbox: Sandbox;
let client: ReturnType<typeof clientOf>;
let gateway: Gateway;
let logged: LogEntry[];

const gatewayAt = (url: string, apiKey = API_KEY) =>
  sandboxGateway({
    url,
    apiKey,
    timeoutMs: 400,
    fetch: (...request) => fetch(...request),
    log: (entry) => logged.push(entry),
  });

beforeEach(async () => {
  logged = [];
  sandbox = await startTestSandbox({ faults: { hangMs: 1_200, lateMs: 700 } });
  client = clientOf(sandbox.url);
  gateway = gatewayAt(sandbox.url);
});
afterEach(() => sandbox.close());

const card = expect.stringMatching(/^card_[0-9a-f]{16}$/);
const succeeds = { kind: "succeeded", ref: expect.stringMatching(/^pay_/), instrument: card };
const resolve = (command: BegunCommand, nowMs = Date.now()) =>
  gateway.resolve({ ...command, mode: "resolve" }, nowMs);

/** A payment that is authorized, and the command of the next operation on it. */
async function authorized(operation: "capture" | "void" | "refund", token = "tok_ok"): Promise<BegunCommand> {
  const command = aCommand({ token });
  const outcome = await gateway.authorize(command);
  if (outcome.kind !== "succeeded") throw new Error("the payment should have been authorized");
  return aCommand({ orderId: command.orderId, attempt: 2, operation, paymentRef: outcome.ref });
}

/** Somebody else's move on the same payment, under a key of its own. */
const moveBehindOurBack = (command: BegunCommand, move: string) =>
  client.post(`/v1/payments/${command.paymentRef}/${move}`, `${command.key}:other`);

describe("execute", () => {
  test("a token is authorized, captured and refunded", async () => {
    const capture = await authorized("capture");
    expect(await gateway.capture(capture)).toEqual({ kind: "succeeded", ref: capture.paymentRef });
    const refund = {
      ...capture,
      attempt: 3,
      operation: "refund" as const,
      key: `${capture.orderId}:refund:3`,
    };
    expect(await gateway.refund(refund)).toEqual({ kind: "succeeded", ref: capture.paymentRef });
    expect((await client.ledger()).payments).toMatchObject([
      { capturedMinor: 12_900, refundedMinor: 12_900 },
    ]);
  });

  test("a part is refunded, then the rest; more than was captured never is", async () => {
    const capture = await authorized("capture");
    await gateway.capture(capture);
    const refund = (attempt: number, amountMinor: number, refundedMinor: number) => ({
      ...aCommand({ orderId: capture.orderId, operation: "refund", attempt, paymentRef: capture.paymentRef }),
      amountMinor: amountMinor as AmountMinor,
      refundedMinor: refundedMinor as AmountMinor,
    });
    const done = { kind: "succeeded", ref: capture.paymentRef };
    expect(await gateway.refund(refund(3, 900, 0))).toEqual(done);
    expect(await gateway.refund(refund(3, 900, 0))).toEqual(done);
    expect(await resolve(refund(3, 900, 0))).toEqual(done);
    expect(await gateway.refund(refund(4, 12_001, 900))).toEqual({
      kind: "declined",
      reason: "refund_exceeds_captured",
    });
    expect(await gateway.refund(refund(5, 12_000, 900))).toEqual(done);
    expect((await client.ledger()).payments).toMatchObject([{ status: "refunded", refundedMinor: 12_900 }]);
  });

  test("a card is told by the same name whatever its token does, and another by another", async () => {
    const paidWith = async (token: string) => {
      const outcome = await gateway.authorize(aCommand({ token }));
      return outcome.kind === "succeeded" ? outcome.instrument : outcome.kind;
    };
    const name = await paidWith("tok_ok#visa");
    expect(name).toEqual(card);
    expect(await paidWith("tok_capture_declined#visa")).toBe(name);
    expect(await paidWith("tok_ok#other")).not.toBe(name);
    expect(await paidWith("tok_declined#visa")).toBe("declined");
  });

  test("an authorized payment is voided", async () => {
    const command = await authorized("void");
    expect(await gateway.void(command)).toEqual({ kind: "succeeded", ref: command.paymentRef });
  });

  test("a session is opened with the page to pay at", async () => {
    const outcome = await gateway.session(aCommand({ operation: "session", token: null }));
    expect(outcome).toEqual({
      kind: "succeeded",
      ref: expect.stringMatching(/^ses_/),
      url: expect.stringContaining("/pay/ses_"),
    });
  });

  test.each([
    ["tok_declined", declined("card_declined")],
    ["nonsense", declined("invalid_token")],
    ["tok_error_500", unknown("http_500")],
    ["tok_timeout_before", unknown("timeout")],
    ["tok_timeout_after", unknown("timeout")],
    ["tok_late", unknown("timeout")],
  ])("%s is told as it is", async (token, outcome) => {
    expect(await gateway.authorize(aCommand({ token }))).toEqual(outcome);
  });

  test("a capture that is declined, or times out, is told as it is", async () => {
    expect(await gateway.capture(await authorized("capture", "tok_capture_declined"))).toEqual(
      declined("capture_declined"),
    );
    expect(await gateway.capture(await authorized("capture", "tok_capture_timeout_after"))).toEqual(
      unknown("timeout"),
    );
  });

  test("a session that would end before it begins is refused for good", async () => {
    const command = aCommand({ operation: "session", token: null, payByMs: Date.now() - 1 });
    expect(await gateway.session(command)).toEqual(declined("expires_in_the_past"));
  });

  test("what was done already under another key has succeeded", async () => {
    for (const operation of ["capture", "void"] as const) {
      const command = await authorized(operation);
      await moveBehindOurBack(command, operation);
      expect(await gateway[operation](command)).toEqual({ kind: "succeeded", ref: command.paymentRef });
    }
    const refund = await authorized("refund");
    await moveBehindOurBack(refund, "capture");
    await client.post(`/v1/payments/${refund.paymentRef}/refund`, `${refund.key}:another`);
    expect(await gateway.refund(refund)).toEqual({ kind: "succeeded", ref: refund.paymentRef });
  });

  test("what can no longer be done is declined with its reason", async () => {
    const capture = await authorized("capture");
    await moveBehindOurBack(capture, "void");
    expect(await gateway.capture(capture)).toEqual(declined("already_voided"));
    const late = await authorized("void");
    await moveBehindOurBack(late, "capture");
    expect(await gateway.void(late)).toEqual(declined("already_captured"));
    expect(await gateway.refund(await authorized("refund"))).toEqual(declined("not_captured"));
  });

  test("a conflict about a payment that cannot be read stays unknown", async () => {
    const command = await authorized("capture");
    await moveBehindOurBack(command, "capture");
    const real = { fetch: (...request: Parameters<typeof fetch>) => fetch(...request) };
    const blind = sandboxGateway({
      url: sandbox.url,
      apiKey: API_KEY,
      timeoutMs: 400,
      log: (entry) => logged.push(entry),
      fetch: (url, init) =>
        init.method === "GET" ? Promise.reject(new TypeError("cut off")) : real.fetch(url, init),
    });
    expect(await blind.capture(command)).toEqual(unknown("network"));
  });
});

describe("what is nobody's refusal", () => {
  test("a gateway that is not there leaves the outcome unknown", async () => {
    expect(await gatewayAt("http://127.0.0.1:9").authorize(aCommand())).toEqual(unknown("network"));
  });

  test("a wrong key of ours is unknown, and loud, without the key", async () => {
    expect(await gatewayAt(sandbox.url, "wrong-key").authorize(aCommand())).toEqual(unknown("unauthorized"));
    expect(logged).toMatchObject([
      { level: "error", event: "gateway_needs_attention", reason: "unauthorized" },
    ]);
    expect(JSON.stringify(logged)).not.toContain("wrong-key");
  });

  test("our key with another body is unknown, and loud", async () => {
    const command = aCommand();
    await gateway.authorize(command);
    expect(await gateway.authorize({ ...command, token: "tok_declined" })).toEqual(
      unknown("idempotency_key_reused"),
    );
    expect(logged).toHaveLength(1);
  });

  test.each([
    [200, "<html>", "unparsable"],
    [201, "{}", "unparsable"],
    [
      201,
      '{"id":"pay_1","status":"authorized","order":"other","amountMinor":1,"refundedMinor":0,"instrument":"card_1"}',
      "answer_differs",
    ],
    [402, "not json", "unparsable"],
    [400, "{}", "http_400"],
    [302, "{}", "http_302"],
    [404, '{"error":{"code":"not_found"}}', "not_found"],
    [418, '{"error":{"code":"teapot"}}', "teapot"],
    [429, "slow down", "http_429"],
    [502, "bad gateway", "http_502"],
  ])("%i with %s is unknown", async (status, body, reason) => {
    const server = createServer((_, response) => response.writeHead(status).end(body));
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const strange = gatewayAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(await strange.authorize(aCommand())).toEqual(unknown(reason));
    server.closeAllConnections();
    server.close();
  });
});

describe("resolve", () => {
  test("what was done before the time-out is found", async () => {
    const command = aCommand({ token: "tok_timeout_after" });
    expect(await gateway.authorize(command)).toEqual(unknown("timeout"));
    expect(await resolve(command)).toEqual(succeeds);
    expect((await client.ledger()).operations).toHaveLength(1);
  });

  test("what was not done is sent again under the same key, and done once", async () => {
    const command = aCommand({ token: "tok_timeout_before" });
    expect(await gateway.authorize(command)).toEqual(unknown("timeout"));
    expect(await resolve(command)).toEqual(succeeds);
    expect(await resolve(command)).toEqual(succeeds);
    expect((await client.ledger()).payments).toHaveLength(1);
  });

  test("a request still on its way cannot be overtaken into a second payment", async () => {
    const command = aCommand({ token: "tok_late" });
    expect(await gateway.authorize(command)).toEqual(unknown("timeout"));
    expect(await resolve(command)).toEqual(succeeds);
    await new Promise((done) => setTimeout(done, 400));
    expect((await client.ledger()).payments).toHaveLength(1);
  });

  test("a decline that nobody heard is found", async () => {
    const command = aCommand({ token: "tok_declined" });
    await gateway.authorize(command);
    expect(await resolve(command)).toEqual(declined("card_declined"));
  });

  test("a capture that timed out after it was done is found", async () => {
    const command = await authorized("capture", "tok_capture_timeout_after");
    await gateway.capture(command);
    expect(await resolve(command)).toEqual({ kind: "succeeded", ref: command.paymentRef });
    expect((await client.ledger()).operations).toHaveLength(2);
  });

  test("a session whose answer was lost is found with its page", async () => {
    const command = aCommand({ operation: "session", token: null });
    const first = await gateway.session(command);
    expect(await resolve(command)).toEqual(first);
  });

  test("past the key's life nothing is sent again, and not found stays unknown", async () => {
    const command = aCommand({ keyExpiresAtMs: Date.now() - 1 });
    expect(await resolve(command)).toEqual(unknown("not_found_after_key_life"));
    expect((await client.ledger()).operations).toEqual([]);
  });

  test("past the key's life the payment itself is read", async () => {
    const capture = { ...(await authorized("capture")), keyExpiresAtMs: Date.now() - 1 };
    expect(await resolve(capture)).toEqual(unknown("not_found_after_key_life"));
    await moveBehindOurBack(capture, "capture");
    expect(await resolve(capture)).toEqual({ kind: "succeeded", ref: capture.paymentRef });
  });

  test("a gateway that fails while it is asked leaves the outcome unknown", async () => {
    const command = aCommand();
    sandbox.setFaults({ errorRate: 1 });
    expect(await resolve(command)).toEqual(unknown("http_500"));
    sandbox.setFaults({ timeoutBeforeRate: 1, hangMs: 1_200 });
    expect(await resolve(command)).toEqual(unknown("timeout"));
    sandbox.setFaults({});
    expect((await client.ledger()).operations).toEqual([]);
  });
});

describe("resolve of a session's payment", () => {
  async function opened(payByMs = Date.now() + 60_000): Promise<BegunCommand> {
    const session = aCommand({ operation: "session", token: null, payByMs });
    const outcome = await gateway.session(session);
    if (outcome.kind !== "succeeded") throw new Error("the session should have been opened");
    return aCommand({ orderId: session.orderId, attempt: 2, token: null, payByMs, sessionRef: outcome.ref });
  }
  const pay = (command: BegunCommand) =>
    fetch(`${sandbox.url}/pay/${command.sessionRef}`, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams({ action: "pay" }),
    });

  test("open is unknown, executed or resolved alike", async () => {
    const command = await opened();
    expect(await resolve(command)).toEqual(unknown("open"));
    expect(await gateway.authorize(command)).toEqual(unknown("open"));
  });

  test("paid has succeeded with the payment", async () => {
    const command = await opened();
    await pay(command);
    expect(await resolve(command)).toEqual(succeeds);
  });

  test("past its time it is ended at the gateway first, so that nobody can pay afterwards", async () => {
    const command = await opened();
    expect(await resolve(command, command.payByMs)).toEqual(declined("expired"));
    expect((await pay(command)).status).toBe(410);
  });

  test("paid in the last moment has succeeded, even when it is asked about past its time", async () => {
    const command = await opened();
    await pay(command);
    expect(await resolve(command, command.payByMs + 1)).toEqual(succeeds);
  });

  test("ended at the gateway is declined as expired", async () => {
    const command = await opened();
    await client.post(`/v1/sessions/${command.sessionRef}/expire`, undefined);
    expect(await resolve(command)).toEqual(declined("expired"));
  });

  test("a session that the gateway does not know stays unknown, and loud", async () => {
    expect(await resolve(aCommand({ token: null, sessionRef: "ses_gone" }))).toEqual(
      unknown("session_not_found"),
    );
    expect(await resolve(aCommand({ token: null }))).toEqual(unknown("session_ref_missing"));
    expect(logged).toHaveLength(2);
  });
});
