import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { guardUrl } from "../../schema/guard-url.ts";

const OUT = { toLoopback: false };
const isTaken = (url: string, toLoopback = false) => guardUrl(url, { toLoopback }).ok;

describe("a webhook's address", () => {
  test.each([
    "https://hooks.shop.example.com/dropline",
    "https://shop.co.uk/",
    "https://shop.com:443/a?b=c",
    "https://shop.com:8443/a",
    "https://xn--mnchen-3ya.de/hooks",
    "https://münchen.de/hooks",
    "https://1password.com/hooks",
    "https://shop.com./hooks",
  ])("%s is taken", (url) => {
    expect(guardUrl(url, OUT)).toMatchObject({ ok: true });
  });

  test.each([
    ["http://shop.com/", "https"],
    ["ftp://shop.com/", "https"],
    ["javascript:alert(1)", "https"],
    ["/hooks", "absolute"],
    ["https://", "absolute"],
    ["https://user@shop.com/", "user"],
    ["https://user:pass@shop.com/", "user"],
    ["https://:pass@shop.com/", "user"],
    ["https://shop.com/#there", "fragment"],
    ["https://shop.com/#", "fragment"],
    ["https://shop.com:8080/", "port"],
    ["https://shop.com:22/", "port"],
    ["https://shop.com:80/", "port"],
    [" https://shop.com/", "spaces"],
    ["https://shop.com/\n", "spaces"],
    ["https://shop.com\\@127.0.0.1/", "backslashes"],
    ["https://sh\u200bop.com/", "control"],
    ["https://shop/", "public internet"],
    ["https://localhost/", "public internet"],
    ["https://localhost./", "public internet"],
    ["https://LOCALHOST/", "public internet"],
    ["https://a.localhost/", "public internet"],
    ["https://printer.local/", "public internet"],
    ["https://metadata.google.internal/", "public internet"],
    ["https://nas.home.arpa/", "public internet"],
    ["https://db.corp/", "public internet"],
    ["https://router.lan./", "public internet"],
    ["https://1.0.0.127.in-addr.arpa/", "public internet"],
    ["https://127.0.0.1.nip.io/", "any address"],
    ["https://a.localtest.me/", "any address"],
    ["https://LVH.me/", "any address"],
    ["https://127-0-0-1.traefik.me/", "any address"],
    ["https://kubernetes.default.svc/", "public internet"],
    ["https://api.svc.cluster./", "public internet"],
  ])("%s is refused, and told why: %s", (url, why) => {
    expect(guardUrl(url, OUT)).toMatchObject({
      ok: false,
      refusal: { reason: expect.stringContaining(why) },
    });
  });

  const V4 = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "0.0.0.0",
    "100.64.0.1",
    "8.8.8.8",
  ];
  const numberOf = (address: string) => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const parts = (address: string) => address.split(".").map(Number) as [number, number, number, number];
  const notations: [string, (address: string) => string][] = [
    ["dotted", (address) => address],
    ["decimal", (address) => String(numberOf(address))],
    ["hex", (address) => `0x${numberOf(address).toString(16)}`],
    ["octal", (address) => `0${numberOf(address).toString(8)}`],
    [
      "octal parts",
      (address) =>
        parts(address)
          .map((part) => `0${part.toString(8)}`)
          .join("."),
    ],
    [
      "hex parts",
      (address) =>
        parts(address)
          .map((part) => `0x${part.toString(16)}`)
          .join("."),
    ],
    [
      "three parts",
      (address) => `${parts(address)[0]}.${parts(address)[1]}.${parts(address)[2] * 256 + parts(address)[3]}`,
    ],
    ["two parts", (address) => `${parts(address)[0]}.${numberOf(address) % 2 ** 24}`],
    ["a dot behind", (address) => `${address}.`],
    [
      "full-width digits",
      (address) => address.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
    ],
    ["percent-encoded", (address) => address.replace(/\d/g, (digit) => `%3${digit}`)],
    ["mapped", (address) => `[::ffff:${address}]`],
    ["compatible", (address) => `[::${address}]`],
    ["NAT64", (address) => `[64:ff9b::${address}]`],
    [
      "6to4",
      (address) =>
        `[2002:${numberOf(address)
          .toString(16)
          .padStart(8, "0")
          .replace(/(.{4})/, "$1:")}::1]`,
    ],
  ];
  test.each(notations)("no IPv4 address is taken, written %s", (_, write) => {
    for (const address of V4) expect(isTaken(`https://${write(address)}/`), write(address)).toBe(false);
  });

  test.each([
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[ff02::1]",
    "[2606:4700::1111]",
    "[::ffff:7f00:1]",
  ])("no IPv6 address is taken: %s", (host) => {
    expect(isTaken(`https://${host}/`)).toBe(false);
  });

  test("no 32-bit number is an address that is taken, in any base", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 32 - 1 }), fc.constantFrom(8, 10, 16), (number, base) => {
        const prefix = base === 16 ? "0x" : base === 8 ? "0" : "";
        return !isTaken(`https://${prefix}${number.toString(base)}/`);
      }),
    );
  });

  test("no IPv6 address whatsoever is taken", () => {
    fc.assert(fc.property(fc.ipV6(), (address) => !isTaken(`https://[${address}]/`)));
  });

  test("what is taken is https, without a user, on a web port, and the parser reads it as it is", () => {
    fc.assert(
      fc.property(
        fc.webUrl({ withFragments: true, withQueryParameters: true }),
        fc.string(),
        (url, noise) => {
          for (const text of [url, `${url}${noise}`, `https://${noise}`]) {
            const guarded = guardUrl(text, OUT);
            if (!guarded.ok) continue;
            const { protocol, username, password, port, hash, hostname } = guarded.value;
            expect({ protocol, username, password, hash }).toEqual({
              protocol: "https:",
              username: "",
              password: "",
              hash: "",
            });
            expect(["", "8443"]).toContain(port);
            expect(hostname).toMatch(/[a-z-][^.]*\.?$/i);
          }
        },
      ),
    );
  });

  test("loopback is taken where a laptop says so, and nothing else private is", () => {
    for (const url of [
      "http://127.0.0.1:9000/a",
      "http://localhost:1/",
      "http://[::1]:2/",
      "https://127.0.0.1/",
    ]) {
      expect(isTaken(url, true), url).toBe(true);
      expect(isTaken(url), url).toBe(false);
    }
    for (const url of [
      "http://10.0.0.1/",
      "http://shop.com/",
      "https://192.168.0.1/",
      "http://169.254.169.254/",
      "ftp://127.0.0.1/",
    ])
      expect(isTaken(url, true), url).toBe(false);
  });
});
