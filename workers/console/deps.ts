import { kvKeys, type PublishedDrop, PublishedSummary } from "../../schema/drop-document.ts";
import type { DropId } from "../../schema/ids.ts";
import type { ConsoleApi } from "../../schema/rpc.ts";
import { d1Records, type Records } from "./store.ts";

/** The brand's documents in KV. A read may be a minute old: whoever must publish what was just written sends it along. */
export type Documents = {
  read(dropId: DropId): Promise<unknown>;
  write(dropId: DropId, document: unknown): Promise<void>;
  /** A hint for lists of drops; nothing is decided from it. */
  writePublished(published: PublishedDrop): Promise<void>;
};

export type Deps = {
  state: ConsoleApi;
  documents: Documents;
  records: Records;
  operatorToken: string;
  nowMs: () => number;
};

/** The only place of this Worker that touches its bindings. */
export function depsFrom(env: ConsoleEnv): Deps {
  return {
    state: env.STATE,
    documents: kvDocuments(env.CONFIG),
    records: d1Records(env.DB),
    operatorToken: env.OPERATOR_TOKEN,
    nowMs: () => Date.now(),
  };
}

type Kv = Pick<KVNamespace, "get" | "put">;

export function kvDocuments(kv: Kv): Documents {
  return {
    async read(dropId) {
      const text = await kv.get(kvKeys.draft(dropId));
      return text === null ? null : JSON.parse(text);
    },
    async write(dropId, document) {
      await kv.put(kvKeys.draft(dropId), JSON.stringify(document, null, 2));
    },
    async writePublished(published) {
      const { id, name, opensAt, closesAt } = published.document;
      const metadata: PublishedSummary = PublishedSummary.parse({ name, opensAt, closesAt });
      await kv.put(kvKeys.published(id), JSON.stringify(published), { metadata });
    },
  };
}
