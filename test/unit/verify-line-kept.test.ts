import { describe, expect, test } from "vitest";
import { newKey, type Parts, publish, serve, ticket } from "./line-record-forge.ts";
import { head, honest, like, type Options, rootIn, verify } from "./verify-line-world.ts";

describe("what was kept", () => {
  const keptOf = (parts: Parts) => ({
    commitment: head(parts).commitment,
    roots: [0, 1, 3, 4].map((cohort) => rootIn(parts, cohort)),
  });
  const codes = async (parts: Parts, kept: Options["kept"]) => {
    const verdict = await verify(parts, { kept: kept ?? null });
    return { status: verdict.status, codes: verdict.findings.map(({ check, code }) => `${check}/${code}`) };
  };

  test("and is the same still, holds", async () => {
    expect(await codes(publish(honest), keptOf(publish(honest)))).toEqual({ status: "holds", codes: [] });
  });

  test("shows a log that was signed anew with one more ticket", async () => {
    const world = like();
    world.logs.get(4)?.push(ticket(-4));
    expect(await codes(publish(world), keptOf(publish(honest)))).toEqual({
      status: "broken",
      codes: ["kept/two_roots"],
    });
  });

  test("shows a window that was taken back", async () => {
    const world = like();
    world.logs.delete(4);
    Object.assign(world, { rootedThrough: 3 });
    expect((await codes(publish(world), keptOf(publish(honest)))).codes).toEqual(["kept/cohort_withdrawn"]);
  });

  test("shows a drawn window that was left out since, its people and all", async () => {
    const world = like();
    world.logs.delete(1);
    const found = await codes(publish(world), keptOf(publish(honest)));
    expect(found.codes).toContain("kept/cohort_withdrawn");
  });

  test("shows a line that was started anew with other keys", async () => {
    const world = like({ key: newKey() });
    const found = await codes(publish(world), keptOf(publish(honest)));
    expect(found.status).toBe("broken");
    expect(found.codes).toContain("kept/commitment_changed");
  });

  test("is of a window that the first head does not have yet: that is read again before anything is said", async () => {
    const newer = publish(honest);
    const older = publish(like({ rootedThrough: 3 }));
    let heads = 0;
    const source: Options["source"] = (path) =>
      serve(path === "record" && heads++ === 0 ? older : newer)(path);
    const verdict = await verify(newer, { kept: keptOf(newer), source });
    expect(verdict.findings).toEqual([]);
    expect({ status: verdict.status, heads }).toEqual({ status: "holds", heads: 2 });
  });

  test("proves nothing when the line never signed it", async () => {
    const forged = { ...rootIn(publish(honest), 4), count: 3 };
    for (const root of [forged, { any: "thing" }, "text", 7])
      expect(await codes(publish(honest), { commitment: null, roots: [root] })).toEqual({
        status: "incomplete",
        codes: [],
      });
  });
});
