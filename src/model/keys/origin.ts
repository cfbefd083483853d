import * as v from "valibot";

/** The wildcard for any subdomain, at the beginning of an origin's host. */
const ANY = "*.";

/** One or more labels of a host, as browsers send them. */
const LABELS = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/**
 * An origin as browsers send it (RFC 6454): scheme, host and non-default port, without a path or a trailing slash. `*.`
 * at the beginning of the host matches one or more labels.
 */
export const OriginSchema = v.pipe(
  v.string(),
  v.check(
    isOriginRule,
    "expected an origin such as https://www.example.com or https://*.example.com, in lower case and without a path",
  ),
  v.description(
    "An origin as browsers send it, `https://www.example.com`, or all subdomains of a host, `https://*.example.com`. These do not include `example.com` itself.",
  ),
);

export const OriginsSchema = v.pipe(
  v.array(OriginSchema),
  v.minLength(1, "expected at least one origin; null accepts every origin"),
  v.maxLength(100, "expected at most 100 origins"),
  v.description("The origins from which a write key is accepted. Absent: every origin, and requests without one."),
);

/** Whether an `Origin` header is on a list of origins. */
export function isListedOrigin(origin: string, list: readonly string[]): boolean {
  return list.some((rule) => matches(rule, origin));
}

function matches(rule: string, origin: string): boolean {
  const start = rule.indexOf(ANY);
  if (start === -1) return rule === origin;
  const scheme = rule.slice(0, start);
  const host = rule.slice(start + ANY.length - 1);
  if (!origin.startsWith(scheme) || !origin.endsWith(host)) return false;
  return LABELS.test(origin.slice(scheme.length, -host.length));
}

function isOriginRule(text: string): boolean {
  if (!text.includes("*")) return isOrigin(text);
  const plain = text.replace(`//${ANY}`, "//any.");
  return !plain.includes("*") && isOrigin(plain) && isOwnHost(new URL(plain).hostname);
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

/** Whether the part after `any.` can belong to one owner: `https://*.com` would admit everybody. */
function isOwnHost(hostname: string): boolean {
  const [, ...labels] = hostname.split(".");
  return labels.length >= 2 || labels[0] === "localhost";
}
