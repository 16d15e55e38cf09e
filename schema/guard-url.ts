import { type Result, refuse } from "./result.ts";

/** Why an address is not taken, in words for the brand. */
export type UrlRefusal = { reason: string };

/** Where browsers and proxies also expect TLS; everything else is more likely an inner service than a webhook's receiver. */
const PORTS = new Set(["", "443", "8443"]);

/** RFC 1123, in lower case as the parser leaves it; other alphabets come as Punycode. The parser itself lets more pass. */
const HOST_LABEL = /^[a-z0-9-]+$/;

/**
 * Names that mean something inside a network only: RFC 6761 and 6762, RFC 8375, ICANN's .internal, and what routers and
 * companies are known to use; svc and cluster are what a cluster of containers calls its own.
 */
const INNER_SUFFIXES = [
  "localhost",
  "local",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "localdomain",
  "test",
  "example",
  "invalid",
  "onion",
  "arpa",
  "alt",
  "svc",
  "cluster",
];

/** Public names that answer with whatever address is written in them, or with loopback. */
const REBINDING_SUFFIXES = [
  "nip.io",
  "sslip.io",
  "xip.io",
  "traefik.me",
  "backname.io",
  "local-ip.co",
  "local-ip.sh",
  "local.gd",
  "localho.st",
  "localtest.me",
  "lvh.me",
  "vcap.me",
  "lacolhost.com",
  "lndo.site",
  "ddev.site",
  "yoogle.com",
  "rbndr.us",
  "1u.ms",
];

/**
 * Whether a Worker may send requests (a webhook, a question for a quote) to an address that a brand named: https to a
 * public name, on the ports of the web, with no user and no fragment in it. No IP address is taken in any notation: the URL
 * parser has turned decimal, octal, hex and short forms of IPv4 into one, and every IPv6 form (mapped, NAT64, link-local,
 * ULA) stands in brackets. With `toLoopback`, http and https
 * to this machine are taken as well, on any port.
 *
 * Not checked: what the name resolves to. A Worker cannot look that up; see docs/webhooks.md.
 */
export function guardUrl(text: string, { toLoopback }: { toLoopback: boolean }): Result<URL, UrlRefusal> {
  const no = (reason: string) => refuse({ reason });
  // The parser would strip these, and what was shown to a person would be another address than what is called.
  if (/[\s\p{C}\\]/u.test(text)) return no("must not contain spaces, control characters or backslashes");
  const url = URL.parse(text);
  if (url === null) return no("is not an absolute URL");
  if (url.username !== "" || url.password !== "") return no("must not contain a user or a password");
  if (url.hash !== "" || text.includes("#")) return no("must not have a fragment");
  const host = url.hostname.replace(/\.+$/, "");
  if (toLoopback && isLoopback(host) && /^https?:$/.test(url.protocol)) return { ok: true, value: url };
  if (url.protocol !== "https:") return no("must begin with https://");
  if (isAddress(host)) return no("must name a host, not an IP address");
  if (!PORTS.has(url.port)) return no("must use port 443 or 8443");
  const labels = host.split(".");
  if (labels.length < 2 || !labels.every((label) => HOST_LABEL.test(label)))
    return no("must name a host of the public internet");
  if (isUnder(host, INNER_SUFFIXES)) return no("must name a host of the public internet");
  if (isUnder(host, REBINDING_SUFFIXES)) return no("must not name a host that stands for any address");
  return { ok: true, value: url };
}

function isAddress(host: string): boolean {
  // A last label of digits, or of 0x and hex, is an IPv4 address to every URL parser, or no host at all.
  return host.startsWith("[") || /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i.test(host);
}

/** A hostname as a URL parser gives it. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function isUnder(host: string, suffixes: readonly string[]): boolean {
  return suffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
}
