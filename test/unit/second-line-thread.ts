import { parentPort } from "node:worker_threads";
import { type PublicRecord, secondOpinion } from "./second-line.ts";

/** The second line for whoever must not import it: takes a public record, answers with its opinion. */
parentPort?.on("message", (record: PublicRecord) => parentPort?.postMessage(secondOpinion(record)));
