/** Names carry the first digits of the content's SHA-256, so that they may be cached for ever. A test holds them to it. */
export const ASSETS = {
  stylesheet: "/assets/edge-01e1abea.css",
  mark: "/assets/mark-a70c0ed6.svg",
} as const;

/** Scalar, as `scripts/reference-script.ts` takes it from its package; the name is its version, so it may be kept for ever. */
export const REFERENCE_SCRIPT = "/reference/scalar-1.72.1.js";
