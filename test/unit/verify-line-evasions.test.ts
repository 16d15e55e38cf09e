import { sign } from "node:crypto";
import { ED25519_TORSION_SUBGROUP } from "@noble/curves/ed25519.js";
import { afterEach, describe, expect, test, vi } from "vitest";
import { beaconsTrustedAt, LOCAL_BEACON, QUICKNET } from "../../workers/edge/line/verify/beacons.ts";
import type { CheckRounds } from "../../workers/edge/line/verify/context.ts";
import {
  BEACON,
  type ClosedCohort,
  newKey,
  OPENS_AT_MS,
  type Parts,
  publish,
  serve,
  signedRootOf,
  ticket,
  type World,
} from "./line-record-forge.ts";
import { found, head, honest, like, type Options, seedOfLink, windows } from "./verify-line-small-world.ts";

test("the smaller honest line holds", async () => {
  expect(await found(publish(honest))).toEqual({ status: "holds", codes: [] });
});

describe("a window whose root was signed and is left out of the drawn ones", () => {
  const own = { ticketId: ticket(10_000), cohort: 1, chunk: 0 };
  const leftOut = () => {
    const parts = publish(like({ logs: new Map([...honest.logs].filter(([cohort]) => cohort !== 1)) }));
    parts.set("record/roots/1", signedRootOf(honest, 1));
    parts.set("record/chunks/1/0", publish(honest).get("record/chunks/1/0"));
    return parts;
  };

  test.each(["full", "light"] as const)("is told to whoever stood in it, by a %s look", async (mode) => {
    const broken = { status: "broken", codes: ["roots/cohort_withdrawn"] };
    expect(await found(leftOut(), { mode, own })).toEqual(broken);
  });

  test("is nobody's fault when a page of windows could not be read", async () => {
    const honestly = serve(publish(honest));
    const source = async (path: string) => {
      if (path === "record/cohorts/0") throw new Error("away");
      return honestly(path);
    };
    expect(await found(publish(honest), { own, source } as Options)).toEqual({
      status: "incomplete",
      codes: [],
    });
  });
});

describe("a key of small order, which signs every text,", () => {
  // The subgroup itself, and what decodes to its points although it is not how they are written.
  const keys = [
    ...ED25519_TORSION_SUBGROUP,
    `01${"00".repeat(30)}80`,
    ...["ed", "ee"].flatMap((low) => ["7f", "ff"].map((high) => `${low}${"ff".repeat(30)}${high}`)),
    `ec${"ff".repeat(31)}`,
  ];

  afterEach(() => void vi.restoreAllMocks());

  test.each(keys)("%s, is no key, whatever a browser's library says", async (publicKey) => {
    vi.spyOn(crypto.subtle, "verify").mockResolvedValue(true);
    const parts = publish(honest);
    head(parts).commitment.publicKey = publicKey;
    expect(await found(parts)).toEqual({
      status: "broken",
      codes: ["commitment/commitment_unsigned", "roots/root_unsigned"],
    });
  });
});

describe("a commitment", () => {
  test.each<[string, (parts: Parts) => void]>([
    ["of another drop under this one's head", (parts) => Object.assign(head(parts), { dropId: "spring" })],
    ["of this drop under another one's head", (parts) => Object.assign(head(parts), { dropId: "summer" })],
  ])("%s is found", async (what, change) => {
    const parts = publish(like({ dropId: what.startsWith("of this") ? "spring" : "summer" }));
    change(parts);
    expect((await found(parts)).codes).toEqual(["commitment/wrong_drop"]);
  });

  test("may be as old as the last publication, and not a millisecond younger", async () => {
    const [first = { atMs: 0, what: "published", detail: "" }] = honest.notes;
    const again = { ...first, atMs: first.atMs + 60_000 };
    for (const notes of [[first], [first, again], [again, first, { ...again, what: "paused" }]]) {
      const lastAtMs = Math.max(...notes.filter(({ what }) => what === "published").map(({ atMs }) => atMs));
      expect((await found(publish(like({ notes, committedAtMs: lastAtMs })))).codes).toEqual([]);
      expect((await found(publish(like({ notes, committedAtMs: lastAtMs + 1 })))).codes).toEqual([
        "commitment/commitment_late",
      ]);
    }
  });

  test.each<[string, object]>([
    ["scheme", { scheme: "another" }],
    ["chain hash", { chainHash: "00".repeat(32) }],
    ["public key", { publicKey: "00".repeat(96) }],
    ["start", { genesisAtMs: BEACON.genesisAtMs + 1 }],
    ["period", { periodMs: 1_000 }],
  ])("whose beacon has another %s than a trusted one is not trusted", async (_, changes) => {
    const trusted = { ...BEACON, ...changes } as typeof BEACON;
    expect((await found(publish(honest), { trustedBeacons: [trusted] })).codes).toEqual([
      "commitment/beacon_not_trusted",
    ]);
  });
});

