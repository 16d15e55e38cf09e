import { Pool } from "undici";

export type Call = { method: "GET" | "POST"; path: string; headers?: Record<string, string>; body?: string };
export type Measured = { requests: number; seconds: number; perSecond: number; p50Ms: number; p99Ms: number };

/**
 * A closed loop: `connections` callers, each sending its next call when the last one is answered, until the time is over or
 * `next` has no more. Any status but the expected one ends the run: a fast refusal is no throughput.
 */
export async function load(options: {
  url: string;
  connections: number;
  seconds: number;
  status: number;
  next: () => Call | null;
}): Promise<Measured> {
  const pool = new Pool(options.url, { connections: options.connections });
  const latencies: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + options.seconds * 1_000;
  async function caller(): Promise<void> {
    while (performance.now() < endsAt) {
      const call = options.next();
      if (call === null) return;
      const sentAt = performance.now();
      const { statusCode, body } = await pool.request({
        ...call,
        headers: call.headers ?? {},
        body: call.body ?? null,
      });
      const text = await body.text();
      if (statusCode !== options.status)
        throw new Error(`${call.path} answered ${statusCode}: ${text.slice(0, 300)}`);
      latencies.push(performance.now() - sentAt);
    }
  }
  await Promise.all(Array.from({ length: options.connections }, caller));
  const seconds = (performance.now() - startedAt) / 1_000;
  await pool.close();
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return {
    requests: latencies.length,
    seconds,
    perSecond: latencies.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}
