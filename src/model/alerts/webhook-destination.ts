const LOCAL_NAMES =
  /(^|\.)(localhost|local|internal|intranet|lan|home|corp|private|test|invalid|home\.arpa|localdomain)$/;

/** IPv4 ranges outside the public internet (IANA's special-purpose registry), as first address and prefix length. */
const CLOSED_IPV4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/**
 * The reason why a webhook's URL is refused, or null if it is allowed. The platform's URL parser turns decimal, octal
 * and hexadecimal IPv4 into the dotted form first. The check cannot know what a public name resolves to.
 *
 * @param allowInsecure allows http and every host: for a developer's machine and tests
 */
export function refuseDestination(text: string, allowInsecure = false): string | null {
  if (!URL.canParse(text)) return "expected an absolute URL";
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return "expected a URL without user name and password";
  if (allowInsecure && url.protocol === "http:") return null;
  if (url.protocol !== "https:") return "expected an https URL";
  if (allowInsecure) return null;
  return isPublicHost(url.hostname) ? null : "expected a host on the public internet";
}

function isPublicHost(host: string): boolean {
  if (host.startsWith("[")) return isPublicIpv6(host.slice(1, -1));
  const octets = host.split(".");
  if (octets.length === 4 && octets.every((octet) => /^\d{1,3}$/.test(octet))) return isPublicIpv4(octets);
  // A trailing dot names the same host but would not match LOCAL_NAMES.
  return host.includes(".") && !host.endsWith(".") && !LOCAL_NAMES.test(host.toLowerCase());
}

function isPublicIpv4(octets: readonly string[]): boolean {
  const address = numberOf(octets);
  return CLOSED_IPV4.every(([first, prefix]) => {
    const size = 2 ** (32 - prefix);
    const start = numberOf(first.split("."));
    return address < start || address >= start + size;
  });
}

function numberOf(octets: readonly string[]): number {
  return octets.reduce((all, octet) => all * 256 + Number(octet), 0);
}

/**
 * Allows only global unicast (2000::/3), without the ranges that carry an IPv4 address (Teredo, 6to4) or are reserved.
 * This excludes loopback, mapped and translated IPv4, unique local, link-local and multicast. URLs have the compressed
 * form.
 */
function isPublicIpv6(address: string): boolean {
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const first = tail === undefined || before.length > 0 ? Number.parseInt(before[0] ?? "0", 16) : 0;
  const second = before.length > 1 ? Number.parseInt(before[1] ?? "0", 16) : 0;
  if (first < 0x2000 || first > 0x3fff) return false;
  if (first === 0x2002 || first === 0x3fff) return false;
  return first !== 0x2001 || (second >= 0x200 && second !== 0xdb8);
}
