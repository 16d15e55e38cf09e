import type { DropAnswer } from "../../../schema/http.ts";
import { CodeForm, MailForm } from "./identity-page.tsx";
import { Layout } from "./layout.tsx";
import { type FieldProblem, Problems } from "./problems.tsx";

type Props = {
  drop: DropAnswer;
  challenge: NonNullable<DropAnswer["challenge"]>;
  /** undefined: this deployment has no widget. */
  scriptUrl: string | undefined;
  /** A code is on its way: what proves which. */
  mailChallenge: string | undefined;
  problems: readonly FieldProblem[];
  /** The mail that was typed, to be shown again. */
  typed: string;
};

/** Before the line of a drop that asks for it: a challenge for browsers with scripts, a mailed code for all others. */
export function JoinPage({ drop, challenge, scriptUrl, mailChallenge, problems, typed }: Props) {
  const action = `/drops/${drop.id}/join`;
  const title = `Join the line: ${drop.name}`;
  return (
    <Layout title={problems.length > 0 ? `Please look again. ${title}` : title} mode={drop.mode}>
      <h1>Are you a person?</h1>
      <p>
        <a href={`/drops/${drop.id}`}>{drop.name}</a> asks each browser once before it joins the line. Being
        quick at it gains nothing: everybody who joins within the same window is an equal.
      </p>
      {mailChallenge === undefined ? (
        <>
          <ChallengeForm action={action} problems={problems} challenge={challenge} scriptUrl={scriptUrl} />
          {challenge.isMailEnough ? (
            <>
              <h2>Or with a code by mail</h2>
              <MailForm action={action} problems={problems} typed={typed} />
            </>
          ) : null}
        </>
      ) : (
        <CodeForm action={action} problems={problems} challenge={mailChallenge} />
      )}
    </Layout>
  );
}

type FormProps = Pick<Props, "challenge" | "scriptUrl" | "problems"> & { action: string };

/** The widget puts its answer into the form as `cf-turnstile-response`. */
function ChallengeForm({ action, challenge, scriptUrl, problems }: FormProps) {
  const { siteKey, cdata, isMailEnough } = challenge;
  if (siteKey === null || scriptUrl === undefined)
    return (
      <p>The challenge cannot be shown at the moment.{isMailEnough ? "" : " Please come back later."}</p>
    );
  return (
    <form method="post" action={action}>
      <Problems problems={problems.filter(({ field }) => field === null)} />
      <div class="cf-turnstile" data-sitekey={siteKey} data-action={challenge.action} data-cdata={cdata} />
      <noscript>
        <p>
          This challenge needs JavaScript.{isMailEnough ? " Without it, use a code by mail instead." : ""}
        </p>
      </noscript>
      <button class="scripted" type="submit">
        Join the line
      </button>
      <script src={scriptUrl} async defer />
    </form>
  );
}
