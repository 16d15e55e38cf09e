import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import type { Customer } from "../identity/customer-keys.ts";

/** Whose token it is: the brand's own shop signed it, for us, within the hour. Changes nothing, for no session. */
export async function meetCustomer(
  { edge }: Act,
  token: string,
): Promise<Result<Customer, Refusal<"customer_token_invalid">>> {
  const customer = await edge.customerKeys.verify(token, edge.clock.now());
  return customer === undefined ? refuse({ code: "customer_token_invalid" }) : ok(customer);
}
