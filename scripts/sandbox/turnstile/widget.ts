import { DUMMY_TOKEN, OWN_KEYS, TEST_KEYS } from "./keys.ts";

/**
 * `GET /turnstile/v0/api.js`: stands in for Turnstile's script where it renders by itself. Into each `.cf-turnstile` it puts
 * a line of text and, if the site key passes, the hidden field `cf-turnstile-response`. No frame, and nothing is checked.
 */
export function widgetScript(): string {
  return `"use strict";
(() => {
  const tokenOf = ({ sitekey, action = "", cdata = "" }) => {
    if (sitekey === ${JSON.stringify(TEST_KEYS.passes.siteKey)}) return ${JSON.stringify(DUMMY_TOKEN)};
    if (sitekey !== ${JSON.stringify(OWN_KEYS.siteKey)}) return null;
    const nonce = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const solved = { nonce, hostname: location.hostname, action, cdata, atMs: Date.now() };
    return "SANDBOX." + btoa(JSON.stringify(solved)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  };
  const render = () => {
    for (const place of document.querySelectorAll(".cf-turnstile")) {
      const token = tokenOf(place.dataset);
      place.textContent = token === null ? "The challenge failed (sandbox)." : "You are human (sandbox).";
      if (token === null) continue;
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = "cf-turnstile-response";
      field.value = token;
      place.append(field);
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", render);
  else render();
})();
`;
}
