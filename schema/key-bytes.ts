import * as z from "zod";

/** 32 bytes without padding: a coordinate of Ed25519 or P-256 has no more and no fewer. */
export const KEY_BYTES_CHARS = 43;

/** 32 bytes in base64url. Not checked: that they are a point of the curve. */
export const KeyBytes = z
  .string()
  .regex(/^[\w-]{43}$/, `32 bytes in base64url, ${KEY_BYTES_CHARS} characters`);
