/** Numbers that concern this Worker alone. The shared ones are in `schema/limits.ts`. */
export const TUNING = {
  /**
   * After this a batch is given back although some commands still wait for a gateway that hangs: they go on by themselves,
   * and the next batch need not wait for the slowest. Nothing rests on the message; a command that dies is sent again.
   */
  stragglerMs: 2_000,
  /** session, authorize, capture and a void or refund, each once more for luck. More is a loop, and somebody's bug. */
  chainStepsMax: 8,
  /** What a gateway answers is a few hundred bytes; a body beyond this is no answer of its API. */
  gatewayAnswerMaxChars: 64 * 1024,
  /** Codes of gateways are words; they are stored and shown. */
  reasonMaxChars: 64,
  /** Ids of gateways: Stripe documents 255 as the longest. */
  gatewayIdMaxChars: 255,
  /** Retry-After of a 503 to a gateway's webhook; gateways follow their own schedule anyway. */
  webhookRetryMs: 5_000,
} as const;
