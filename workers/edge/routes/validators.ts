/** RFC 9110, 13.1.2: whether the client holds this version: If-None-Match is a list of validators or `*`, compared weakly. */
export function isHeld(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.split(",").some((held) => weak(held) === weak(etag));
}

const weak = (validator: string) => validator.trim().replace(/^W\//, "");
