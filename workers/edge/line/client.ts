/** What is published for other people's clients (`docs/line-client.md`): the arithmetic, and a ticket's rank. */
export * from "./arithmetic.ts";
export * from "./asking.ts";
export { rankIn } from "./rank.ts";
