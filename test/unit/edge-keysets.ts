export const secretOf = (fill: number) => Buffer.alloc(32, fill).toString("base64url");
export const keysetOf = (...keys: [string, number][]) =>
  JSON.stringify(keys.map(([kid, fill]) => ({ kid, secret: secretOf(fill) })));
