import * as z from "zod";
import { CustomerKeyset } from "./customer-keys.ts";
import { KEY_BYTES_CHARS } from "./key-bytes.ts";

const SECRET_FORM = "each secret is 32 bytes in base64url";
const TOKEN_LEAST_CHARS = 20;

/** `[{"kid","secret"}, …]`: the first key signs, all of them verify; `secret` is 32 bytes in base64url. */
export const KeysetSecret = z
  .array(
    z.strictObject({
      kid: z.string().regex(/^[\w-]{1,32}$/, "each kid is 1 to 32 letters, digits, _ or -"),
      secret: z.base64url(SECRET_FORM).length(KEY_BYTES_CHARS, SECRET_FORM),
    }),
  )
  .min(1, "there is at least one key")
  .refine((keys) => new Set(keys.map(({ kid }) => kid)).size === keys.length, "each kid is unique");
export type KeysetSecret = z.infer<typeof KeysetSecret>;

const Token = z
  .string()
  .min(TOKEN_LEAST_CHARS, `at least ${TOKEN_LEAST_CHARS} characters`)
  .regex(/^[\x21-\x7e]*$/, "visible ASCII without spaces");
const WebhookSecret = z
  .string()
  .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, "whsec_ and 24 bytes or more in standard base64");

const KEYSET = {
  shape: KeysetSecret,
  isJson: true,
  form: 'a JSON list such as [{"kid":"a1","secret":"…"}], each secret 32 random bytes in base64url',
};
const TOKEN = { shape: Token, isJson: false, form: `at least ${TOKEN_LEAST_CHARS} random characters` };

/** The scripts that are given secrets, by the wrangler.toml that asks for them. */
const CONFIGS = {
  edge: "wrangler.toml",
  payments: "workers/payments/wrangler.toml",
  console: "workers/console/wrangler.toml",
} as const;
export type SecretHolder = keyof typeof CONFIGS;

type Secret = {
  holders: SecretHolder[];
  shape: z.ZodType;
  isJson: boolean;
  form: string;
  /** The Worker does without it; a malformed one is refused all the same. */
  isOptional?: true;
};

/** The `required` lists of the wrangler.toml files, and what a Worker can do without, with what each must be. */
export const SECRETS: Record<string, Secret> = {
  SESSION_KEYS: { holders: ["edge"], ...KEYSET },
  TICKET_KEYS: { holders: ["edge"], ...KEYSET },
  MAIL_API_KEY: { holders: ["edge", "console"], ...TOKEN },
  SANDBOX_API_KEY: { holders: ["payments"], ...TOKEN },
  SANDBOX_WEBHOOK_SECRET: {
    holders: ["payments"],
    shape: WebhookSecret,
    isJson: false,
    form: "whsec_ and at least 24 random bytes in base64, as the gateway shows it",
  },
  OPERATOR_TOKEN: { holders: ["console"], ...TOKEN },
  /** The same for both: the console signs what the edge verifies. */
  LINK_KEYS: { holders: ["edge", "console"], ...KEYSET },
  WEBHOOK_KEYS: { holders: ["console"], ...KEYSET },
  CUSTOMER_KEYS: {
    holders: ["edge"],
    shape: CustomerKeyset,
    isJson: true,
    form: 'a JWKS, {"keys":[…]}, each key with its kid, alg (EdDSA, ES256 or HS256) and issuer',
    isOptional: true,
  },
  TURNSTILE_SECRET: {
    holders: ["edge"],
    shape: Token,
    isJson: false,
    form: "the secret key of a Turnstile widget, as Cloudflare shows it",
    isOptional: true,
  },
  STOCK_SYNC_SECRET: {
    holders: ["console"],
    shape: WebhookSecret,
    isJson: false,
    form: "whsec_ and at least 24 random bytes in base64, which your shop signs with too",
    isOptional: true,
  },
};

export const secretsOf = (holder: SecretHolder): string[] =>
  Object.keys(SECRETS).filter((name) => SECRETS[name]?.holders.includes(holder));

export type SecretComplaint = { name: string; problem: string };

/** What is wrong with the named secrets, without a character of their values. A name that is not listed here is not judged. */
export function secretComplaints(
  values: Readonly<Record<string, unknown>>,
  names: readonly string[],
): SecretComplaint[] {
  return names.flatMap((name) => {
    const secret = SECRETS[name];
    if (secret === undefined) return [];
    const { shape, isJson, form } = secret;
    const value = values[name];
    const must = `It must be ${form}`;
    if (value === undefined || value === "")
      return secret.isOptional ? [] : [{ name, problem: `${name} is missing. ${must}.` }];
    const parsed = shape.safeParse(isJson ? readJson(value) : value);
    if (parsed.success) return [];
    const reasons = [...new Set(parsed.error.issues.map(reasonOf))].join("; ");
    return [{ name, problem: `${name} is malformed: ${reasons}. ${must}.` }];
  });
}

/** How a secret is set in a deployment. */
export function howToSet(holder: SecretHolder, name: string): string {
  return `npx wrangler secret put ${name} -c ${CONFIGS[holder]}`;
}

/** Our own words, and the kind of a mistake: a parser's message may quote what it read. */
function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type" && issue.path.length === 0) return "it is not JSON of that form";
  if (issue.code === "invalid_type") return `${String(issue.path.at(-1))} is missing or of another type`;
  if (issue.code === "unrecognized_keys") return "it has a field that is not known";
  return issue.message;
}

function readJson(value: unknown): unknown {
  try {
    return JSON.parse(String(value));
  } catch {
    return undefined;
  }
}
