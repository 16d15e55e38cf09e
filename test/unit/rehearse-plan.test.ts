import { describe, expect, test } from "vitest";
import { addressOf, cardOf, type Dealings, type Hoard, partyOf } from "../../scripts/rehearse/dealings.ts";
import { planTimeline, rehearsalDocument, splitStock } from "../../scripts/rehearse/document.ts";
import { Restarts } from "../../scripts/rehearse/kills.ts";
import { defaultOptions, parseOptions } from "../../scripts/rehearse/options.ts";
import { planCrowd, planGatewayFaults, planUptimes } from "../../scripts/rehearse/plan.ts";
import { createRandom } from "../../scripts/rehearse/random.ts";
import { Faults } from "../../scripts/sandbox/faults.ts";
import { addressIdentity, mailDigest } from "../../workers/edge/identity/identities.ts";

describe("the command line", () => {
  test("has an answer for everything that is not said", () => {
    expect(parseOptions([])).toEqual({
      ok: true,
      options: {
        shoppers: 2_000,
        stock: 200,
        skus: 3,
        seed: 7,
        json: null,
        faults: false,
        kills: 0,
        connections: 48,
        admitPerSecond: 250,
        keep: false,
      },
    });
  });

  test("brings two kills with faults, unless told otherwise", () => {
    expect(parseOptions(["--faults"])).toMatchObject({ options: { faults: true, kills: 2 } });
    expect(parseOptions(["--faults", "--kills", "0"])).toMatchObject({ options: { faults: true, kills: 0 } });
    expect(parseOptions(["--kills", "5", "--json", "out.json"])).toMatchObject({
      options: { kills: 5, json: "out.json" },
    });
  });

  test.each([
    [["--shoppers", "many"], /--shoppers must be a whole number from 1 to 200000, not many/],
    [["--kills", "101"], /--kills must be/],
    [["--stock", "2", "--skus", "3"], /at least one unit a SKU/],
    [["--shopers", "3"], /shopers/],
    [["extra"], /extra/],
  ])("says what is wrong with %j", (argv, complaint) => {
    const parsed = parseOptions(argv);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.complaint).toMatch(complaint);
  });
});

describe("random numbers", () => {
  test("follow from seed and label alone", () => {
    const draw = (seed: number, label: string) => {
      const random = createRandom(seed, label);
      return Array.from({ length: 5 }, () => random.next());
    };
    expect(draw(7, "a")).toEqual(draw(7, "a"));
    expect(draw(7, "a")).not.toEqual(draw(7, "b"));
    expect(draw(7, "a")).not.toEqual(draw(8, "a"));
  });

  test("are spread evenly, and weights are kept", () => {
    const random = createRandom(1, "spread");
    const draws = Array.from({ length: 10_000 }, () => random.next());
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThan(1);
    expect(draws.reduce((sum, draw) => sum + draw, 0) / draws.length).toBeCloseTo(0.5, 1);
    const picks = Array.from({ length: 10_000 }, () =>
      random.weighted([
        [3, "often"],
        [1, "seldom"],
        [0, "never"],
      ]),
    );
    expect(picks.filter((pick) => pick === "often").length / picks.length).toBeCloseTo(0.75, 1);
    expect(picks).not.toContain("never");
    expect(random.shuffled([1, 2, 3]).toSorted()).toEqual([1, 2, 3]);
  });
});

