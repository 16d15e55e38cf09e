import type { Act } from "./order-acts.ts";
import type { Mood } from "./order-gateway.ts";

/** Something that is on its way. Lost, its sender hears of a failure; detached, it hears so too, and the thing still arrives later. */
export type Parcel = {
  label: string;
  arrive(mood: Mood): void;
  lose(): void;
  isLossless?: boolean;
  /** After this it is on its way no more, and a limit need not remember what it was overtaken by. */
  endsAtMs?: number | undefined;
};

type Call<Answer> = {
  label: string;
  endsAtMs?: number;
  isAlive(): boolean;
  act(): Answer;
  /** What is written on the answer. */
  said(answer: Answer): string;
};

/** What is on its way. Nothing arrives by itself, and anything may be lost, come twice, or late. */
export class Post {
  readonly parcels: Parcel[] = [];
  /** Copies of calls to the limits, which arrive when everybody has gone on. */
  readonly late: Parcel[] = [];
  readonly #nowMs: () => number;
  readonly #note: (line: string) => void;

  constructor(around: { nowMs(): number; note(line: string): void }) {
    this.#nowMs = around.nowMs;
    this.#note = around.note;
  }

  /** A call and its answer, either of which may be lost, by a caller who may have died meanwhile. */
  call<Answer>({ label, endsAtMs, isAlive, act, said }: Call<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const lose = () => isAlive() && reject(new Error("the call failed"));
      this.parcels.push({
        label,
        endsAtMs,
        arrive: () => {
          const answer = act();
          this.parcels.push({ label: said(answer), arrive: () => isAlive() && resolve(answer), lose });
        },
        lose,
      });
    });
  }

  handle({ act, pick, mood }: Extract<Act, { pick: number; mood: Mood }>): void {
    if (this.parcels.length === 0) return;
    const at = pick % this.parcels.length;
    const parcel = this.parcels[at];
    if (!parcel) return;
    const isKept = act === "duplicate" || act === "detach" || (act === "lose" && parcel.isLossless);
    if (!isKept || parcel.endsAtMs !== undefined) this.parcels.splice(at, 1);
    if (isKept && parcel.endsAtMs !== undefined) this.late.push(parcel);
    this.#note(`${act} ${parcel.label}${mood === "fine" ? "" : ` (${mood})`}`);
    if ((act === "deliver" || act === "duplicate") && !this.#isGone(parcel)) parcel.arrive(mood);
    else parcel.lose();
  }

  handleLate(pick: number): void {
    const [parcel] = this.late.splice(pick % Math.max(1, this.late.length), 1);
    if (parcel) this.#note(`late: ${parcel.label}`);
    if (parcel && !this.#isGone(parcel)) parcel.arrive("fine");
  }

  /** Lets the first one arrive, if it still can. False when nothing is on its way. */
  deliverNext(): boolean {
    const parcel = this.parcels.shift() ?? this.late.shift();
    if (!parcel) return false;
    this.#isGone(parcel) ? parcel.lose() : parcel.arrive("fine");
    return true;
  }

  #isGone({ endsAtMs }: Parcel): boolean {
    return endsAtMs !== undefined && endsAtMs <= this.#nowMs();
  }
}
