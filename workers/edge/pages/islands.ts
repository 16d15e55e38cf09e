/** Written by `scripts/islands.ts`: the pages' scripts, each by its source's name. */
export const ISLANDS = {
  checker: "/assets/islands/checker-be9f99cc.js",
  proof: "/assets/islands/proof-14b5dffd.js",
  waiting: "/assets/islands/waiting-1db3771c.js",
} as const;
