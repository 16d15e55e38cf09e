import { CHECKS, type CheckName } from "../line/verify/findings.ts";
import type { Proof } from "../verbs/show-proof.ts";
import { ISLANDS } from "./islands.ts";
import { Layout, Time } from "./layout.tsx";
import { Beacon, isQuicknet, Trusted } from "./proof-trust.tsx";

type ProofProps = Proof & { origin: string };

/**
 * What the line's record proves, what it does not, and the check of it. The explanation, the record and the command stand
 * there for everybody; with its script the page also does the check, in the reader's own browser.
 */
export function ProofPage(proof: ProofProps) {
  const { drop, head } = proof;
  return (
    <Layout title={`Proof of the line: ${drop.name}`} mode={drop.mode} script={ISLANDS.proof}>
      <h1>Is the line fair? Check it</h1>
      <p>
        <a href={`/drops/${drop.id}`}>{drop.name}</a>
      </p>
      <p>
        The order in which people are let in can be recomputed by anybody from a public record. Nothing here
        asks our server whether all is well: your browser computes it all again and compares.
      </p>
      <Check {...proof} />
      <h2>What is proved</h2>
      <ul>
        <li>
          Places within a window follow from a value that was fixed before anybody joined: the line was bound
          to it at <Time atMs={head.commitment.committedAtMs} />.
          {isQuicknet(head.commitment)
            ? " To it comes the beacon's number, which nobody could know before it was made."
            : ""}{" "}
          Being first by a second gains nothing.
        </li>
        <li>
          The list of those who came in a window is fixed and signed. Nobody was put in, taken out or
          exchanged after it was out, and it comes out before the value of that window.
        </li>
        <li>People were let in in that order, at the public times, and the line never went back.</li>
        <li>
          Each unit that was reserved names the ticket that took it, and that ticket's turn had come. Units
          that were moved by hand are counted apart.
        </li>
      </ul>
      <Beacon head={head} />
      <Trusted head={head} />
      <Record {...proof} />
      <Command {...proof} />
    </Layout>
  );
}

/** The script shows what is hidden here, and hides the first paragraph. */
function Check({ drop, head, own }: ProofProps) {
  const entry =
    own === null ? {} : { "data-ticket": own.ticketId, "data-cohort": own.cohort, "data-chunk": own.chunk };
  return (
    <section
      id="check"
      aria-labelledby="check-title"
      data-drop={drop.id}
      data-checker={ISLANDS.checker}
      data-joined={head.joined}
      data-ledger-rows={head.ledgers.reduce((sum, { rows }) => sum + rows, 0)}
      {...entry}
    >
      <h2 id="check-title">The check</h2>
      <p data-part="idle" class="notice">
        Your browser has not run this page's script. Without it you can still check the line by the command at
        the end of this page.
      </p>
      <p class="quiet">
        {own === null
          ? "This browser holds no ticket for this drop, so the line is checked as a whole."
          : `Your ticket ${own.ticketId} joined in window ${own.cohort}: it is looked for, and its place computed.`}
      </p>
      <div data-part="controls" class="actions" hidden>
        <button type="button" data-mode="light">
          Check the line
        </button>
        <button type="button" data-mode="full" class="plain">
          Check every ticket and unit as well
        </button>
        <p class="quiet">
          <span data-part="size" /> With a beacon, some seconds for a hundred windows, on a phone more.
        </p>
      </div>
      <div data-part="running" hidden>
        <progress data-part="progress" aria-labelledby="check-now" />
        <p id="check-now" data-part="now" class="quiet" />
        <button type="button" data-part="stop" class="plain small">
          Stop
        </button>
      </div>
      <div data-part="verdict" role="status" />
      <ol class="checks">
        {(Object.keys(CHECKS) as CheckName[]).map((check) => (
          <li data-check={check}>
            {CHECKS[check]}. <span data-part="result">Not run.</span>
          </li>
        ))}
      </ol>
      <div data-part="findings" />
    </section>
  );
}

const NOTE_WORDS = {
  published: "Published",
  paused: "Paused",
  resumed: "Resumed",
  opened: "Opened by hand",
  ended: "Ended by hand",
  paced: "Pace set by hand",
} as const;

function Record({ drop, head }: ProofProps) {
  const base = `/v1/drops/${drop.id}/record`;
  const { commitment } = head;
  return (
    <>
      <h2>The record</h2>
      <dl class="stacked">
        <dt>Start of the hash chain (the anchor)</dt>
        <dd>
          <code>{commitment.anchor}</code>
        </dd>
        <dt>The line's key (Ed25519)</dt>
        <dd>
          <code>{commitment.publicKey}</code>
        </dd>
        <dt>Beacon</dt>
        <dd>{commitment.beacon === null ? "none" : <code>{commitment.beacon.chainHash}</code>}</dd>
        <dt>Last window whose places are out (the lobby is 0)</dt>
        <dd>{head.revealedThrough < 0 ? "none yet" : head.revealedThrough}</dd>
        <dt>People who joined</dt>
        <dd>{head.joined.toLocaleString("en")}</dd>
      </dl>
      <ul>
        <li>
          <a href={base}>Its head</a>: what the line is bound to, and how far the record goes
        </li>
        {head.revealedThrough < 0 ? null : (
          <li>
            <a href={`${base}/cohorts/0`}>Windows</a> with their values and signed lists, a hundred a page
          </li>
        )}
        {head.steps === 0 ? null : (
          <li>
            <a href={`${base}/steps/0`}>Steps</a>: who was let in when
          </li>
        )}
        {head.ledgers
          .filter(({ rows }) => rows > 0)
          .map(({ skuId }) => (
            <li>
              <a href={`${base}/ledgers/${skuId}/0`}>Units of {skuId}</a>: each move of each unit
            </li>
          ))}
      </ul>
      <h3>What was done by hand</h3>
      <p class="quiet">None of this can move a place, and all of it shows.</p>
      <ul>
        {head.notes.map(({ atMs, what, detail }) => (
          <li>
            <Time atMs={atMs} />: {NOTE_WORDS[what]}
            {what === "published" ? (
              <>
                , version <code>{detail.slice(0, 12)}</code>
              </>
            ) : what === "paced" ? (
              `: ${detail === "" ? "as planned" : `${detail} people a second`}`
            ) : null}
          </li>
        ))}
      </ul>
    </>
  );
}

function Command({ drop, own, origin }: ProofProps) {
  return (
    <>
      <h2>Check without this page</h2>
      <p>With a copy of Dropline's source, which is public:</p>
      <pre>
        <code>{`npm run verify-line -- --drop ${drop.id} --url ${origin}${own === null ? "" : " --ticket ticket.json"}`}</code>
      </pre>
      {own === null ? null : (
        <>
          <p>
            with this in <code>ticket.json</code>:
          </p>
          <pre>
            <code>{JSON.stringify(own)}</code>
          </pre>
        </>
      )}
      <p>
        Or in another language: <code>docs/fair-line.md</code> in the source states every byte, with test
        vectors.
      </p>
    </>
  );
}
