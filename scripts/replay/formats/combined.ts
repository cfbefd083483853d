import type { Micros } from "../../../src/model/time/time.ts";
import { readCombinedPrefix } from "./combined-prefix.ts";
import { readCombinedTail } from "./combined-tail.ts";
import { countOrNull, type LogEntry, type LogFormat, millis } from "./entry.ts";
import { forwardedList, ipAddress, visitorAddress } from "./fields/address.ts";
import { anyMoment } from "./fields/moment.ts";
import { quotesIn, unescapeQuoted } from "./fields/quoted.ts";
import { readRequestLine } from "./fields/request-line.ts";

/** The time in brackets: in the common log format, or ISO 8601. */
const TIME =
  /\[(\d{1,2}\/[A-Z][a-z]{2}\/\d{4}:[\d:.,]{8,18}(?: ?[+-]\d{2}:?\d{2})?|\d{4}-\d{2}-\d{2}[T ][\d:.,+Z -]{8,30})\]/;

/** The time and the request of another line, joined to this one because a line end is missing. */
const OTHER_LINE = /\[\d{1,2}\/[A-Z][a-z]{2}\/\d{4}:[\d:.,]{8,18}(?: ?[+-]\d{2}:?\d{2})?\](?: [^"\s]{1,99}){0,5} "/;

/** Fields that a server puts between the time and the request, up to the quote. */
const BEFORE_REQUEST = /^((?: [^"\s]+)*) "/;

/** Status and bytes after the quote that ends the request. */
const AFTER_REQUEST = /" (\d{3}|-) (\d+|-)(?= |$)/y;

interface Exchange {
  /** The text between the time and the request. */
  fields: string;
  request: string;
  status: string | undefined;
  bytes: string | undefined;
  /** The text after the number of bytes. */
  tail: string;
}

/**
 * Parses the fields after the time. A quote ends the request only if a status and a number of bytes follow, because not
 * every server escapes quotes.
 */
function readExchange(text: string): Exchange | null {
  const [before, fields = ""] = BEFORE_REQUEST.exec(text) ?? [];
  if (before === undefined) return null;
  const begin = before.length;
  for (const end of quotesIn(text, begin)) {
    AFTER_REQUEST.lastIndex = end;
    const after = AFTER_REQUEST.exec(text);
    if (after === null) continue;
    const [whole, status, bytes] = after;
    return { fields, request: text.slice(begin, end), status, bytes, tail: text.slice(end + whole.length) };
  }
  return null;
}

/** The last parsed time. Lines of the same second are adjacent. */
let latest: { text: string; moment: Micros | null } = { text: "", moment: null };

function momentOf(text: string): Micros | null {
  if (text !== latest.text) latest = { text, moment: anyMoment(text) };
  return latest.moment;
}

interface CombinedLine {
  entry: LogEntry;
  /** Addresses before the visitor's user name: more than one if proxies are logged. */
  addresses: number;
  /** Fields after the user agent. */
  extras: number;
}

/** Null if the line is not understood. */
function readCombinedLine(line: string): CombinedLine | null {
  const time = TIME.exec(line);
  if (time === null) return null;
  const occurredAt = momentOf(time[1] ?? "");
  const text = line.slice(time.index + time[0].length);
  const exchange = readExchange(text);
  // As a part of this line, the other one would be lost.
  if (occurredAt === null || exchange === null || OTHER_LINE.test(text)) return null;
  const { addresses, name, host } = readCombinedPrefix(line.slice(0, time.index));
  // S3 writes the visitor after the time, and an account where the visitor's name would be.
  if (addresses.length === 0 && exchange.fields.split(" ").some((field) => ipAddress(field) !== null)) return null;
  const tail = readCombinedTail(exchange.tail);
  // The main format that nginx ships with puts X-Forwarded-For at the end.
  const forwarded = tail.extras.map(forwardedOnly).find((list) => list.length > 0) ?? [];
  return {
    addresses: addresses.length,
    extras: tail.extras.length,
    entry: {
      client: visitorAddress([...forwarded, ...addresses]) ?? name,
      occurredAt,
      ...readRequestLine(unescapeQuoted(exchange.request)),
      host,
      status: countOrNull(exchange.status),
      bytes: countOrNull(exchange.bytes),
      referrer: tail.referrer,
      userAgent: tail.userAgent,
      durationMs: durationOf(tail.extras.at(-1)),
      fields: tail.fields,
      isCut: tail.isCut,
    },
  };
}

/** The addresses of a quoted field that contains nothing else. */
function forwardedOnly(field: string): string[] {
  // An IPv4 address with a port is that of an upstream server.
  if (!/^"[0-9a-fA-F.:, ]{3,400}"$/.test(field) || /\.\d+:\d/.test(field)) return [];
  const text = field.slice(1, -1);
  const list = forwardedList(text);
  return list.length === text.split(",").length ? list : [];
}

/** Traefik ends a line with `22ms`. The meaning of numbers without a unit is not known. */
function durationOf(field: string | undefined): number | null {
  const match = /^(\d+)ms$/.exec(field ?? "");
  return match === null ? null : millis(Number(match[1]));
}

/** The common and the combined log format of Apache, nginx and Traefik, with what sites add to them. */
export const combined: LogFormat = {
  name: "combined",
  aliases: ["common", "clf"],
  title: "common or combined log format",
  open: () => (line) => readCombinedLine(line)?.entry ?? null,
  describe(lines) {
    const read = lines.map(readCombinedLine).filter((line) => line !== null);
    const isCombined = read.some(
      ({ entry }) => entry.userAgent !== null || entry.referrer !== null || entry.fields > 0,
    );
    const traits = [
      read.some(({ entry }) => entry.host !== null) ? "a virtual host before the address" : null,
      read.some(({ addresses }) => addresses > 1) ? "a list of proxies before the user" : null,
      read.some(({ extras }) => extras > 0) ? "further fields after the user agent" : null,
    ].filter((trait) => trait !== null);
    const name = isCombined ? "combined log format" : "common log format";
    return traits.length === 0 ? name : `${name} with ${traits.join(" and ")}`;
  },
};
