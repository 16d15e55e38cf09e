import * as z from "zod";
import { DeliveryId, EventType } from "./events.ts";
import { LIMITS } from "./limits.ts";

/** Webhooks out, by the Standard Webhooks specification. Shapes of the console's `/v1/webhook-endpoints` and `/v1/deliveries`. */

/** Chosen by the brand. */
export const EndpointId = z
  .string()
  .max(LIMITS.slugMaxChars)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "lower-case letters, digits and single hyphens")
  .brand<"EndpointId">();
export type EndpointId = z.infer<typeof EndpointId>;

/** PUT /v1/webhook-endpoints/:endpoint. Which addresses are taken is decided by `guard-url.ts`. */
export const EndpointRequest = z.strictObject({
  url: z.string().min(1).max(LIMITS.urlMaxChars),
  eventTypes: z
    .array(EventType)
    .min(1)
    .refine((types) => new Set(types).size === types.length, "each type once"),
  description: z.string().max(LIMITS.descriptionMaxChars).default(""),
  /** true also ends what failing has switched off. */
  isEnabled: z.boolean().default(true),
});
export type EndpointRequest = z.infer<typeof EndpointRequest>;

/** POST /v1/webhook-endpoints/:endpoint/rotate */
export const RotateRequest = z
  .strictObject({
    /** How long the old key signs beside the new one. */
    keepOldMs: z.int().min(0).max(LIMITS.webhookKeyOverlapMaxMs).default(LIMITS.webhookKeyOverlapMs),
  })
  .prefault({});

export const DELIVERY_STATES = ["pending", "delivered", "parked"] as const;
export const DeliveryState = z.enum(DELIVERY_STATES);
export type DeliveryState = z.infer<typeof DeliveryState>;

/** Where a replay got to: more deliveries may be of one millisecond than one call takes. */
export const ReplayCursor = z.strictObject({ createdAtMs: z.int().min(0), deliveryId: DeliveryId });
export type ReplayCursor = z.infer<typeof ReplayCursor>;

/** POST /v1/webhook-endpoints/:endpoint/replay: deliveries of events told in [fromMs, toMs), those that come after `after`. */
export const ReplayRequest = z
  .strictObject({
    fromMs: z.int().min(0),
    toMs: z.int().min(0),
    states: z
      .array(z.enum(["delivered", "parked"]))
      .min(1)
      .default(["parked"]),
    after: ReplayCursor.optional(),
  })
  .refine(({ fromMs, toMs }) => fromMs < toMs, { path: ["toMs"], message: "must be after fromMs" });
export type ReplayRequest = z.infer<typeof ReplayRequest>;

/** One of an endpoint's keys. The secret itself is stored nowhere: it is derived from the keyset and the salt. */
export const EndpointKey = z.strictObject({
  kid: z.string(),
  salt: z.string(),
  createdAtMs: z.int(),
  /** From then on it signs no more; null: until it is rotated. */
  retiresAtMs: z.int().nullable(),
});
export type EndpointKey = z.infer<typeof EndpointKey>;
