/** Written by `scripts/islands.ts`: the pages' scripts, each by its source's name. */
export const ISLANDS = {
  checker: "/assets/islands/checker-17baf521.js",
  proof: "/assets/islands/proof-8e4891d4.js",
  waiting: "/assets/islands/waiting-9d43fa3a.js",
} as const;
