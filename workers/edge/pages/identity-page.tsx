import type { DropAnswer } from "../../../schema/http.ts";
import { Layout } from "./layout.tsx";
import { describedBy, type FieldProblem, ProblemOf } from "./problems.tsx";

type Props = {
  drop: DropAnswer;
  /** A code is on its way: what proves which. */
  challenge: string | undefined;
  problems: readonly FieldProblem[];
  /** The mail that was typed, to be shown again. */
  typed: string;
};

/** Asks for the mail, then for the code that was sent to it. */
export function IdentityPage({ drop, challenge, problems, typed }: Props) {
  const action = `/drops/${drop.id}/identity`;
  const title = `Who are you? ${drop.name}`;
  return (
    <Layout title={problems.length > 0 ? `Please look again. ${title}` : title} mode={drop.mode}>
      <h1>Who are you?</h1>
      <p>
        <a href={`/drops/${drop.id}/line`}>{drop.name}</a> counts units by person, not by browser. Your place
        in the line is kept.
      </p>
      {drop.identity === "signed_claim" ? (
        <p>Sign in at the shop, and come here from there.</p>
      ) : challenge === undefined ? (
        <MailForm action={action} problems={problems} typed={typed} />
      ) : (
        <CodeForm action={action} problems={problems} challenge={challenge} />
      )}
    </Layout>
  );
}

type FormProps = { action: string; problems: readonly FieldProblem[] };

function MailForm({ action, problems, typed }: FormProps & { typed: string }) {
  return (
    <form method="post" action={action} novalidate>
      <label class="field" for="email">
        Your mail address
      </label>
      <Alert field="email" problems={problems} />
      <input
        id="email"
        type="email"
        name="email"
        required
        autocomplete="email"
        value={typed}
        {...describedBy("email", problems)}
      />
      <button type="submit">Send me a code</button>
    </form>
  );
}

function CodeForm({ action, problems, challenge }: FormProps & { challenge: string }) {
  return (
    <>
      <p>A code of six digits is on its way to you. It works for ten minutes.</p>
      <form method="post" action={action} novalidate>
        <input type="hidden" name="challenge" value={challenge} />
        <label class="field" for="code">
          The code
        </label>
        <Alert field="code" problems={problems} />
        <input
          id="code"
          type="text"
          inputmode="numeric"
          name="code"
          required
          autocomplete="one-time-code"
          {...describedBy("code", problems)}
        />
        <button type="submit">Go on</button>
      </form>
      <p>
        <a href={action}>Send another code</a>
      </p>
    </>
  );
}

/** The only field of its form: said at once where it is. */
function Alert({ field, problems }: { field: string; problems: readonly FieldProblem[] }) {
  return (
    <div role={problems.length > 0 ? "alert" : undefined}>
      <ProblemOf field={field} problems={problems} />
    </div>
  );
}