describe("the crowd", () => {
  test("is the same for the same seed, and another for another", () => {
    const options = defaultOptions({ shoppers: 50 });
    expect(planCrowd(options)).toEqual(planCrowd(options));
    expect(planCrowd(options)).not.toEqual(planCrowd({ ...options, seed: 8 }));
  });

  test("has everybody in it: each visit, each payment, each habit", () => {
    const plans = planCrowd(defaultOptions({ shoppers: 2_000, faults: true }));
    expect(new Set(plans.map((plan) => plan.visit))).toEqual(
      new Set(["no_show", "abandon", "give_back", "buy"]),
    );
    const sizes = plans.map(({ basketSize }) => basketSize);
    expect(new Set(sizes)).toEqual(new Set([1, 2, 3]));
    const baskets = sizes.filter((size) => size > 1).length;
    expect(baskets / sizes.length).toBeCloseTo(0.34, 1);
    const payments = new Set(
      plans.map(({ payment }) => (payment.kind === "token" ? payment.token : payment.atPage)),
    );
    for (const one of [
      "tok_ok",
      "tok_declined",
      "tok_timeout_before",
      "tok_timeout_after",
      "pays",
      "leaves",
      "cancels",
    ]) {
      expect(payments).toContain(one);
    }
    for (const habit of [
      "asksEarly",
      "joinsTwice",
      "doubleClicks",
      "repeatsLater",
      "changesBody",
      "isGreedy",
    ] as const) {
      expect(plans.some((plan) => plan.habits[habit])).toBe(true);
    }
    expect(new Set(plans.map((plan) => plan.arrival.at)).size).toBe(2);
    expect(new Set(plans.map((plan) => plan.address)).size).toBe(2_000);
  });

  test("deals in every way there is once something may go wrong, and in none of them else", () => {
    const dealings = planCrowd(defaultOptions({ shoppers: 2_000, faults: true })).map(
      (plan) => plan.dealings,
    );
    const kinds = <Name extends keyof Dealings>(name: Name) => new Set(dealings.map((one) => one[name]));
    expect(kinds("waits")).toEqual(new Set(["not", "takes", "ignores", "leaves"]));
    expect(kinds("after").size).toBe(6);
    expect(kinds("refund").size).toBe(3);
    expect(kinds("country").size).toBe(4);
    for (const habit of ["watches", "signsInLate", "forgetsConsent"] as const) {
      expect(kinds(habit)).toEqual(new Set([true, false]));
    }
    expect(new Set(dealings.map(({ hoard }) => hoard?.by))).toEqual(
      new Set([undefined, "customer", "mailbox", "house", "card"]),
    );
    expect(dealings.filter(({ waits }) => waits === "ignores").length).toBeLessThan(40);
    const plain = planCrowd(defaultOptions({ shoppers: 200 }));
    expect(
      plain.every(({ dealings: { hoard, waits, after } }) => !hoard && waits === "not" && after === "keeps"),
    ).toBe(true);
  });

  test("has few who are one customer, mailbox, house or card, and writes each of them in several ways", () => {
    const plans = planCrowd(defaultOptions({ shoppers: 2_000, faults: true }));
    const of = (by: Hoard["by"]) => plans.filter(({ dealings }) => dealings.hoard?.by === by);
    const customers = of("customer");
    expect(new Set(customers.map((plan) => partyOf(plan, "customer"))).size).toBeLessThan(
      customers.length / 5,
    );
    const mailboxes = Map.groupBy(of("mailbox"), (plan) => partyOf(plan, "mailbox"));
    for (const sharing of mailboxes.values()) {
      expect(new Set(sharing.map(({ email }) => email)).size).toBe(sharing.length);
      expect(new Set(sharing.map(({ email }) => mailDigest(email))).size).toBe(1);
    }
    const houses = Map.groupBy(of("house"), (plan) => partyOf(plan, "house"));
    for (const sharing of houses.values()) {
      const written = sharing.map(addressOf);
      expect(new Set(written.map(({ line1 }) => line1)).size).toBe(2);
      const identities = written.map(({ line1, ...rest }) => addressIdentity({ lines: [line1], ...rest }));
      expect(new Set(identities).size).toBe(1);
    }
    const cards = Map.groupBy(plans, (plan) => partyOf(plan, "card"));
    for (const sharing of cards.values()) expect(new Set(sharing.map(cardOf)).size).toBe(1);
    expect(new Set(plans.map(cardOf)).size).toBe(cards.size);
    const alone = plans.filter(({ dealings }) => dealings.hoard === null);
    expect(new Set(alone.map(({ email }) => mailDigest(email))).size).toBe(alone.length);
  });

  test("pays without a misbehaving token unless faults are asked for", () => {
    const plans = planCrowd(defaultOptions({ shoppers: 2_000 }));
    const tokens = plans.flatMap(({ payment }) => (payment.kind === "token" ? [payment.token] : []));
    expect(tokens.some((token) => token.includes("timeout") || token.includes("late"))).toBe(false);
  });

  test("arrives before each kill, however many there are and however long each takes", () => {
    const options = defaultOptions({ shoppers: 400, kills: 20 });
    expect(planUptimes(options)).toHaveLength(20);
    const plans = planCrowd(options);
    for (let restart = 1; restart < 20; restart++) {
      const arriving = plans.filter(({ arrival }) => arrival.at === "restart" && arrival.restart === restart);
      expect(arriving.length).toBeGreaterThan(3);
    }
    expect(planCrowd(defaultOptions()).some(({ arrival }) => arrival.at === "restart")).toBe(false);
  });

  test("waits for the restart that it is to arrive after", async () => {
    const restarts = new Restarts();
    const arrived: number[] = [];
    const arrivals = [2, 1, 3].map(async (restart) => {
      await restarts.after(restart);
      arrived.push(restart);
    });
    restarts.note(1);
    await arrivals[1];
    expect(arrived).toEqual([1]);
    restarts.note(3);
    await Promise.all(arrivals);
    expect(arrived.toSorted()).toEqual([1, 2, 3]);
    await restarts.after(3);
  });
});

