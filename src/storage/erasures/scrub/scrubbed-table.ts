/** The bytes of a page in D1. */
export const PAGE_BYTES = 4_096;

/** The payload that an overflow page holds: all but the number of the next one. */
export const OVERFLOW_BYTES = PAGE_BYTES - 4;

/** A longer row has the rest of it in overflow pages, which no split copies. */
export const MAX_LOCAL_BYTES = 1_000;

/** A kind of table whose rows have payloads. */
export interface ScrubbedTable {
  /** The primary key. */
  key: readonly string[];
  /** How many of its columns make up a place in `erased_places`. */
  placed: number;
  /** The other columns whose values may be long. */
  long: readonly string[];
  /** About the bytes of all other columns, and of what SQLite adds to a row. */
  otherBytes: number;
  /** About the bytes of a row's entries in all indexes. */
  indexBytes: number;
  /** A table of up to this many rows is always written again as a whole. */
  wholeRows: number;
}

const EVENTS: ScrubbedTable = {
  key: ["slot", "sample_key", "session_id", "occurred_at", "tie"],
  placed: 2,
  long: ["session_id", "id", "data", "context", "extra", "visitor_id", "type"],
  otherBytes: 50,
  indexBytes: 80,
  wholeRows: 50_000,
};

/** Fewer rows than of events: each has about ten entries in indexes. */
const ERRORS: ScrubbedTable = {
  key: ["received_at", "id"],
  placed: 1,
  long: ["issues", "content"],
  otherBytes: 160,
  indexBytes: 1_200,
  wholeRows: 2_000,
};

const ERROR_PARTS: ScrubbedTable = {
  key: ["id", "part"],
  placed: 1,
  long: ["id", "content"],
  otherBytes: 50,
  indexBytes: 0,
  wholeRows: 2_000,
};

/** @param name of a table, such as `events_12` */
export function scrubbedTable(name: string): ScrubbedTable {
  if (name === "errors") return ERRORS;
  return name === "error_parts" ? ERROR_PARTS : EVENTS;
}

/** SQL for the bytes of a row. */
export function rowBytesSql({ long, otherBytes }: ScrubbedTable): string {
  return [...long.map((column) => `coalesce(octet_length(${column}), 0)`), otherBytes].join(" + ");
}

/** The bytes of a row that lie in the pages of the B-tree. */
export function localBytes(bytes: number): number {
  return Math.min(bytes, MAX_LOCAL_BYTES);
}

/** The pages that a row takes at most, as a fraction, with its entries in indexes. A page of a B-tree is a third full, at least. */
export function rowPages({ indexBytes }: ScrubbedTable, bytes: number): number {
  const own = bytes > MAX_LOCAL_BYTES ? bytes / OVERFLOW_BYTES + 2 : (3 * bytes) / OVERFLOW_BYTES;
  return own + (3 * indexBytes) / OVERFLOW_BYTES;
}
