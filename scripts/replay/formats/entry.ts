import type { Micros } from "../../../src/model/time/time.ts";

/** One request, as a line of an access log describes it. Null stands for what the line does not say. */
export interface LogEntry {
  /** The visitor's IP address, or a host name where the server logs names. */
  client: string | null;
  occurredAt: Micros;
  /** The request line as logged, only where method and path could not be read from it. */
  request: string | null;
  method: string | null;
  /** With the query. */
  path: string | null;
  /** The site, without its port. */
  host: string | null;
  status: number | null;
  bytes: number | null;
  referrer: string | null;
  userAgent: string | null;
  durationMs: number | null;
  /** How many fields the line has. A last line with fewer than those before it was cut. */
  fields: number;
  /** Whether the line ends within a field. */
  isCut: boolean;
}

/** A line that is not about a request and not a mistake either, such as `#Fields:`. */
export const DIRECTIVE = "directive";

/** Reads one line. Some formats describe themselves in their lines, so a reader belongs to one file. */
export type LineReader = (line: string) => LogEntry | typeof DIRECTIVE | null;

/** A format of access logs. */
export interface LogFormat {
  /** What `--format` takes. */
  name: string;
  /** Other names for it. */
  aliases: readonly string[];
  /** For people. */
  title: string;
  open: () => LineReader;
  /** Says more of the variant that these lines have. */
  describe?: (lines: readonly string[]) => string;
}

/** Null for the signs that logs use for "nothing". */
export function textOrNull(text: string | undefined): string | null {
  return text === undefined || text === "-" || text === "" ? null : text;
}

/** A count such as a status or a number of bytes; null where there is none. */
export function countOrNull(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Milliseconds with at most three decimals, so that 0.0341 s is 34.1 and not 34.100000000000001. */
export function millis(value: number): number | null {
  return Number.isFinite(value) && value >= 0 ? Math.round(value * 1000) / 1000 : null;
}

/** A host without its port. */
export function hostOf(text: string | null): string | null {
  return text === null ? null : text.replace(/:\d+$/, "");
}
