import { type AnyOperation, codesOf, TAGS } from "../openapi/operation.ts";
import { ASSETS, REFERENCE_SCRIPT } from "./assets.ts";

/** Nothing is fetched from elsewhere and nothing is sent there: the page talks to this origin alone, which its CSP enforces. */
const CONFIGURATION = {
  url: "/openapi.json",
  theme: "none",
  withDefaultFonts: false,
  hideClientButton: true,
  telemetry: false,
  showDeveloperTools: "never",
  agent: { disabled: true },
  mcp: { disabled: true },
};

/** Scalar over `/openapi.json`. Without JavaScript: the operations as a list, each with what it can be refused with. */
export function ReferencePage({ operations }: { operations: readonly AnyOperation[] }) {
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Dropline API</title>
        <link rel="icon" href={ASSETS.mark} type="image/svg+xml" />
        <noscript>
          <link rel="stylesheet" href={ASSETS.stylesheet} />
        </noscript>
      </head>
      <body>
        <noscript>
          <main>
            <h1>The API</h1>
            <p>
              Everything about it is in <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).
            </p>
            {tags.map((tag) => (
              <section>
                <h2>{tag}</h2>
                <p>{TAGS[tag]}</p>
                {operations.filter((one) => one.tag === tag).map(described)}
              </section>
            ))}
          </main>
        </noscript>
        <script id="api-reference" data-configuration={JSON.stringify(CONFIGURATION)} />
        <script src={REFERENCE_SCRIPT} />
      </body>
    </html>
  );
}

function described(operation: AnyOperation) {
  const { id, method, path, summary, about, answer } = operation;
  return (
    <article id={id}>
      <h3>{summary}</h3>
      <p>
        <code>
          {method.toUpperCase()} /v1{path}
        </code>
      </p>
      {about === undefined ? null : <p>{about}</p>}
      <p>
        {answer.status}: {answer.about}. Refused with {codesOf(operation).join(", ")}.
      </p>
    </article>
  );
}
