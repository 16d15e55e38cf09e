import { createHash, createPublicKey, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { chainFrom, linkAt } from "../../durable-objects/drop-queue/proof/hash-chain.ts";
import { publicKeyOf, signWith } from "../../durable-objects/drop-queue/proof/line-key.ts";

const sha = (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest());
const LAST = new Uint8Array(32).fill(7);

describe("a hash chain", () => {
  test.each([1, 2, 255, 256, 257, 512, 700])(
    "of %i links gives each of them from its checkpoints",
    (links) => {
      const all = [LAST];
      for (let at = links; at > 0; at -= 1) all.unshift(sha(all[0] as Uint8Array));
      const chain = chainFrom(LAST, links);
      expect(chain.anchor).toEqual(all[0]);
      expect(chain.checkpoints.byteLength).toBe(32 * Math.ceil(links / 256));
      for (let at = 1; at <= links; at += 1) expect(linkAt(chain, at)).toEqual(all[at]);
    },
  );

  test("has no link past its end, nor before its first: the anchor is public already", () => {
    const chain = chainFrom(LAST, 300);
    for (const at of [301, 0, -1, 1.5]) expect(() => linkAt(chain, at)).toThrow("no link");
  });
});

describe("a line's key", () => {
  test("is the one of RFC 8032's first test vector", () => {
    const secret = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
    expect(Buffer.from(publicKeyOf(secret)).toString("hex")).toBe(
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    );
    expect(Buffer.from(signWith(secret, new Uint8Array(0))).toString("hex")).toBe(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
  });

  test("signs what anybody can verify with its public part", () => {
    const bytes = new TextEncoder().encode("a commitment");
    const x = Buffer.from(publicKeyOf(LAST)).toString("base64url");
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    expect(verify(null, bytes, key, signWith(LAST, bytes))).toBe(true);
  });
});
