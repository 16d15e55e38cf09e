import { WorkerEntrypoint } from "cloudflare:workers";
import type { DropDocument } from "../../schema/drop-document.ts";
import type { CheckoutReadiness, EdgeForConsole, LinkProof } from "../../schema/preflight.ts";
import { knowsLinkKey } from "../link-proof.ts";
import { Misconfigured } from "../misconfigured.ts";
import { probeQuote } from "./checkout/probe-quote.ts";
import { checkoutFrom } from "./deps.ts";

/** What the console may ask here: whether shoppers get as far as an order. It gets no secret and no session. */
export class ForConsole extends WorkerEntrypoint<EdgeEnv> implements EdgeForConsole {
  async probeCheckout(document: DropDocument, linkProof: LinkProof): Promise<CheckoutReadiness> {
    try {
      const { deps, hasCustomerKeys, hasMailUrl, challenge } = checkoutFrom(this.env);
      const [knows, quote] = await Promise.all([
        knowsLinkKey(deps.linkKeys, linkProof),
        probeQuote(document, deps),
      ]);
      return { misconfigured: null, hasCustomerKeys, hasMailUrl, challenge, knowsLinkKey: knows, quote };
    } catch (error) {
      if (error instanceof Misconfigured) return { misconfigured: error.message };
      throw error;
    }
  }
}
