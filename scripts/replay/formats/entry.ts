import type { Micros } from "../../../src/model/time/time.ts";

/** One request, as a line of an access log describes it. Null: the line does not have this value. */
export interface LogEntry {
  /** The visitor's IP address, or a host name if the server logs names. */
  client: string | null;
  occurredAt: Micros;
  /** The request line as logged, only if method and path could not be parsed from it. */
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
  /** The day, if only a directive has it, and not the line. */
  day?: string | undefined;
  /** The number of fields. A last line with fewer fields than those before it was cut. */
  fields: number;
  /** Whether the line ends within a field. */
  isCut: boolean;
}

/** A valid line that does not describe a request, such as `#Fields:`. */
export const DIRECTIVE = "directive";

/** Parses one line. In some formats lines describe the format, so each file has its own reader. */
export type LineReader = (line: string) => LogEntry | typeof DIRECTIVE | null;

/** A format of access logs. */
export interface LogFormat {
  /** The value of `--format`. */
  name: string;
  /** Other names for it. */
  aliases: readonly string[];
  /** For messages. */
  title: string;
  open: () => LineReader;
  /** Describes the variant of the format that these lines have. */
  describe?: (lines: readonly string[]) => string;
}

/** Null for the values that logs use for "nothing". */
export function textOrNull(text: string | undefined): string | null {
  return text === undefined || text === "-" || text === "" ? null : text;
}

/** A number such as a status or a number of bytes; null if there is none. */
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
