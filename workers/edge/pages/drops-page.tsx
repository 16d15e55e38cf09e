import type { DropsAnswer } from "../../../schema/http.ts";
import { Layout, Time } from "./layout.tsx";

export function DropsPage({ drops, nowMs }: { drops: DropsAnswer["drops"]; nowMs: number }) {
  return (
    <Layout title="Drops">
      <h1>Drops</h1>
      {drops.length === 0 ? <p>Nothing is announced at the moment.</p> : null}
      <ul class="cards">
        {drops.map((drop) => (
          <li class="card">
            <h2>
              <a href={`/drops/${drop.id}`}>{drop.name}</a>
            </h2>
            <p>
              {Date.parse(drop.closesAt) <= nowMs ? (
                "This drop is over."
              ) : (
                <>
                  {Date.parse(drop.opensAt) <= nowMs ? "Open since " : "Opens "}
                  <Time atMs={Date.parse(drop.opensAt)} />
                </>
              )}
            </p>
          </li>
        ))}
      </ul>
    </Layout>
  );
}
