import * as z from "zod";

/** What Cloudflare's siteverify answers, as documented; fields that are not used here are left out. */
export const Siteverify = z.object({
  success: z.boolean(),
  "error-codes": z.array(z.string()).default([]),
  /** Where it was solved, and what the page's widget said it is for. */
  hostname: z.string().optional(),
  action: z.string().optional(),
  cdata: z.string().optional(),
});
export type Siteverify = z.infer<typeof Siteverify>;

/** What the widget of a join page says of itself: `data-action`; its `data-cdata` is the drop's id. */
export const JOIN_ACTION = "join";

/** The documented keys for tests: they take any token, and answer with a host name of their own. */
const TEST_SECRET = /^[123]x0{31}AA$/;
export const isTestSecret = (secret: string): boolean => TEST_SECRET.test(secret);

/** What a solved challenge must have been solved for. `isTest`: by a key for tests, which knows of none of it. */
export type Expected = { hostnames: ReadonlySet<string>; dropId: string; isTest: boolean };

export type Outcome =
  | { kind: "solved" }
  /** Its bearer has to solve another one. */
  | { kind: "not_solved"; why: string }
  /** It says nothing about its bearer: our secret, our request, or the service. */
  | { kind: "no_answer"; why: string };

/** Codes that are about the token; all others are about the service or about us. */
const ABOUT_THE_TOKEN = new Set(["missing-input-response", "invalid-input-response", "timeout-or-duplicate"]);

/**
 * A token counts when siteverify took it, and when it was solved at one of our hosts, for joining, and for this drop: what
 * was solved for another page is somebody else's, or bought.
 */
export function outcomeOf(answer: Siteverify, { hostnames, dropId, isTest }: Expected): Outcome {
  const codes = answer["error-codes"];
  if (!answer.success) {
    const why = codes.join(" ");
    return codes.length > 0 && codes.every((code) => ABOUT_THE_TOKEN.has(code))
      ? { kind: "not_solved", why }
      : { kind: "no_answer", why };
  }
  if (isTest) return { kind: "solved" };
  if (answer.hostname === undefined || !hostnames.has(answer.hostname))
    return { kind: "not_solved", why: "hostname" };
  if (answer.action !== JOIN_ACTION) return { kind: "not_solved", why: "action" };
  if (answer.cdata !== dropId) return { kind: "not_solved", why: "cdata" };
  return { kind: "solved" };
}