describe("the drop", () => {
  test("splits its stock evenly, the remainder to the first", () => {
    expect(splitStock(200, 3)).toEqual([67, 67, 66]);
    expect(splitStock(3, 3)).toEqual([1, 1, 1]);
    expect(splitStock(10, 1)).toEqual([10]);
  });

  test("is a valid document with its lobby before the first arrival", () => {
    for (const options of [defaultOptions(), defaultOptions({ shoppers: 20_000, stock: 20_000, skus: 10 })]) {
      const opensAtMs = 1_800_000_000_000;
      const document = rehearsalDocument(options, opensAtMs);
      expect(document.skus.reduce((units, sku) => units + sku.stock, 0)).toBe(options.stock);
      expect(Date.parse(document.lobbyOpensAt)).toBeLessThan(opensAtMs - planTimeline(options).lobbyMs);
      expect(new Set(document.skus.map((sku) => sku.perShopper))).toEqual(new Set([1, 2]));
    }
  });

  test("asks for everything that a document may ask for once something may go wrong", () => {
    const plain = rehearsalDocument(defaultOptions(), 1_800_000_000_000);
    expect(plain.limits).toMatchObject({ identity: "none", unitsPerShopper: null });
    expect([plain.shipping, plain.terms, plain.waitingList.isOpen]).toEqual([null, null, false]);
    for (const options of [defaultOptions({ faults: true }), defaultOptions({ kills: 1 })]) {
      const { limits, shipping, terms, waitingList, orders } = rehearsalDocument(options, 1_800_000_000_000);
      expect(Object.values(limits)).not.toContain(null);
      expect(limits.identity).toBe("signed_claim");
      expect(shipping).not.toBeNull();
      expect(terms).not.toBeNull();
      expect(waitingList.isOpen).toBe(true);
      expect(orders.cancelWindowMs).toBeGreaterThan(planTimeline(options).patienceMs);
    }
  });
});

test("the gateway understands how it is to misbehave", () => {
  expect(Faults.safeParse(planGatewayFaults(defaultOptions({ faults: true }))).success).toBe(true);
  const calm = Faults.parse(planGatewayFaults(defaultOptions()));
  expect([calm.declineRate, calm.errorRate, calm.webhookDropRate]).toEqual([0, 0, 0]);
});
