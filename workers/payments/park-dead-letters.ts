import type { QueueMessage } from "../queue/message.ts";
import { parkMessages } from "../queue/park.ts";
import type { Deps } from "./deps.ts";

/** Commands that failed for good wait for a person; what is done about them is the console's to decide. */
export async function parkDeadLetters(
  messages: readonly QueueMessage[],
  deps: Pick<Deps, "parking" | "clock" | "random" | "log">,
): Promise<void> {
  await parkMessages(messages, { queue: "dropline-payments-dead", deps });
}
