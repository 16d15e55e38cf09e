import { Pool } from "undici";

export type Call = { method: "GET" | "POST"; path: string; headers?: Record<string, string>; body?: string };
export type Run = { seconds: number; status: number; next: () => Call | null };
export type Measured = { requests: number; perSecond: number; p99Ms: number };

/**
 * A closed loop over connections that stay open from one run to the next: each of `connections` callers sends its next call
 * when the last one is answered, until the time is over or `next` has no more. Any status but the expected one ends the run: a
 * fast refusal is no throughput.
 */
export function createLoad(url: string, connections: number) {
  const pool = new Pool(url, { connections });

  async function run({ seconds, status, next }: Run): Promise<Measured> {
    const latencies: number[] = [];
    const startedAt = performance.now();
    const endsAt = startedAt + seconds * 1_000;
    async function caller(): Promise<void> {
      while (performance.now() < endsAt) {
        const call = next();
        if (call === null) return;
        const sentAt = performance.now();
        const { statusCode, body } = await pool.request({
          ...call,
          headers: call.headers ?? {},
          body: call.body ?? null,
        });
        const text = await body.text();
        if (statusCode !== status)
          throw new Error(`${call.path} answered ${statusCode}: ${text.slice(0, 300)}`);
        latencies.push(performance.now() - sentAt);
      }
    }
    await Promise.all(Array.from({ length: connections }, caller));
    const tookSeconds = (performance.now() - startedAt) / 1_000;
    latencies.sort((a, b) => a - b);
    const p99Ms = latencies[Math.floor(latencies.length * 0.99)] ?? 0;
    return { requests: latencies.length, perSecond: latencies.length / tookSeconds, p99Ms };
  }

  return { run, close: () => pool.close() };
}
