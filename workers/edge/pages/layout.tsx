import type { Child } from "hono/jsx";
import type { Mode } from "../../../schema/drop-document.ts";
import { ASSETS } from "./assets.ts";
import { timeWords } from "./words.ts";

type LayoutProps = {
  title: string;
  /** Of the drop that the page belongs to: in `test` every page says so. */
  mode?: Mode | undefined;
  /** Reload after so many seconds, for pages that wait. */
  refreshSeconds?: number | undefined;
  /** One of `ISLANDS`. The route has to be among those whose policy lets scripts run. */
  script?: string | undefined;
  children?: Child;
};

/** The frame of every page: language, landmarks, a way past the header, one stylesheet, and a script on few pages. */
export function Layout({ title, mode, refreshSeconds, script, children }: LayoutProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {refreshSeconds === undefined ? null : (
          <Refresh seconds={refreshSeconds} isScripted={script !== undefined} />
        )}
        <title>{title} · Dropline</title>
        <link rel="stylesheet" href={ASSETS.stylesheet} />
        <link rel="icon" href={ASSETS.mark} type="image/svg+xml" />
        {script === undefined ? null : <script type="module" src={script} />}
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to content
        </a>
        <header>
          <a class="brand" href="/">
            <img src={ASSETS.mark} alt="" width="28" height="28" />
            Dropline
          </a>
        </header>
        {mode === "test" ? (
          <aside class="test-mode" aria-label="Test mode">
            <strong>Test mode.</strong> Nothing that is bought here costs or ships anything.
          </aside>
        ) : null}
        <main id="content">{children}</main>
        <footer>
          <p>A line nobody can bend, stock that is exact, and no charge without a unit.</p>
        </footer>
      </body>
    </html>
  );
}

/** A page whose script keeps it up to date reloads itself only where scripts do not run. */
function Refresh({ seconds, isScripted }: { seconds: number; isScripted: boolean }) {
  const refresh = <meta http-equiv="refresh" content={String(seconds)} />;
  return isScripted ? <noscript>{refresh}</noscript> : refresh;
}

export function Time({ atMs }: { atMs: number }) {
  return <time datetime={new Date(atMs).toISOString()}>{timeWords(atMs)}</time>;
}

/** Says how fresh a page that reloads by itself is. */
export function Reloads({ seconds }: { seconds: number }) {
  return (
    <p class="quiet">
      This page looks again by itself every {seconds === 1 ? "second" : `${seconds} seconds`}.
    </p>
  );
}
