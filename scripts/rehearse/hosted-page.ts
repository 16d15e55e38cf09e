import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";

type Action = "pay" | "decline" | "cancel";

/** `returned`: sent back to the shop; `over`: the session has ended; `declined`: may try again; `lost`: no answer. */
export type PageOutcome = "returned" | "over" | "declined" | "lost";

const TRIES = 3;
const PAUSE_MS = 500;

/** A shopper's browser at the gateway's own page, without the browser: fills in the form, and sees where it leads. */
export class HostedPages {
  readonly #pool: Pool;

  constructor(gatewayUrl: string) {
    this.#pool = new Pool(gatewayUrl, { connections: 16, headersTimeout: 20_000, bodyTimeout: 20_000 });
  }

  async visit(url: string, action: Action, card: string): Promise<PageOutcome> {
    const { pathname, search } = new URL(url);
    for (let tries = 1; tries <= TRIES; tries++) {
      try {
        const response = await this.#pool.request({
          method: "POST",
          path: pathname + search,
          headers: { "content-type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams({ action, card }).toString(),
        });
        await response.body.dump();
        if (response.statusCode === 303) return "returned";
        if (response.statusCode === 402) return "declined";
        if (response.statusCode === 410) return "over";
      } catch {
        // The page is asked again below.
      }
      await sleep(PAUSE_MS);
    }
    return "lost";
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
