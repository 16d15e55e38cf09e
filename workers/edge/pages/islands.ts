/** Written by `scripts/islands.ts`: the pages' scripts, each by its source's name. */
export const ISLANDS = {
  checker: "/assets/islands/checker-4d8aa2cd.js",
  proof: "/assets/islands/proof-c11dabe0.js",
  waiting: "/assets/islands/waiting-1db3771c.js",
} as const;
