import { LIMITS } from "../../schema/limits.ts";
import { PaymentMessage } from "../../schema/messages.ts";
import type { BeginAnswer, BegunCommand, Outcome } from "../../schema/rpc/payments.ts";
import { type QueueMessage, retryLater } from "../queue/message.ts";
import { parkMessages } from "../queue/park.ts";
import { createSlots } from "../queue/slots.ts";
import { callState } from "./call-state.ts";
import type { Deps } from "./deps.ts";
import { unknown } from "./gateways/port.ts";
import { createReporter } from "./reporter.ts";
import { runCommand } from "./run-command.ts";
import { TUNING } from "./tuning.ts";

/** What a queue's invocation grants: work that goes on after its batch has been given back. */
export type Lifetime = { waitUntil(work: Promise<unknown>): void };

type Delivery = { message: QueueMessage; command: PaymentMessage };

/**
 * Begins the commands of one batch, carries them out and reports, following each order for as long as a report is
 * answered with its next command. A message is acknowledged once its chain has been reported or is stale, and retried
 * when `begin` or `report` failed. Never throws. A batch delivered twice does no harm: `begin` hands out each attempt once.
 *
 * It does not promise that a begun command is carried out: the coordinator's lease brings back what is not reported.
 */
export async function consumeCommands(
  messages: readonly QueueMessage[],
  deps: Deps,
  lifetime: Lifetime,
): Promise<void> {
  const deliveries = await readAll(messages, deps);
  const begunAtMs = deps.clock.now();
  const begun = await begin(deliveries, deps);
  if (begun === null) {
    for (const { message } of deliveries) retryLater(message, deps.random);
    return;
  }
  const follow = createFollower(deps);
  const open = new Set(deliveries.map(({ message }) => message));
  const chains = deliveries.map(async ({ message }, index) => {
    const isReported = await follow(begun[index] ?? null, begunAtMs);
    if (!open.delete(message)) return;
    if (isReported) message.ack();
    else retryLater(message, deps.random);
  });
  await finishOrLinger(chains, { open, deps, lifetime });
}

async function readAll(messages: readonly QueueMessage[], deps: Deps): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  const unreadable: QueueMessage[] = [];
  for (const message of messages) {
    const parsed = PaymentMessage.safeParse(message.body);
    if (parsed.success) deliveries.push({ message, command: parsed.data });
    else unreadable.push(message);
  }
  if (unreadable.length > 0) await parkMessages(unreadable, { queue: "dropline-payments", deps });
  return deliveries;
}

async function begin(deliveries: Delivery[], deps: Deps): Promise<BeginAnswer[] | null> {
  if (deliveries.length === 0) return [];
  try {
    const begun = await callState(deps, "begin", (state) =>
      state.begin(deliveries.map(({ command }) => command)),
    );
    if (begun.length === deliveries.length) return begun;
    deps.log({
      level: "error",
      event: "begin_misanswered",
      asked: deliveries.length,
      answered: begun.length,
    });
  } catch {
    // callState has logged it.
  }
  return null;
}

/** Carries out a command and all that follow from its reports. False when a report failed. */
function createFollower(deps: Deps) {
  const inSlot = createSlots(deps.gatewayConcurrency);
  const report = createReporter(
    (items) => callState(deps, "report", (state) => state.report(items)),
    deps.clock.turn,
  );

  return async function follow(first: BeginAnswer, firstBegunAtMs: number): Promise<boolean> {
    let command = first;
    let begunAtMs = firstBegunAtMs;
    for (let step = 1; command !== null; step++) {
      if (step > TUNING.chainStepsMax) {
        deps.log({
          level: "error",
          event: "chain_too_long",
          orderId: command.orderId,
          attempt: command.attempt,
        });
        return true;
      }
      const current: BegunCommand = command;
      const since = begunAtMs;
      const outcome = await inSlot(() => runInTime(current, since, deps), { isUrgent: step > 1 });
      begunAtMs = deps.clock.now();
      try {
        command = await report({ orderId: current.orderId, attempt: current.attempt, outcome });
      } catch {
        return false;
      }
    }
    return true;
  };
}

/** A command that waited for a slot until its lease may run out under the gateway's time-out is not sent: somebody else may get it. */
async function runInTime(command: BegunCommand, begunAtMs: number, deps: Deps): Promise<Outcome> {
  const startByMs = begunAtMs + LIMITS.commandLeaseMs - LIMITS.gatewayTimeoutMs;
  if (deps.clock.now() >= startByMs) return unknown("not_sent_in_time");
  return runCommand(command, deps);
}

/** Waits for all, but not for gateways that hang: their messages are acknowledged, and their chains live on by themselves. */
async function finishOrLinger(
  chains: Promise<void>[],
  { open, deps, lifetime }: { open: Set<QueueMessage>; deps: Deps; lifetime: Lifetime },
): Promise<void> {
  const all = Promise.all(chains);
  let cancel = (): void => {};
  const patience = new Promise<void>((done) => {
    cancel = deps.clock.after(TUNING.stragglerMs, done);
  });
  await Promise.race([all, patience]);
  cancel();
  if (open.size === 0) return;
  deps.log({ level: "warn", event: "batch_lingers", open: open.size, of: chains.length });
  for (const message of open) message.ack();
  open.clear();
  lifetime.waitUntil(all);
}
