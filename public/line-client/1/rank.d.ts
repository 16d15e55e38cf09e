/**
 * Rank of a ticket in its cohort, in [0, 1): the first 53 bits of HMAC-SHA256(seed, ticket id) over 2^53, by WebCrypto, so that
 * it runs in browsers too. Seed: 32 bytes in hex; ticket id: 16 bytes in hex. `docs/fair-line.md` states the bytes.
 */
export declare function rankIn(seedHex: string, ticketIdHex: string): Promise<number>;
