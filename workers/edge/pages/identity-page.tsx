import type { DropAnswer } from "../../../schema/http.ts";
import { Layout } from "./layout.tsx";
import { describedBy, type FieldProblem, ProblemOf, Problems } from "./problems.tsx";

type Props = {
  drop: DropAnswer;
  /** A code is on its way: what proves which. */
  challenge: string | undefined;
  /** Whom the brand's shop sent, with the token that says so: not taken on before they press. */
  customer?: { issuer: string; subject: string; token: string } | undefined;
  problems: readonly FieldProblem[];
  /** The mail that was typed, to be shown again. */
  typed: string;
};

/** Asks for the mail, then for the code that was sent to it; or for what the brand's shop says. */
export function IdentityPage({ drop, challenge, customer, problems, typed }: Props) {
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
        <CustomerForm action={action} problems={problems} customer={customer} />
      ) : challenge === undefined ? (
        <MailForm action={action} problems={problems} typed={typed} />
      ) : (
        <CodeForm action={action} problems={problems} challenge={challenge} />
      )}
    </Layout>
  );
}

type FormProps = { action: string; problems: readonly FieldProblem[] };

function CustomerForm({ action, problems, customer }: FormProps & Pick<Props, "customer">) {
  if (customer === undefined) {
    return (
      <>
        <Problems problems={problems} />
        <p>Sign in at the shop, and come here from there.</p>
      </>
    );
  }
  const { issuer, subject, token } = customer;
  return (
    <>
      <p>
        {new URL(issuer).host} sent you here as its customer <strong>{subject}</strong>. What you take in this
        browser will count as theirs.
      </p>
      <form method="post" action={action}>
        <input type="hidden" name="claim" value={token} />
        <button type="submit">Go on as this customer</button>
      </form>
      <p class="quiet">If this is not you, or you did not just sign in there, close this page.</p>
    </>
  );
}

export function MailForm({ action, problems, typed }: FormProps & { typed: string }) {
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

export function CodeForm({ action, problems, challenge }: FormProps & { challenge: string }) {
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
