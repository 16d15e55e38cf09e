import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import type { DropId } from "../../schema/ids.ts";
import { StepPage } from "../../schema/line.ts";
import { document, freshDrop, line, lineNamespaceStub, SKU } from "./fresh.ts";

export const V1 = "1".repeat(64);
/** More units than anybody in these tests would take. */
export const PLENTY = { skus: [{ id: SKU, name: "One", stock: 10_000, priceMinor: 1 }] };
export const V2 = "2".repeat(64);

/** Ticket ids of these people, 16 bytes each. */
export function tickets(...people: number[]): Uint8Array {
  const ids = new Uint8Array(16 * people.length);
  for (const [index, person] of people.entries())
    new DataView(ids.buffer).setUint32(16 * index + 12, person + 1);
  return ids;
}
/** Of people, none of whom is held apart. */
export const asked = (...people: number[]) => [tickets(...people), new Uint8Array(people.length)] as const;
export const range = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => from + index);

export async function publishedDrop(over: Record<string, unknown> = {}): Promise<DropId> {
  const dropId = freshDrop();
  const answer = await line(dropId).publish(document(dropId, over), V1);
  if (!answer.ok) throw new Error(answer.refusal.code);
  return dropId;
}
export const tick = (dropId: DropId) => runDurableObjectAlarm(lineNamespaceStub(dropId));
export const alarmAtMs = (dropId: DropId) =>
  runInDurableObject(lineNamespaceStub(dropId), (_, { storage }) => storage.getAlarm());
export async function snapshot(dropId: DropId) {
  const answer = await line(dropId).snapshot();
  if (!answer.ok) throw new Error(answer.refusal.code);
  return answer.value;
}
/** Who joined, and where: what each was refused instead. */
export async function join(dropId: DropId, ...people: number[]) {
  const answer = await line(dropId).join(...asked(...people));
  if (!answer.ok) throw new Error(answer.refusal.code);
  return answer.value.map((place) => (place.ok ? place.value : place.refusal.code));
}
/** The public record: its head, revealed cohorts and steps. */
export async function record(dropId: DropId) {
  const [head, cohorts] = [await line(dropId).recordHead(), await line(dropId).closedCohorts(-1)];
  if (!head.ok || !cohorts.ok) throw new Error("no record");
  const page = await line(dropId).recordPart({ kind: "steps", page: 0 });
  const body = page.ok && page.value ? (page.value.body as string) : '{"steps":[]}';
  return {
    head: head.value,
    cohorts: cohorts.value,
    steps: StepPage.parse({ page: 0, isComplete: false, ...JSON.parse(body) }).steps,
  };
}
/** The log as it is stored: for each row its cohort and the people in it. */
export const log = (dropId: DropId) =>
  runInDurableObject(lineNamespaceStub(dropId), (_, { storage }) =>
    storage.sql
      .exec<{ cohort: number; ids: ArrayBuffer }>(
        "SELECT cohort, ids FROM ticket_log ORDER BY cohort, position",
      )
      .toArray()
      .map(({ cohort, ids }) => ({
        cohort,
        people: range(0, ids.byteLength / 16).map(
          (index) => new DataView(ids).getUint32(16 * index + 12) - 1,
        ),
      })),
  );
