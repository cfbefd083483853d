import type { Micros } from "../../src/model/time.ts";

/** One line of an access log in the common or the combined format (Apache's `LogFormat`, nginx's `combined`). */
export interface LogEntry {
  address: string;
  occurredAt: Micros;
  /** The request line as logged. */
  request: string;
  /** Null where the request line is not one of HTTP, as when a client speaks TLS to a plain port. */
  method: string | null;
  path: string | null;
  /** Null where the log has "-". */
  status: number | null;
  bytes: number | null;
  referrer: string | null;
  userAgent: string | null;
}

/** What stands between quotes; quotes and backslashes in it are escaped with a backslash. */
const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"`;

/** Loggers cut long lines, so the user agent may end with the line. What follows it (a cookie, a duration) is no concern here. */
const CUT_OR_QUOTED = String.raw`"((?:[^"\\]|\\.)*)(?:"(?: .*)?)?`;

const LINE = new RegExp(
  String.raw`^(\S+) \S+ .+? \[(\d{2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})\] ` +
    String.raw`${QUOTED} (\d{3}|-) (\d+|-)(?: ${QUOTED} ${CUT_OR_QUOTED})?\s*$`,
);

const REQUEST = /^([A-Za-z-]+) (.+?)(?: HTTP\/\d(?:\.\d)?)?$/;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** @returns the entry, or null if the line is not understood. */
export function parseLogLine(line: string): LogEntry | null {
  const match = LINE.exec(line);
  if (match === null) return null;
  const [, address = "", day, month = "", year, hour, minute, second, sign, offsetHours, offsetMinutes] = match;
  const [request = "", status = "-", bytes = "-", referrer = "-", userAgent = "-"] = match.slice(11);
  const occurredAt = momentOf(
    [Number(year), MONTHS.indexOf(month), Number(day), Number(hour), Number(minute), Number(second)],
    (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === "-" ? -1 : 1),
  );
  if (occurredAt === null) return null;
  const [, method = null, path = null] = REQUEST.exec(unquoted(request)) ?? [];
  return {
    address,
    occurredAt,
    request: unquoted(request),
    method,
    path,
    status: numberOf(status),
    bytes: numberOf(bytes),
    referrer: textOf(referrer),
    userAgent: textOf(userAgent),
  };
}

type Clock = [year: number, month: number, day: number, hour: number, minute: number, second: number];

/** Null for a moment that does not exist, which Date.UTC would roll over into another, or lies before 1970. */
function momentOf(clock: Clock, offsetMinutes: number): Micros | null {
  const [, month, day, hour, minute, second] = clock;
  const local = Date.UTC(...clock);
  const date = new Date(local);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) return null;
  const micros = (local - offsetMinutes * 60_000) * 1000;
  return micros < 0 ? null : micros;
}

/** `\x16` and the like stay as logged: what bytes they were is not known to be text. */
function unquoted(text: string): string {
  return text.replace(/\\(["\\])/g, "$1");
}

function numberOf(text: string): number | null {
  return text === "-" ? null : Number(text);
}

function textOf(text: string): string | null {
  return text === "-" ? null : unquoted(text);
}
