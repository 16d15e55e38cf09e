/** Names carry the first digits of the content's SHA-256, so that they may be cached for ever. A test holds them to it. */
export const ASSETS = {
  stylesheet: "/assets/edge-30dc5189.css",
  mark: "/assets/mark-a70c0ed6.svg",
} as const;
