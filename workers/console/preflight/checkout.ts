import type { DropDocument } from "../../../schema/drop-document.ts";
import { isLoopback } from "../../../schema/guard-url.ts";
import type { CheckoutReadiness, Finding, QuoteProbe } from "../../../schema/preflight.ts";
import { howToSet } from "../../../schema/secrets.ts";

type Configured = Extract<CheckoutReadiness, { misconfigured: null }>;

/** Whether a shopper gets from the line to an order: who counts as one, the links, and the quotes. */
export function checkoutFindings(document: DropDocument, checkout: CheckoutReadiness): Finding[] {
  if (checkout.misconfigured !== null)
    return [{ level: "blocks", check: "keys", message: checkout.misconfigured }];
  return [
    linkKeysFinding(checkout),
    identityFinding(document, checkout),
    ...(document.line.challenge === "none" ? [] : [challengeFinding(document, checkout)]),
    ...(checkout.quote === null ? [] : [quoteFinding(checkout.quote)]),
  ];
}

function linkKeysFinding({ knowsLinkKey }: Configured): Finding {
  const check = "keys";
  if (knowsLinkKey)
    return {
      level: "ok",
      check,
      message: "LINK_KEYS: the storefront opens the links that the console signs",
    };
  const message = `LINK_KEYS of edge and console differ, so no link of a mail opens. Set both to the same: ${howToSet("edge", "LINK_KEYS")}; ${howToSet("console", "LINK_KEYS")}`;
  return { level: "blocks", check, message };
}

function identityFinding({ limits }: DropDocument, { hasCustomerKeys, hasMailUrl }: Configured): Finding {
  const check = "identity";
  switch (limits.identity) {
    case "none":
      return { level: "ok", check, message: "is none: every session is a shopper" };
    case "signed_claim":
      return hasCustomerKeys
        ? { level: "ok", check, message: "is signed_claim, and the storefront has CUSTOMER_KEYS" }
        : {
            level: "blocks",
            check,
            message: `is signed_claim, but the storefront has no CUSTOMER_KEYS, so nobody gets a pass. To set it: ${howToSet("edge", "CUSTOMER_KEYS")}`,
          };
    case "verified_mail":
      return hasMailUrl
        ? {
            level: "ok",
            check,
            message: "is verified_mail, and the storefront has a MAIL_URL (no mail was sent)",
          }
        : {
            level: "blocks",
            check,
            message:
              "is verified_mail, but MAIL_URL of the storefront is empty, so no code is sent and nobody gets a pass: set it in wrangler.toml, with MAIL_FROM",
          };
  }
}

/** What stands between the crowd and the line: without keys nobody can join by it, with keys for tests everybody can. */
function challengeFinding({ line, mode }: DropDocument, { challenge, hasMailUrl }: Configured): Finding {
  const check = "challenge";
  if (challenge === "real")
    return {
      level: "ok",
      check,
      message: `is ${line.challenge}, and the storefront has its keys (none was solved)`,
    };
  if (challenge === "test")
    return {
      level: mode === "live" ? "blocks" : "ok",
      check,
      message: `is ${line.challenge}, with Cloudflare's key for tests, which takes anything. For a drop that is live: ${howToSet("edge", "TURNSTILE_SECRET")}, and TURNSTILE_SITE_KEY in wrangler.toml`,
    };
  const byMail = line.mailInsteadOfChallenge && hasMailUrl;
  return {
    level: byMail ? "warning" : "blocks",
    check,
    message: `is ${line.challenge}, but the storefront has no key for it, so ${byMail ? "everybody has to join by a mailed code" : "nobody can join"}. To set it: ${howToSet("edge", "TURNSTILE_SECRET")}, and TURNSTILE_SITE_KEY in wrangler.toml`,
  };
}

/** A made-up address may be refused by an endpoint that is well; silence and a wrong signature never come from one. */
function quoteFinding(quote: QuoteProbe): Finding {
  const check = "quotes";
  switch (quote.outcome) {
    case "verified":
      return {
        level: "ok",
        check,
        message: "shipping.quoteUrl answers with a quote that shipping.keys verify",
      };
    case "not_verified":
      return {
        level: "blocks",
        check,
        message:
          "shipping.quoteUrl answers with a quote that is not taken: not signed by one of shipping.keys, or not for what was asked",
      };
    case "none": {
      const isRefusal = quote.status !== null && quote.status >= 400 && quote.status < 500;
      return {
        level: isRefusal ? "warning" : "blocks",
        check,
        message: `shipping.quoteUrl gives no quote for one unit to a made-up address: ${quote.reason}`,
      };
    }
  }
}

/** What shoppers are written about their orders, and whether its links lead anywhere. */
export function mailFindings({
  areSent,
  storefrontUrl,
  isLocal,
}: {
  areSent: boolean;
  storefrontUrl: string;
  isLocal: boolean;
}): Finding[] {
  const check = "mails";
  if (!areSent)
    return [
      {
        level: "ok",
        check,
        message: "about orders are not sent: MAIL_URL is empty, or ORDER_MAILS is not yes",
      },
    ];
  const host = URL.parse(storefrontUrl)?.hostname;
  if (host === undefined || (isLoopback(host) && !isLocal))
    return [
      {
        level: "blocks",
        check,
        message: `about orders would link to ${storefrontUrl}: set STOREFRONT_URL in workers/console/wrangler.toml to where the storefront is`,
      },
    ];
  return [{ level: "ok", check, message: `about orders are sent, and link to ${storefrontUrl}` }];
}
