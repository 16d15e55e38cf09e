/** Counts over all requests of a run; the numbers of the report come from here. */
export type Traffic = {
  requests: number;
  latenciesMs: number[];
  byEndpoint: Record<string, { requests: number; latenciesMs: number[] }>;
  refusals: Record<string, number>;
  /** No answer at all: refused, reset, timed out. */
  unreachable: number;
  serverErrors: number;
  retries: number;
  gaveUp: number;
  /** Answers that the contract does not declare, in words. */
  unexpected: { count: number; words: string[] };
};

const WORDS_MAX = 50;

export function createTraffic(): Traffic {
  return {
    requests: 0,
    latenciesMs: [],
    byEndpoint: {},
    refusals: {},
    unreachable: 0,
    serverErrors: 0,
    retries: 0,
    gaveUp: 0,
    unexpected: { count: 0, words: [] },
  };
}

export function noteLatency(traffic: Traffic, endpoint: string, ms: number): void {
  traffic.requests += 1;
  traffic.latenciesMs.push(ms);
  traffic.byEndpoint[endpoint] ??= { requests: 0, latenciesMs: [] };
  traffic.byEndpoint[endpoint].requests += 1;
  traffic.byEndpoint[endpoint].latenciesMs.push(ms);
}

export function noteUnexpected(traffic: Traffic, words: string): void {
  traffic.unexpected.count += 1;
  if (traffic.unexpected.words.length < WORDS_MAX) traffic.unexpected.words.push(words);
}
