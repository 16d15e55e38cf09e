import { convertV4MiniflareOptions, Miniflare } from "miniflare";

/** The bare runtime: a Worker that says "hi", on a loopback port of its own. The baseline of every ratio. */
export async function bootHello(): Promise<{ url: string; dispose(): Promise<void> }> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      telemetry: { enabled: false },
      unsafeLocalExplorer: false,
      unsafeObservability: false,
      cf: false,
      workers: [
        {
          name: "hello",
          modules: true,
          compatibilityDate: "2026-10-23",
          script: 'export default { fetch: () => new Response("hi") };',
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
        },
      ],
    }),
  );
  await miniflare.ready;
  const url = await miniflare.unsafeGetDirectURL("hello");
  return { url: url.origin, dispose: () => miniflare.dispose() };
}
