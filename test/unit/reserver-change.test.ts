import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { changeBaskets } from "../../durable-objects/order-coordinator/change.ts";
import { giveBackInTurn } from "../../durable-objects/order-coordinator/give-back.ts";
import type { Reserver } from "../../durable-objects/order-coordinator/reserve.ts";
import type { SkuId } from "../../schema/ids.ts";
import type { ChangeBasketAnswer } from "../../schema/rpc/baskets.ts";
import { anItem, aWorld, DROP, type Fate, settled } from "./reserver-world.ts";
import { reservationId, shopperId, ticketId } from "./sku-stock-fakes.ts";

vi.spyOn(console, "error").mockImplementation(() => {});

describe("a basket in the place of another", () => {
  const OLD = 1;
  const FORMS = [2, 3];
  const RIVAL = 9;
  const ours = {
    shopperId: shopperId(OLD),
    ticketId: ticketId(OLD),
    identity: "mail:one",
    unitsPerShopper: 2,
  };
  /** A form's key is its number; what is taken again for it has the next but one. */
  const aChange = (form: number, letters: string, replaces = OLD) => ({
    ...anItem(form, letters, ours),
    replaces: reservationId(replaces),
    againAs: reservationId(form + 2),
  });
  const open = (options: Parameters<typeof aWorld>[0] = {}) => {
    const world = aWorld(options);
    const using = (keys: Reserver) => ({ ...world.trip, keys });
    return {
      ...world,
      using,
      change: async (form: number, letters: string, replaces = OLD) =>
        (await changeBaskets(using(world.reserver), [aChange(form, letters, replaces)]))[0],
      repeat: async () => (await world.reserver.reserve([anItem(OLD, "ab", ours)]))[0],
      giveBackInTurn: () =>
        giveBackInTurn(using(world.reserver), [
          { reservationId: reservationId(OLD), dropId: DROP, shopperId: shopperId(OLD) },
        ]),
      rival: (letters: string) => world.reserver.reserve([anItem(RIVAL, letters)]),
      /** Baskets of ours that an order could have. */
      orderable: () =>
        [OLD, ...FORMS, ...FORMS.map((form) => form + 2)].filter(
          (key) => world.store.reservation(reservationId(key))?.isGivenBack === false,
        ),
    };
  };
  const toldOf = (answer: ChangeBasketAnswer | undefined) =>
    answer?.ok ? answer.value.kind : answer?.refusal.code;

  test("takes over its units and its place under the limit; the same form again gets the same, another what followed", async () => {
    const { repeat, change, held, claims, orderable } = open();
    await repeat();
    expect(toldOf(await change(2, "bc"))).toBe("changed");
    expect(held()).toEqual({ a: [], b: [2], c: [2] });
    expect([...claims.values()]).toEqual([2]);
    expect(toldOf(await change(2, "bc"))).toBe("changed");
    expect(toldOf(await change(2, "a"))).toBe("idempotency_key_reused");
    expect(await change(3, "a")).toMatchObject({
      value: { kind: "kept", basket: { reservationId: reservationId(2) }, refusal: null },
    });
    expect(orderable()).toEqual([2]);
    expect(held()).toEqual({ a: [], b: [2], c: [2] });
  });

  test("is followed through later changes too, by whoever comes with an old form", async () => {
    const { repeat, change, held } = open();
    await repeat();
    await change(2, "bc");
    expect(toldOf(await change(3, "a", 2))).toBe("changed");
    expect(await change(2, "bc")).toMatchObject({
      value: { kind: "kept", basket: { reservationId: reservationId(3) } },
    });
    expect(held()).toEqual({ a: [3], b: [], c: [] });
  });

  test("that is refused leaves the old lines held, and pressed again it changes nothing more", async () => {
    const { repeat, change, rival, held, orderable } = open();
    await repeat();
    await rival("c");
    for (const refusal of [{ code: "all_reserved", skuId: "sku-c" }, null]) {
      expect(await change(2, "bc")).toMatchObject({
        value: { kind: "kept", basket: { reservationId: reservationId(4) }, refusal },
      });
      expect(held()).toEqual({ a: [4], b: [4], c: [RIVAL] });
    }
    expect(orderable()).toEqual([4]);
  });

  test("is refused for one that is not theirs, that an order has, that was given back, and in a pause; nothing moves", async () => {
    const { repeat, change, using, reserver, held, skus, giveBackInTurn: giveBack } = open();
    await repeat();
    const paused = { ...aChange(2, "c"), isPaused: true };
    const thief = { ...aChange(2, "c"), shopperId: shopperId(7) };
    const told = await changeBaskets(using(reserver), [paused, thief]);
    expect(told.map(toldOf)).toEqual(["drop_paused", "reservation_not_found"]);
    skus.get("sku-a" as SkuId)?.pin({
      reservationId: reservationId(OLD),
      shopperId: shopperId(OLD),
      orderId: "ord" as never,
      step: 1,
    });
    expect(toldOf(await change(2, "c"))).toBe("reservation_taken");
    expect(held()).toEqual({ a: [OLD], b: [OLD], c: [] });
    const other = open();
    await other.repeat();
    await other.giveBackInTurn();
    expect(toldOf(await other.change(2, "c"))).toBe("reservation_given_back");
    expect(other.held()).toEqual({ a: [], b: [], c: [] });
    expect(await giveBack()).toMatchObject([{ refusal: { code: "reservation_taken" } }]);
  });

  test("whose process died between the two is taken up by the same form, and by another", async () => {
    for (const form of FORMS) {
      let isDead = false;
      const pace = (label: string) =>
        isDead && label === "reserve to sku-b" ? new Promise<void>(() => {}) : Promise.resolve();
      const { reserver, held, restarted, using, orderable } = open({ pace });
      await reserver.reserve([anItem(OLD, "ab", { shopperId: shopperId(OLD) })]);
      isDead = true;
      const unlimited = (key: number) => ({ ...aChange(key, "bc"), unitsPerShopper: null });
      void changeBaskets(using(reserver), [unlimited(2)]);
      await settled();
      expect([held(), orderable()]).toEqual([{ a: [], b: [], c: [] }, []]);
      isDead = false;
      const after = await changeBaskets(using(restarted()), [unlimited(form)]);
      expect(after.map(toldOf)).toEqual(["changed"]);
      expect(held()).toEqual({ a: [], b: [form], c: [form] });
    }
  });

  const press = fc.record({
    form: fc.constantFrom(...FORMS),
    letters: fc.constantFrom("a", "ab", "bc", "ac", "c"),
  });
  const player = fc.oneof(press, fc.constantFrom("repeat", "give back", "rival" as const));

  test("whatever is pressed together leaves one basket of it at most, held as it was told, and no unit lost", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(player, { minLength: 1, maxLength: 6 }),
        async (scheduler, presses) => {
          let isBusy = false;
          const world = open({
            pace: (label) => (isBusy ? scheduler.schedule(Promise.resolve(), label) : Promise.resolve()),
          });
          await world.repeat();
          isBusy = true;
          const told: (ChangeBasketAnswer | undefined)[] = [];
          const done = Promise.all(
            presses.map(async (one, nth) => {
              await scheduler.schedule(Promise.resolve(), `press ${nth}`);
              if (one === "repeat") await world.repeat();
              else if (one === "give back") await world.giveBackInTurn();
              else if (one === "rival") await world.rival("bc");
              else if (typeof one === "object") told.push(await world.change(one.form, one.letters));
            }),
          );
          await scheduler.waitFor(done);
          await scheduler.waitIdle();
          const [last, ...others] = world.orderable();
          expect(others).toEqual([]);
          const noted = last && world.store.reservation(reservationId(last));
          for (const [letter, keys] of Object.entries(world.held())) {
            const isOurs = noted ? noted.lines.some(({ skuId }) => skuId.endsWith(letter)) : false;
            expect(keys.filter((key) => key !== RIVAL)).toEqual(isOurs ? [last] : []);
          }
          const units = noted ? noted.lines.length : 0;
          expect([...world.claims.values()].reduce((sum, held) => sum + held, 0)).toBe(units);
          for (const { counts } of world.skus.values())
            expect(counts.available + counts.reserved).toBe(counts.stock);
          // Whoever was told of a basket was told of that one, unless it was given back after.
          for (const answer of told) {
            if (!answer?.ok || answer.value.kind === "lost" || last === undefined) continue;
            if (last !== OLD) expect(answer.value.basket.reservationId).toBe(reservationId(last));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("with calls that fail or lose their answer leaves one basket at most that an order can have", async () => {
    const fate = fc.constantFrom<Fate>("fine", "fine", "fine", "fails", "answer_lost", "slow");
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(press, { minLength: 1, maxLength: 6 }),
        fc.array(fate, { maxLength: 30 }),
        async (scheduler, presses, fates) => {
          let isBusy = false;
          const remaining = [...fates];
          const world = open({
            pace: (label) => (isBusy ? scheduler.schedule(Promise.resolve(), label) : Promise.resolve()),
            fate: () => (isBusy ? (remaining.shift() ?? "fine") : "fine"),
          });
          await world.repeat();
          isBusy = true;
          const done = Promise.all(
            presses.map(async ({ form, letters }, nth) => {
              await scheduler.schedule(Promise.resolve(), `press ${nth}`);
              await world.change(form, letters);
            }),
          );
          await scheduler.waitFor(done);
          await scheduler.waitIdle();
          const [last, ...others] = world.orderable();
          expect(others).toEqual([]);
          const noted = last ? world.store.reservation(reservationId(last)) : null;
          // The old one may be half given back: the same form again completes it.
          for (const { skuId } of last === OLD ? [] : (noted?.lines ?? []))
            expect(world.held()[skuId.at(-1) ?? ""]).toContain(last);
          for (const { counts } of world.skus.values())
            expect(counts.available + counts.reserved).toBe(counts.stock);
        },
      ),
      { numRuns: 300 },
    );
  });
});
