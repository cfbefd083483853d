import { BlockList, isIP } from "node:net";

/** Addresses that no external visitor has: proxies, load balancers, health checks. */
const INTERNAL = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const) {
  INTERNAL.addSubnet(network, bits, "ipv4");
}
for (const [network, bits] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
] as const) {
  INTERNAL.addSubnet(network, bits, "ipv6");
}

/** IPv4 in IPv6, as logged by a server that listens on both. */
const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/**
 * Parses an address as logs write it: with a port, in brackets, with quotes, as IPv4 in IPv6.
 *
 * @returns only the address, or null if the text is not one.
 */
export function ipAddress(text: string): string | null {
  if (text.length > 100) return null;
  if (isIP(text) !== 0 && !MAPPED.test(text)) return text;
  const bare = text
    .trim()
    .replace(/^"(.*)"$/, "$1")
    .replace(/^\[([^\]]+)\](?::\d+)?$/, "$1")
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1")
    .replace(MAPPED, "");
  return isIP(bare) === 0 ? null : bare;
}

const HOST_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,254}$/u;

/** The text if it is a host name, also one of a local network. Servers log `unix:`, `unknown` and `-` if there is none. */
export function hostName(text: string | undefined): string | null {
  return text !== undefined && text !== "unknown" && HOST_NAME.test(text) ? text : null;
}

/** False for addresses that are reachable only within an organisation or a machine. */
export function isPublic(address: string): boolean {
  const plain = address.replace(/%.*$/, "");
  return !INTERNAL.check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4");
}

/** The entries of an `X-Forwarded-For` list: the visitor first, then one proxy after the other. */
export function forwardedList(text: string | null | undefined): string[] {
  return (text ?? "")
    .split(/[,\s+]+/)
    .map((entry) => ipAddress(entry))
    .filter((entry) => entry !== null);
}

/**
 * Picks the visitor from addresses in the order in which a request passed them: the first public one, because a list may
 * begin with an address inside the visitor's own network. If all are internal, it is the first one.
 */
export function visitorAddress(addresses: readonly string[]): string | null {
  if (addresses.length === 1) return addresses[0] ?? null;
  return addresses.find(isPublic) ?? addresses[0] ?? null;
}
