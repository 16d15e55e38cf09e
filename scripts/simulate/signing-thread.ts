import { parentPort, workerData } from "node:worker_threads";
import type { DropId } from "../../schema/ids.ts";
import { createSigning, type Joined, type TurnedUp } from "./signing.ts";

export type SigningMessage =
  | { kind: "join"; people: Joined[] }
  | { kind: "turnUp"; people: TurnedUp[] }
  | { kind: "finish" };

const signing = createSigning(workerData as { seed: number; dropId: DropId });
let before: Promise<unknown> = Promise.resolve();

parentPort?.on("message", (message: SigningMessage) => {
  before = before.then(() => act(message)).then((answer) => parentPort?.postMessage(answer));
});

async function act(message: SigningMessage) {
  switch (message.kind) {
    case "join":
      return signing.join(message.people);
    case "turnUp":
      return signing.turnUp(message.people);
    case "finish":
      return signing.finish();
  }
}
