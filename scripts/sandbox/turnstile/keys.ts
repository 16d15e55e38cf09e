/** Turnstile's documented keys for tests: https://developers.cloudflare.com/turnstile/troubleshooting/testing/ */
export const TEST_KEYS = {
  passes: { siteKey: "1x00000000000000000000AA", secret: "1x0000000000000000000000000000000AA" },
  fails: { siteKey: "2x00000000000000000000AB", secret: "2x0000000000000000000000000000000AA" },
  /** There is no site key for it. */
  spent: { secret: "3x0000000000000000000000000000000AA" },
} as const;

/** What every documented site key for tests gives. */
export const DUMMY_TOKEN = "XXXX.DUMMY.TOKEN.XXXX";

/**
 * The stand-in's own pair, which is no key of Cloudflare's: its tokens say where, for what and when they were solved, are
 * good once and for `tokenTtlMs`, as real ones are.
 */
export const OWN_KEYS = { siteKey: "sandbox-site-key", secret: "sandbox-turnstile-secret" } as const;

/** As documented. */
export const tokenTtlMs = 300_000;
