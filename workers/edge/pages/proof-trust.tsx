import type { Commitment } from "../../../schema/line.ts";
import { isSameBeacon, LOCAL_BEACON, QUICKNET } from "../line/verify/beacons.ts";
import type { Proof } from "../verbs/show-proof.ts";
import { count } from "./words.ts";

/** What the beacon of this line adds, or that it has none, or one that proves nothing. */
export function Beacon({ head: { commitment } }: Pick<Proof, "head">) {
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

export const isQuicknet = ({ beacon }: Commitment) => beacon !== null && isSameBeacon(beacon, QUICKNET);

/** What no record can prove. */
export function Trusted({ head }: Pick<Proof, "head">) {
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
          Whoever saw it in time knows that it was not
          {head.commitment.beacon === null
            ? "."
            : ": so a browser that waits looks for its window's list as soon as it can be out, and keeps the time. The check then says whether that was before the beacon's number existed. It goes by your own device's clock, so that one has to be right."}
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
