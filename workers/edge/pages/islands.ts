/** Written by `scripts/islands.ts`: the pages' scripts, each by its source's name. */
export const ISLANDS = {
  checker: "/assets/islands/checker-c7cbc381.js",
  proof: "/assets/islands/proof-c3287c6d.js",
  waiting: "/assets/islands/waiting-68d30aeb.js",
} as const;
