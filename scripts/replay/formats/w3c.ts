import { monthDigits } from "../../../src/model/time/months.ts";
import { countOrNull, DIRECTIVE, hostOf, type LogEntry, type LogFormat, millis, textOrNull } from "./entry.ts";
import { forwardedList, ipAddress, visitorAddress } from "./fields/address.ts";
import { anyMoment } from "./fields/moment.ts";

const TOKENS = /"((?:[^"]|"")*)"(?= |$)|\S+/g;

/** The default fields of IIS: a file without its beginning has no `#Fields` until IIS restarts. */
const IIS_FIELDS = (
  "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status " +
  "sc-substatus sc-win32-status time-taken"
).split(" ");

/** The standard log of CloudFront, tab-separated. */
const CLOUDFRONT_FIELDS = (
  "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query " +
  "cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for " +
  "ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port " +
  "time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end"
).split(" ");

type Fields = (name: string) => string | undefined;

function openFile() {
  let names: readonly string[] | null = null;
  let day: string | undefined;
  return (line: string): LogEntry | typeof DIRECTIVE | null => {
    if (line.startsWith("#")) {
      const [, list] = /^#Fields:\s*(.*)$/i.exec(line) ?? [];
      if (list !== undefined) names = list.trim().split(/\s+/);
      day = dayOf(line) ?? day;
      return DIRECTIVE;
    }
    const values = line.includes("\t") ? line.split("\t") : spaceSeparated(line);
    const fields = names ?? [IIS_FIELDS, CLOUDFRONT_FIELDS].find(({ length }) => length === values.length);
    if (fields === undefined || values.length !== fields.length) return null;
    const byName = new Map(fields.map((name, index) => [name.toLowerCase(), values[index]]));
    if (byName.has("date")) return readEntry((name) => byName.get(name), fields.length);
    // A log whose lines have only a time has the day in a directive.
    const entry = readEntry((name) => (name === "date" ? day : byName.get(name)), fields.length);
    return entry === null ? null : { ...entry, day };
  };
}

/** The day in `#Date: 2026-03-05 00:00:00`, or `12-Jan-1996` as in the standard's example. */
function dayOf(directive: string): string | undefined {
  const [, iso, day, month = "", year] =
    /^#(?:Start-)?Date:\s*(?:(\d{4}-\d{2}-\d{2})|(\d{1,2})-([A-Z][a-z]{2})-(\d{4}))/i.exec(directive) ?? [];
  if (iso !== undefined || day === undefined) return iso;
  return `${year}-${monthDigits(month)}-${day.padStart(2, "0")}`;
}

function spaceSeparated(line: string): string[] {
  return Array.from(line.trim().matchAll(TOKENS), ([token, quoted]) => quoted?.replaceAll('""', '"') ?? token);
}

function readEntry(field: Fields, fields: number): LogEntry | null {
  const occurredAt = anyMoment(`${field("date")} ${field("time")}`);
  const stem = textOrNull(field("cs-uri-stem") ?? field("cs-uri"));
  if (occurredAt === null || stem === null) return null;
  const query = textOrNull(field("cs-uri-query"));
  const isCloudFront = field("x-edge-location") !== undefined || field("x-edge-request-id") !== undefined;
  // IIS replaces a space in a value by a plus; CloudFront URL-encodes values.
  const decode = (text: string | null) => (isCloudFront ? urlDecoded(text) : (text?.replaceAll("+", " ") ?? null));
  const forwarded = forwardedList(urlDecoded(textOrNull(field("x-forwarded-for") ?? field("cs(x-forwarded-for)"))));
  const direct = ipAddress(field("c-ip") ?? "");
  return {
    client: visitorAddress(direct === null ? forwarded : [...forwarded, direct]),
    occurredAt,
    request: null,
    method: textOrNull(field("cs-method")),
    path: query === null ? stem : `${stem}?${query}`,
    host: hostOf(textOrNull(field("x-host-header")) ?? textOrNull(field("cs-host")) ?? textOrNull(field("cs(host)"))),
    status: countOrNull(field("sc-status")),
    bytes: countOrNull(field("sc-bytes")),
    referrer: decode(textOrNull(field("cs(referer)"))),
    userAgent: decode(textOrNull(field("cs(user-agent)"))),
    durationMs: durationOf(field),
    fields,
    isCut: false,
  };
}

/** CloudFront encodes a percent sign that it received a second time. */
function urlDecoded(text: string | null): string | null {
  if (text === null) return null;
  try {
    const decoded = decodeURIComponent(text);
    return /%20/.test(decoded) ? decodeURIComponent(decoded) : decoded;
  } catch {
    return text;
  }
}

/** `time-taken` is in seconds in the standard and in CloudFront's logs; IIS logs whole milliseconds. */
function durationOf(field: Fields): number | null {
  const text = textOrNull(field("time-taken"));
  if (text === null || !/^\d+(\.\d+)?$/.test(text)) return null;
  const isIis =
    field("sc-win32-status") !== undefined || field("s-sitename") !== undefined || field("s-ip") !== undefined;
  return millis(Number(text) * (isIis ? 1 : 1_000));
}

/** The extended log file format of the W3C, which IIS and CloudFront write. */
export const w3c: LogFormat = {
  name: "w3c",
  aliases: ["iis", "cloudfront"],
  title: "W3C extended log file format",
  open: openFile,
  describe(lines) {
    const head = lines.filter((line) => line.startsWith("#")).join("\n");
    const text = head === "" ? (lines[0] ?? "") : head;
    if (/x-edge-/.test(text) || text.includes("\t")) return "W3C extended log file format, as CloudFront writes it";
    if (/Internet Information|win32-status/.test(text) || head === "")
      return "W3C extended log file format, as IIS writes it";
    return "W3C extended log file format";
  },
};
