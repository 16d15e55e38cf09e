import type { Commitment } from "../../../schema/line.ts";
import { isSameBeacon, LOCAL_BEACON, QUICKNET } from "../line/verify/beacons.ts";
import { CHECKS, type CheckName } from "../line/verify/findings.ts";
import type { Proof } from "../verbs/show-proof.ts";
import { ISLANDS } from "./islands.ts";
import { Layout, Time } from "./layout.tsx";
import { count } from "./words.ts";

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
      <Beacon {...proof} />
      <Trusted {...proof} />
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

function Beacon({ head: { commitment } }: ProofProps) {
  if (commitment.beacon === null) {
    return (
      <>
        <h2>This line goes without a beacon</h2>
        <p>
          The values were drawn before the line opened, and whoever runs this shop's system could know them.
          They cannot move a place once its window has closed. But before that, somebody who knows the values
          could try many sessions and join with a convenient one. That they did not is something you trust
          them for. A drop can switch a public beacon on; then nobody can know the values beforehand.
        </p>
      </>
    );
  }
  if (isSameBeacon(commitment.beacon, LOCAL_BEACON)) {
    return (
      <>
        <h2>This line takes the local stand-in for a beacon</h2>
        <p>
          Each window's value also takes a number that comes after the window has closed, as a public beacon's
          would. Here this machine makes these numbers itself, for a trial without the internet. Their key
          stands in Dropline's code, so they show that everything works and prove nothing. The check above
          takes them where the shop runs on your own machine; anywhere else it calls them wrong.
        </p>
      </>
    );
  }
  if (!isQuicknet(commitment)) {
    return (
      <>
        <h2>This line takes another beacon than drand's</h2>
        <p>
          Each window's value also takes a number that comes after the window has closed, as a public beacon's
          would. But it is not drand's quicknet that makes these numbers, and whoever does could know them
          beforehand. So the check above calls it wrong.
        </p>
      </>
    );
  }
  return (
    <>
      <h2>What the beacon adds</h2>
      <p>
        Each window's value also takes a public random number of drand, which independent organizations make
        together every few seconds. Which of its numbers it will be is signed when the window closes, and that
        number does not exist yet. So nobody could know any place of a list that was out by then, not even
        whoever runs this shop and holds all of its keys. The price: places are known some seconds after a
        window closes, and if the beacon is late, the line waits. There is no way around it.
      </p>
    </>
  );
}

const isQuicknet = ({ beacon }: Commitment) => beacon !== null && isSameBeacon(beacon, QUICKNET);

function Trusted({ head }: ProofProps) {
  return (
    <>
      <h2>What you still have to trust, or can only compare</h2>
      <ul>
        <li>
          <strong>That everybody is shown the same record.</strong> Two different signed lists for one window
          are proof of fraud. While you wait, your browser keeps what it was shown, and this check holds it
          against the record. Compare the line's key with what others were shown.
        </li>
        <li>
          <strong>That one ticket is one person.</strong> The record has tickets, not names. How hard it is to
          have several is up to what the drop asks people for.
        </li>
        <li>
          <strong>Who is taken for a bot.</strong> A ticket that is taken for a bot's is in the list, but
          never let in. {heldApartWords(head.heldApart)}
        </li>
        <li>
          <strong>That all units are sold here.</strong> Units that never came into this shop are in no record
          of its.
        </li>
        <li>
          <strong>This page.</strong> Its script comes from the very shop that it checks. The command below
          runs from your own copy of the source, or from a program that you wrote yourself.
        </li>
        <li>
          <strong>The shop's clock,</strong> for when windows closed, when their lists came out and when
          people were let in. A list that was kept back until its value was known could have been chosen.
          Whoever saw it in time knows that it was not.
        </li>
        <li>
          <strong>That a turn was worth something.</strong> The record has the units that tickets took. It
          does not have who was refused, nor who stood behind a ticket. Look whether yours holds units that
          you have not bought.
        </li>
        {isQuicknet(head.commitment) ? (
          <li>
            <strong>The beacon:</strong> that not most of the organizations behind it work together against
            this line.
          </li>
        ) : null}
      </ul>
    </>
  );
}

function heldApartWords(heldApart: number | null): string {
  if (heldApart === null)
    return "The record says how many there were once the drop has ended, so that no script can watch the number; and not which.";
  if (heldApart === 0) return "In this line there was none.";
  return `In this line there ${heldApart === 1 ? "was" : "were"} ${count(heldApart, "such ticket")}. The record says how many, not which.`;
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
