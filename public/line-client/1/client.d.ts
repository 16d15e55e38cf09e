/** What is published for other people's clients (`docs/line-client.md`): the arithmetic, and a ticket's rank. */
export * from "./arithmetic.js";
export * from "./asking.js";
export { rankIn } from "./rank.js";
