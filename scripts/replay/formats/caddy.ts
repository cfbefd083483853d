import { hostOf, type LogEntry, type LogFormat, millis } from "./entry.ts";
import { forwardedList, ipAddress, visitorAddress } from "./fields/address.ts";
import { isObject, type Members, membersOf, numberOf, readJsonObject, textOf } from "./fields/json-line.ts";
import { anyMoment } from "./fields/moment.ts";

const MILLIS_PER_UNIT = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

function readLine(line: string): LogEntry | null {
  const object = readJsonObject(line);
  if (object === null || !isObject(object.request)) return null;
  // Another logger logs an error a second time, with the same request.
  const isAccess = object.msg === "handled request" || String(object.logger ?? "").startsWith("http.log.access");
  const occurredAt = anyMoment(object.ts);
  const { request } = object;
  if (!isAccess || occurredAt === null || typeof request.uri !== "string") return null;
  const members = membersOf(request);
  const headers = membersOf(isObject(request.headers) ? request.headers : {});
  const direct = [members.get("client_ip"), members.get("remote_ip"), members.get("remote_addr")]
    .map((address) => (typeof address === "string" ? ipAddress(address) : null))
    .filter((address) => address !== null);
  return {
    client: visitorAddress([...forwardedList(header(headers, "x_forwarded_for")), ...direct]),
    occurredAt,
    request: null,
    method: textOf(members, ["method"]),
    path: request.uri,
    host: hostOf(textOf(members, ["host"])),
    status: numberOf(object.status),
    bytes: numberOf(object.size),
    referrer: header(headers, "referer"),
    userAgent: header(headers, "user_agent"),
    durationMs: durationOf(object.duration),
    fields: 0,
    isCut: false,
  };
}

/** Caddy logs a header as a list of values. */
function header(headers: Members, name: string): string | null {
  const value = headers.get(name);
  if (!Array.isArray(value)) return textOf(headers, [name]);
  const text = value.filter((entry) => typeof entry === "string").join(", ");
  return text === "" ? null : text;
}

/** A whole number from here on is nanoseconds: 0.1 ms. As seconds it would be more than a day. */
const MIN_NANOS = 100_000;

/**
 * Seconds, nanoseconds if `duration_format` is `nano`, or a Go duration such as `1.5ms` and `1m2.5s` if it is `string`. The
 * line does not have the unit of a number, but only nanoseconds are large whole numbers.
 */
function durationOf(value: unknown): number | null {
  const number = numberOf(value);
  if (number !== null) return millis(Number.isInteger(number) && number >= MIN_NANOS ? number / 1e6 : number * 1000);
  if (typeof value !== "string" || !/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h)){1,4}$/.test(value)) return null;
  let sum = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(amount) * MILLIS_PER_UNIT[unit as keyof typeof MILLIS_PER_UNIT];
  }
  return millis(sum);
}

/** The JSON access log of Caddy 2. */
export const caddy: LogFormat = {
  name: "caddy",
  aliases: ["caddy-json"],
  title: "JSON lines of Caddy",
  open: () => readLine,
};
