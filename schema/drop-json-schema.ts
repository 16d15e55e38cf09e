import * as z from "zod";
import { DropFields } from "./drop-document.ts";

/**
 * The drop document as JSON Schema 2020-12, as a brand writes it (defaults may be left out). What is wrong between fields,
 * such as a start after the end, it cannot say: `npm run drop -- check` does.
 */
export function dropJsonSchema(): object {
  const { $schema, ...fields } = z.toJSONSchema(DropFields, { io: "input", target: "draft-2020-12" });
  const description =
    "What a brand writes to sell a drop. Rules between fields are checked by: npm run drop -- check FILE";
  return { $schema, title: "Dropline drop document", description, ...fields };
}
