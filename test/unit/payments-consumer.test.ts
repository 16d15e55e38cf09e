import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import type { BegunCommand, Outcome } from "../../schema/rpc/payments.ts";
import { consumeCommands } from "../../workers/payments/consume-commands.ts";
import { declined, succeeded, unknown } from "../../workers/payments/gateways/port.ts";
import { TUNING } from "../../workers/payments/tuning.ts";
import {
  aCommand,
  aMessage,
  anOrder,
  aWorld,
  messageFor,
  overloaded,
  passing,
  permanent,
} from "./payments-world.ts";

/** The first command is done at once, the others while its report is under way. */
function aWorldWithOneQuick(commands: BegunCommand[], reportFails: (() => Error)[] = []) {
  const reporting = Promise.withResolvers<void>();
  const world = aWorld(
    { begun: commands, reportFails, reportTakesMs: 5 },
    {
      authorize: async (command) => {
        if (command !== commands[0]) await reporting.promise;
        return declined("no");
      },
    },
  );
  const { report } = world.deps.state;
  world.deps.state.report = (items) => {
    reporting.resolve();
    return report(items);
  };
  return world;
}

const fates = (messages: { fate: string }[]) => messages.map(({ fate }) => fate);

describe("a batch", () => {
  test("is begun in one call, carried out, reported and acknowledged message by message", async () => {
    const commands = [aCommand(), aCommand(), aCommand()];
    const world = aWorld({ begun: commands });
    const messages = commands.map(messageFor);
    await consumeCommands(messages, world.deps, world.lifetime);
    expect(world.calls.begin).toEqual([messages.map(({ body }) => body)]);
    expect(world.ran.map(({ key }) => key)).toEqual(commands.map(({ key }) => key));
    expect(world.reported()).toHaveLength(3);
    expect(world.reported()).toContainEqual({
      orderId: commands[1]?.orderId,
      attempt: 1,
      outcome: succeeded(`ref-of-${commands[1]?.key}`),
    });
    expect(fates(messages)).toEqual(["acked", "acked", "acked"]);
  });

  test("a stale command is acknowledged without a call to the gateway", async () => {
    const fresh = aCommand();
    const world = aWorld({ begun: [fresh] });
    const messages = [aMessage({ orderId: anOrder(), attempt: 4 }), messageFor(fresh)];
    await consumeCommands(messages, world.deps, world.lifetime);
    expect(world.ran).toEqual([fresh]);
    expect(fates(messages)).toEqual(["acked", "acked"]);
  });

  test("an unreadable message is parked and acknowledged, and does not stop the others", async () => {
    const command = aCommand();
    const world = aWorld({ begun: [command] });
    const broken = aMessage({ orderId: command.orderId, attempt: 0 });
    const messages = [broken, messageFor(command), aMessage("no object")];
    await consumeCommands(messages, world.deps, world.lifetime);
    expect(world.parked).toMatchObject([
      { messageId: broken.id, queue: "dropline-payments", orderId: command.orderId },
      { body: '"no object"', orderId: null, redrivenAtMs: null },
    ]);
    expect(world.calls.begin).toEqual([[{ orderId: command.orderId, attempt: 1 }]]);
    expect(fates(messages)).toEqual(["acked", "acked", "acked"]);
  });

  test("an unreadable message that cannot be parked comes back", async () => {
    const world = aWorld({});
    world.failures.park.push(permanent);
    const message = aMessage(null);
    await consumeCommands([message], world.deps, world.lifetime);
    expect(message.fate).toBe("retried");
    expect(world.calls.begin).toEqual([]);
  });

  test("at most six requests are at the gateway at once", async () => {
    let running = 0;
    let most = 0;
    const commands = Array.from({ length: 20 }, () => aCommand());
    const world = aWorld(
      { begun: commands },
      {
        async authorize() {
          most = Math.max(most, ++running);
          await new Promise((done) => setTimeout(done, 2));
          running--;
          return succeeded("pay");
        },
      },
    );
    await consumeCommands(commands.map(messageFor), world.deps, world.lifetime);
    expect(most).toBe(world.deps.gatewayConcurrency);
    expect(world.reported()).toHaveLength(20);
  });
});

