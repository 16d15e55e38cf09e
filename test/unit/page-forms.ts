/** Forms of a page, read as a browser without JavaScript would send them. */

export type Form = { action: string; fields: Record<string, string> };

/** Each with what would be sent if its button had no name: hidden and typed fields, what is ticked, what is selected. */
export function formsIn(html: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head = "", body = ""]) => {
    const fields: Record<string, string> = {};
    for (const [, tag = ""] of body.matchAll(/<input\b([^>]*)>/g)) {
      const isSent = !/type="(?:radio|checkbox)"/.test(tag) || /\bchecked\b/.test(tag);
      if (isSent) fields[attribute(tag, "name")] = attribute(tag, "value");
    }
    for (const [, tag = "", options = ""] of body.matchAll(/<select\b([^>]*)>([\s\S]*?)<\/select>/g)) {
      const all = [...options.matchAll(/<option\b([^>]*)>/g)].map(([, option = ""]) => option);
      const chosen = all.find((option) => /\bselected\b/.test(option)) ?? all[0];
      if (chosen !== undefined) fields[attribute(tag, "name")] = attribute(chosen, "value");
    }
    return { action: attribute(head, "action"), fields };
  });
}

function attribute(tag: string, name: string): string {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(tag)?.[1] ?? "";
  return value
    .replace(/&(?:quot|#34);/g, '"')
    .replace(/&(?:#39|#x27);/g, "'")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&(?:amp|#38);/g, "&");
}
