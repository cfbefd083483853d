import { countOrNull, hostOf, type LogEntry, type LogFormat, millis, textOrNull } from "./entry.ts";
import { ipAddress } from "./fields/address.ts";
import { anyMoment } from "./fields/moment.ts";
import { unescapeQuoted } from "./fields/quoted.ts";
import { readRequestLine } from "./fields/request-line.ts";

/** No request is that long: a URL may have 16 KB. This bounds the cost of the pattern. */
const MAX_LINE_CHARACTERS = 65_536;

const TIME = String.raw`(\d{4}-\d{2}-\d{2}T[\d:.]+Z)`;

/**
 * The fields up to TLS, and those that only an application load balancer adds: target group, trace, domain, certificate,
 * rule, the time of the request, and more. A user agent may contain quotes, so it ends where the remaining fields match.
 */
const LINE = new RegExp(
  String.raw`^(?:https?|h2|grpcs|wss?)? ?${TIME} \S+ (\S+):\d+ \S+ (\S+) (\S+) (\S+) (\d{3}|-) \S+ \S+ (\S+) "(.*?)" "(.*?)" ` +
    String.raw`[^\s"]+ [^\s"]+(?: [^\s"]+ "[^"]*" "([^"]*)" "[^"]*" \S+ ${TIME}(.*))?$`,
  "s",
);

const OTHER_LINE = /\d{4}-\d{2}-\d{2}T[\d:.]+Z app\//;

function readLine(line: string): LogEntry | null {
  const match = line.length > MAX_LINE_CHARACTERS ? null : LINE.exec(line);
  if (match === null) return null;
  const [, time, client = "", toTarget, atTarget, toClient, status, bytes, request = "", agent = ""] = match;
  const [domain, createdAt, rest = ""] = match.slice(10);
  const occurredAt = anyMoment(createdAt ?? time);
  // No field after these is a time: another line follows, because a line end is missing.
  if (occurredAt === null || OTHER_LINE.test(rest)) return null;
  const asked = targetOf(unescapeQuoted(request));
  return {
    client: ipAddress(client),
    occurredAt,
    ...asked,
    host: hostOf(textOrNull(domain) ?? asked.host),
    status: countOrNull(status),
    bytes: countOrNull(bytes),
    referrer: null,
    userAgent: textOrNull(unescapeQuoted(agent)),
    durationMs: durationOf([toTarget, atTarget, toClient]),
    fields: (createdAt === undefined ? 0 : 10) + (rest.match(/"[^"]*"|[^\s"]+/g)?.length ?? 0),
    isCut: false,
  };
}

/** Parses `GET https://www.example.com:443/path?query HTTP/1.1`: a load balancer logs the whole URL. */
function targetOf(line: string): Pick<LogEntry, "method" | "path" | "request" | "host"> {
  const { method, path, request } = readRequestLine(line);
  // The client did not send HTTP: `- http://www.example.com:80- -`.
  if (method === "-") return { method: null, path: null, request: line, host: null };
  const [, host = null, rest = null] = /^[a-z]+:\/\/([^/?#]*)(.*)$/s.exec(path ?? "") ?? [];
  return { method, path: rest === "" ? "/" : (rest ?? path), request, host };
}

/** The three parts of the duration of a request, in seconds; -1 for a part that did not happen. */
function durationOf(parts: readonly (string | undefined)[]): number | null {
  const seconds = parts.map(Number);
  return seconds.every((part) => part >= 0) ? millis(seconds.reduce((sum, part) => sum + part, 0) * 1000) : null;
}

/** The access log of AWS load balancers: application (ALB) and classic. */
export const alb: LogFormat = {
  name: "alb",
  aliases: ["elb"],
  title: "access log of an AWS load balancer (ALB)",
  open: () => readLine,
};
