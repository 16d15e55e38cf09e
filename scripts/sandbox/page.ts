import { createHash } from "node:crypto";
import type { SessionRow } from "./ledger.ts";

const STYLE = `
:root { color-scheme: light dark; --ink: #1a1c22; --soft: #5a5f6d; --card: #fff; --back: #eef0f4; --line: #8b91a1; --act: #0b57d0; --on: #fff; --warn: #a3200d }
@media (prefers-color-scheme: dark) { :root { --ink: #f1f2f6; --soft: #b4b9c6; --card: #22252d; --back: #14161b; --line: #7d8494; --act: #9cc2ff; --on: #0b1730; --warn: #ffb4a6 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100dvh; display: grid; place-items: center; padding: 1rem; background: var(--back); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 26rem; padding: 1.75rem 1.5rem; background: var(--card); border-radius: 1rem; box-shadow: 0 1px 3px rgb(0 0 0 / .18) }
.mark { margin: 0 0 1.25rem; color: var(--soft); font-size: .875rem }
h1 { margin: 0 0 .25rem; font-size: 1.75rem; line-height: 1.2; font-variant-numeric: tabular-nums }
.order { margin: 0 0 1.5rem; color: var(--soft); font-size: .875rem; overflow-wrap: anywhere }
.note { margin: 0 0 1.25rem; padding: .75rem 1rem; border: 1px solid currentColor; border-radius: .625rem; color: var(--warn); font-weight: 600 }
form { display: grid; gap: .75rem; margin: 0 }
button, .back { display: block; width: 100%; min-height: 3rem; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .625rem; background: transparent; color: inherit; font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer }
button.act { border-color: var(--act); background: var(--act); color: var(--on) }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px }
`;
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

export interface Page {
  status: number;
  html: string;
}

/** Headers for every page. The form's redirect leads to the shop, and browsers hold that against `form-action` too. */
export function pageHeaders(returnUrl: string | null): Record<string, string> {
  const formAction = returnUrl === null ? "'none'" : `'self' ${new URL(returnUrl).origin}`;
  return {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
}

/** `129.00 EUR`, with the currency's own number of digits. */
export function amountText(amountMinor: number, currency: string): string {
  const digits =
    new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  return `${(amountMinor / 10 ** digits).toFixed(digits)} ${currency}`;
}

export function payPage(session: SessionRow, { wasDeclined }: { wasDeclined: boolean }): Page {
  const amount = amountText(session.amountMinor, session.currency);
  const note = wasDeclined
    ? `<p class="note" role="alert">The payment was declined. Nothing was charged; you can try again.</p>`
    : "";
  const title = wasDeclined ? `Declined: pay ${amount}` : `Pay ${amount}`;
  return document(
    wasDeclined ? 402 : 200,
    title,
    `<h1>Pay ${amount}</h1>
<p class="order">Order ${escapeHtml(session.order)}</p>
${note}<form method="post">
<button class="act" name="action" value="pay">Pay</button>
<button name="action" value="decline">Decline</button>
<button name="action" value="cancel">Cancel</button>
</form>`,
  );
}

export function expiredPage(session: SessionRow): Page {
  return document(
    410,
    "Payment session over",
    `<h1>This payment is over</h1>
<p class="order">Its time ran out or it was canceled. Nothing was charged.</p>
<a class="back" href="${escapeHtml(session.returnUrl)}">Back to the shop</a>`,
  );
}

export const missingPage = (): Page => document(404, "No such payment", "<h1>There is no such payment</h1>");

function document(status: number, title: string, content: string): Page {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="mark">Sandbox gateway. No real money moves.</p>
${content}
</main>
</body>
</html>
`;
  return { status, html };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
