import { REFUSALS, type RefusalCode } from "../../../schema/refusals.ts";
import { Layout, Reloads } from "./layout.tsx";
import { spanWords } from "./words.ts";

type RefusalPageProps = {
  refusal: { code: RefusalCode; detail?: string; retryAfterMs?: number };
  requestId: string;
  dropId: string | undefined;
  /** Of a page that was looked at: it looks again by itself. Undefined: a form was sent, or nothing would change. */
  refreshSeconds: number | undefined;
};

/** Titles that are written for programs, said again for a reader of pages. */
const FOR_READERS: Partial<Record<RefusalCode, string>> = {
  session_missing: "This page belongs to the browser that placed the order.",
  session_invalid: "Your session has ended. Join again to get a new one.",
  not_found: "There is no such page.",
  unavailable: "Too busy right now",
  internal: "Something went wrong on our side. Nothing was half done; please try again.",
  cross_site: "This form was sent from another site, so we did not take it.",
};

export function RefusalPage({ refusal, requestId, dropId, refreshSeconds }: RefusalPageProps) {
  const title = FOR_READERS[refusal.code] ?? REFUSALS[refusal.code].title;
  return (
    <Layout title={title} refreshSeconds={refreshSeconds}>
      <h1>{title}</h1>
      {refusal.detail === undefined ? null : <p>{refusal.detail}</p>}
      {refreshSeconds === undefined ? null : (
        <>
          {dropId === undefined ? null : <p>Nobody loses a place in the line by this.</p>}
          <Reloads seconds={refreshSeconds} />
        </>
      )}
      {refusal.retryAfterMs === undefined || refreshSeconds !== undefined ? null : (
        <p>
          Please try again in {spanWords(refusal.retryAfterMs)}. Sending the same form twice does no harm.
        </p>
      )}
      <p>
        {dropId === undefined || refusal.code === "drop_not_found" ? (
          <a class="button" href="/">
            All drops
          </a>
        ) : (
          <a class="button" href={`/drops/${dropId}/line`}>
            Back to the line
          </a>
        )}
      </p>
      <p class="quiet">
        Request <code>{requestId}</code>
      </p>
    </Layout>
  );
}
