const GROUPS = 8;
/** Of an IPv6 address: a household's /64, and the /48 that a site is given at most. */
const HOME_GROUPS = 4;
const SITE_GROUPS = 3;

/**
 * What counts as one place on the network: an IPv4 address, or the /64 of an IPv6 one, which is the least that a household
 * is given and any of whose 2^64 addresses a host may take for itself. IPv4 written as IPv6 is IPv4. What is neither is
 * taken as it is.
 */
export function addressKey(address: string): string {
  return ipv4Of(address) ?? ipv6Prefix(address, HOME_GROUPS);
}

/** The neighborhood of a place: the /24 of an IPv4 address, or the /48 of an IPv6 one. What is neither is taken as it is. */
export function networkKey(address: string): string {
  const ipv4 = ipv4Of(address);
  if (ipv4 === undefined) return ipv6Prefix(address, SITE_GROUPS);
  const octets = ipv4.split(".");
  return octets.length === 4 ? `${octets.slice(0, 3).join(".")}.0/24` : ipv4;
}

function ipv4Of(address: string): string | undefined {
  if (!address.includes(":")) return address;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
}

function ipv6Prefix(address: string, count: number): string {
  const [head = "", tail] = (address.split("%", 1)[0] ?? "").toLowerCase().split("::");
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: Math.max(0, GROUPS - left.length - right.length) }, () => "0");
  const groups = [...left, ...zeros, ...right].slice(0, count);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/${count * 16}`;
}

function groupsOf(part: string): string[] {
  return part === "" ? [] : part.split(":");
}