describe("a chain", () => {
  const afterwards = (chain: Record<string, BegunCommand>) => (item: { orderId: string; attempt: number }) =>
    chain[`${item.orderId}:${item.attempt}`] ?? null;

  test("goes on with the next command of the order, and only its last report acknowledges", async () => {
    const authorize = aCommand();
    const { orderId } = authorize;
    const capture = aCommand({ orderId, attempt: 2, operation: "capture" });
    const world = aWorld({ begun: [authorize], next: afterwards({ [`${orderId}:1`]: capture }) });
    const message = messageFor(authorize);
    await consumeCommands([message], world.deps, world.lifetime);
    expect(world.ran.map(({ operation }) => operation)).toEqual(["authorize", "capture"]);
    expect(world.reported().map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(message.fate).toBe("acked");
  });

  test("the next command goes before others that still wait for a slot", async () => {
    const commands = Array.from({ length: 12 }, () => aCommand());
    const first = commands[0] as BegunCommand;
    const capture = aCommand({ orderId: first.orderId, attempt: 2, operation: "capture" });
    const slow = async (): Promise<Outcome> => {
      await new Promise((done) => setTimeout(done, 5));
      return succeeded("pay");
    };
    const world = aWorld(
      { begun: commands, next: afterwards({ [`${first.orderId}:1`]: capture }) },
      { authorize: (command) => (command === first ? Promise.resolve(succeeded("pay")) : slow()) },
    );
    await consumeCommands(commands.map(messageFor), world.deps, world.lifetime);
    expect(world.ran.indexOf(capture)).toBeLessThan(11);
  });

  test("an answer that never ends is given up, not followed for ever", async () => {
    const command = aCommand();
    const world = aWorld({ begun: [command], next: ({ attempt }) => ({ ...command, attempt: attempt + 1 }) });
    const message = messageFor(command);
    await consumeCommands([message], world.deps, world.lifetime);
    expect(world.ran).toHaveLength(TUNING.chainStepsMax);
    expect(world.logged).toContainEqual(expect.objectContaining({ level: "error", event: "chain_too_long" }));
    expect(message.fate).toBe("acked");
  });

  test("what finishes in one turn travels in one report", async () => {
    const commands = Array.from({ length: 6 }, () => aCommand());
    const world = aWorld({ begun: commands });
    await consumeCommands(commands.map(messageFor), world.deps, world.lifetime);
    expect(world.calls.report.map(({ length }) => length)).toEqual([6]);
  });

  test("what finishes during a report travels together in the next", async () => {
    const commands = Array.from({ length: 6 }, () => aCommand());
    const world = aWorldWithOneQuick(commands);
    await consumeCommands(commands.map(messageFor), world.deps, world.lifetime);
    expect(world.calls.report.map(({ length }) => length)).toEqual([1, 5]);
  });

  test("a slow command holds up neither reports nor acknowledgments of the others", async () => {
    const [quick, slow] = [aCommand(), aCommand()];
    let release = (): void => {};
    const stuck = new Promise<void>((done) => {
      release = done;
    });
    const world = aWorld(
      { begun: [slow, quick] },
      {
        authorize: async (command) =>
          command === slow ? stuck.then(() => unknown("timeout")) : declined("no"),
      },
    );
    const messages = [messageFor(slow), messageFor(quick)];
    const consuming = consumeCommands(messages, world.deps, world.lifetime);
    await new Promise((done) => setTimeout(done, 10));
    expect(world.reported()).toMatchObject([{ orderId: quick.orderId, outcome: { kind: "declined" } }]);
    expect(fates(messages)).toEqual(["open", "acked"]);
    release();
    await consuming;
    expect(fates(messages)).toEqual(["acked", "acked"]);
  });

  test("a gateway that hangs does not hold up the next batch: the chain lives on and still reports", async () => {
    const command = aCommand();
    let release = (): void => {};
    const stuck = new Promise<void>((done) => {
      release = done;
    });
    const world = aWorld({ begun: [command] }, { authorize: () => stuck.then(() => unknown("timeout")) });
    const message = messageFor(command);
    await consumeCommands([message], world.deps, world.lifetime);
    expect(message.fate).toBe("acked");
    expect(world.reported()).toEqual([]);
    release();
    await world.lingered();
    expect(world.reported()).toMatchObject([{ outcome: { kind: "unknown", reason: "timeout" } }]);
  });
});

describe("when begin fails", () => {
  test("a passing failure is repeated at once", async () => {
    const command = aCommand();
    const world = aWorld({ begun: [command], beginFails: [passing, passing] });
    const message = messageFor(command);
    await consumeCommands([message], world.deps, world.lifetime);
    expect(world.calls.begin).toHaveLength(3);
    expect(message.fate).toBe("acked");
  });

  test("it is repeated a bounded number of times; then every message comes back and nothing was sent", async () => {
    const commands = [aCommand(), aCommand()];
    const world = aWorld({ begun: commands, beginFails: Array(9).fill(passing) });
    const messages = commands.map(messageFor);
    await consumeCommands(messages, world.deps, world.lifetime);
    expect(world.calls.begin).toHaveLength(LIMITS.rpcTriesMax);
    expect(fates(messages)).toEqual(["retried", "retried"]);
    expect(world.ran).toEqual([]);
  });

  test.each([
    ["overload", overloaded],
    ["a failure for good", permanent],
  ])("%s is not repeated", async (_, failure) => {
    const command = aCommand();
    const world = aWorld({ begun: [command], beginFails: [failure] });
    const message = messageFor(command);
    await consumeCommands([message], world.deps, world.lifetime);
    expect(world.calls.begin).toHaveLength(1);
    expect(message.fate).toBe("retried");
  });

  test("the delay is jittered below a bound that doubles and ends", async () => {
    const delays = [];
    for (const attempts of [1, 2, 3, 20]) {
      const world = aWorld({ beginFails: [permanent] });
      const message = aMessage({ orderId: anOrder(), attempt: 1 }, attempts);
      await consumeCommands([message], world.deps, world.lifetime);
      delays.push(message.delaySeconds);
    }
    expect(delays).toEqual([1, 2, 4, 150]);
  });
});

describe("when report fails", () => {
  test("a passing failure is repeated with the same outcome, and the gateway is not asked again", async () => {
    const command = aCommand();
    const world = aWorld({ begun: [command], reportFails: [passing] });
    const message = messageFor(command);
    await consumeCommands([message], world.deps, world.lifetime);
    expect(world.calls.report[0]).toEqual(world.calls.report[1]);
    expect(world.ran).toHaveLength(1);
    expect(message.fate).toBe("acked");
  });

  test("only the messages of the failed call come back", async () => {
    const commands = [aCommand(), aCommand(), aCommand()];
    const world = aWorldWithOneQuick(commands, [permanent]);
    const messages = commands.map(messageFor);
    await consumeCommands(messages, world.deps, world.lifetime);
    expect(world.calls.report.map(({ length }) => length)).toEqual([1, 2]);
    expect(fates(messages)).toEqual(["retried", "acked", "acked"]);
  });

  test("a chain whose second report fails comes back", async () => {
    const command = aCommand();
    const capture = aCommand({ orderId: command.orderId, attempt: 2, operation: "capture" });
    const world = aWorld({ begun: [command], next: ({ attempt }) => (attempt === 1 ? capture : null) });
    const { report } = world.deps.state;
    world.deps.state.report = (items) =>
      items[0]?.attempt === 2 ? Promise.reject(permanent()) : report(items);
    const message = messageFor(command);
    await consumeCommands([message], world.deps, world.lifetime);
    expect(message.fate).toBe("retried");
  });
});

describe("what is sent", () => {
  test("an adapter that throws leaves the outcome unknown", async () => {
    const command = aCommand();
    const world = aWorld({ begun: [command] }, { authorize: () => Promise.reject(new Error("bug")) });
    await consumeCommands([messageFor(command)], world.deps, world.lifetime);
    expect(world.reported()).toMatchObject([{ outcome: unknown("adapter_threw") }]);
  });

  test("a command to resolve is never executed, nor is one whose key has ended its life", async () => {
    const never = () => Promise.reject(new Error("must not be called"));
    const commands = [aCommand({ mode: "resolve" }), aCommand({ keyExpiresAtMs: Date.now() - 1 })];
    const world = aWorld({ begun: commands }, { authorize: never });
    await consumeCommands(commands.map(messageFor), world.deps, world.lifetime);
    expect(world.reported().map(({ outcome }) => outcome.kind)).toEqual(["succeeded", "succeeded"]);
  });

  test("a command that waited until its lease may end is not sent", async () => {
    const commands = Array.from({ length: 7 }, () => aCommand());
    const world = aWorld(
      { begun: commands },
      {
        async authorize() {
          await new Promise((done) => setTimeout(done, 2));
          world.jump(LIMITS.commandLeaseMs - LIMITS.gatewayTimeoutMs);
          return unknown("timeout");
        },
      },
    );
    const messages = commands.map(messageFor);
    await consumeCommands(messages, world.deps, world.lifetime);
    expect(world.ran).toHaveLength(6);
    const { orderId } = commands[6] as BegunCommand;
    expect(world.reported()).toContainEqual({ orderId, attempt: 1, outcome: unknown("not_sent_in_time") });
    expect(messages.every(({ fate }) => fate === "acked")).toBe(true);
  });
});
