/** An expected outcome is returned, never thrown: a class and its code would be lost on the way across RPC. */
export type Result<Value, Reason> = { ok: true; value: Value } | { ok: false; refusal: Reason };

export const ok = <Value>(value: Value): { ok: true; value: Value } => ({ ok: true, value });

export const refuse = <Reason>(refusal: Reason): { ok: false; refusal: Reason } => ({ ok: false, refusal });
