import type { Child } from "hono/jsx";

/** What is wrong with a form that came back: words, and the field that they belong to, when it is one. */
export type FieldProblem = { field: string | null; words: string };

/** Above the form, so that a screen reader says it first; each line leads to its field. */
export function Problems({ problems, children }: { problems: readonly FieldProblem[]; children?: Child }) {
  if (problems.length === 0) return null;
  return (
    <div class="problems" role="alert">
      {problems.map(({ field, words }) => (
        <p>{field === null ? words : <a href={`#${field}`}>{words}</a>}</p>
      ))}
      {children}
    </div>
  );
}

/** Beside the field itself. */
export function ProblemOf({ field, problems }: { field: string; problems: readonly FieldProblem[] }) {
  const own = problems.find((problem) => problem.field === field);
  return own === undefined ? null : (
    <span id={`${field}-problem`} class="problem">
      {own.words}
    </span>
  );
}

/** Ties a control to the words about it. */
export function describedBy(field: string, problems: readonly FieldProblem[]) {
  return problems.some((problem) => problem.field === field)
    ? { "aria-invalid": "true" as const, "aria-describedby": `${field}-problem` }
    : {};
}