describe("a window that closes before its end", () => {
  const early = (notes: World["notes"]) => {
    const parts = publish(like({ notes: [...honest.notes, ...notes] }));
    Object.assign(parts.get("snapshot") as object, { opensAtMs: OPENS_AT_MS + 1 });
    return found(parts);
  };
  const closedEarly = { status: "broken", codes: ["cohorts/closed_early"] };
  const fine = { status: "holds", codes: [] };

  test.each(["published", "paused", "resumed", "paced"])("is not excused by a note %s", async (what) => {
    expect(await early([{ atMs: OPENS_AT_MS - 1, what, detail: "" }])).toEqual(closedEarly);
  });

  test("is excused by an opening that was noted, from then on", async () => {
    expect(await early([{ atMs: OPENS_AT_MS, what: "opened", detail: "" }])).toEqual(fine);
    expect(await early([{ atMs: OPENS_AT_MS + 1, what: "opened", detail: "" }])).toEqual(closedEarly);
  });

  test("is excused by an end that was noted, if that came before", async () => {
    expect(await early([{ atMs: OPENS_AT_MS, what: "ended", detail: "" }])).toEqual(fine);
    expect(await early([{ atMs: OPENS_AT_MS + 1, what: "ended", detail: "" }])).toEqual(closedEarly);
  });
});

test("a line without a beacon shows no beacon's signature", async () => {
  const parts = publish(like({ hasBeacon: false }));
  const window = windows(parts).cohorts[0] as ClosedCohort;
  window.beaconSignature = "00".repeat(48);
  window.seed = seedOfLink(window.link, Buffer.alloc(48)).toString("hex");
  expect((await found(parts)).codes).toEqual(["beacon/beacon_round_wrong"]);
});

test("a library that does not answer for each round has not checked it", async () => {
  const checked = async (...answers: Awaited<ReturnType<CheckRounds>>) =>
    found(publish(honest), { checkRounds: async () => answers });
  expect(await checked(true, true, true)).toEqual({ status: "holds", codes: [] });
  expect(await checked(true, true)).toEqual({ status: "broken", codes: ["beacon/beacon_unsigned"] });
});

describe("the stand-in beacon, whose key is in the code,", () => {
  test.each(["http://localhost:8787", "http://127.0.0.1:8787", "http://127.9.9.9", "https://[::1]:8787"])(
    "is trusted at %s",
    (origin) => {
      expect(beaconsTrustedAt(origin)).toEqual([QUICKNET, LOCAL_BEACON]);
    },
  );

  test.each([
    "https://drops.shop.example",
    "https://localhost.shop.example",
    "https://127.0.0.1.shop.example",
    "https://localhost.",
    "http://10.0.0.1",
    "http://[::2]",
    "http://[::ffff:127.0.0.1]",
    "http://0.0.0.0",
  ])("is not trusted at %s", (origin) => {
    expect(beaconsTrustedAt(origin)).toEqual([QUICKNET]);
  });
});

test("two signatures of one round are both looked at", async () => {
  const parts = publish(honest);
  const [one, other] = windows(parts).cohorts as [ClosedCohort, ClosedCohort];
  other.beaconRound = one.beaconRound;
  other.beaconSignature = "00".repeat(48);
  const verdict = await found(parts);
  expect(verdict.codes).toContain("beacon/beacon_unsigned");
});

test("a root is signed that counts more people than its chunks can have", async () => {
  const world = like({
    logs: new Map([...honest.logs, [4, Array.from({ length: 4_096 }, (_, n) => ticket(50_000 + n))]]),
  });
  const parts = publish(world);
  const root = parts.get("record/roots/4") as ReturnType<typeof signedRootOf>;
  const anchor = (world.chain[0] as Buffer).toString("hex");
  const said = ["spring", anchor, 4, 5_000, root.root, root.closedAtMs, root.beaconRound];
  const text = ["dropline/signed-root/1", ...said].join("\n");
  Object.assign(root, {
    count: 5_000,
    signature: sign(null, Buffer.from(text), world.key.privateKey).toString("hex"),
  });
  head(parts).joined = 6_000;
  expect(await found(parts)).toEqual({ status: "broken", codes: ["roots/root_wrong"] });
});

test("only roots that are right are given to whoever keeps them", async () => {
  const parts = publish(honest);
  parts.set("record/roots/4", signedRootOf(like({ key: newKey() }), 4));
  const kept: number[] = [];
  await found(parts, { onRoot: ({ cohort }) => void kept.push(cohort) });
  expect(kept).toEqual([0, 1, 3]);
});

test("one round's signature does not serve for another window's round", async () => {
  const parts = publish(honest);
  const [one, other] = windows(parts).cohorts as [ClosedCohort, ClosedCohort];
  other.beaconSignature = one.beaconSignature;
  other.seed = seedOfLink(other.link, Buffer.from(one.beaconSignature ?? "", "hex")).toString("hex");
  expect(await found(parts)).toEqual({ status: "broken", codes: ["beacon/beacon_unsigned"] });
});

test.each<[string, () => object]>([
  ["nobody signed", () => ({ ...head(publish(like({ key: newKey() }))).commitment, committedAtMs: 1 })],
  ["is of another drop", () => head(publish(like({ dropId: "summer" }))).commitment],
])("a kept commitment that %s says nothing", async (_, commitment) => {
  const kept = { commitment: commitment(), roots: [] };
  expect(await found(publish(honest), { kept })).toEqual({ status: "incomplete", codes: [] });
});

test("a light look, too, counts fewer who joined than stand in the windows", async () => {
  const parts = publish(honest);
  head(parts).joined = 15;
  expect(await found(parts, { mode: "light" })).toEqual({
    status: "broken",
    codes: ["cohorts/joined_wrong"],
  });
});
