import { MAX_PAGE_CONTENT } from "../core/read-limits";

/**
 * What one source (a database) found in a part of a scan: all of its rows from the current place of the scan up to
 * `until`, inclusive. Null if it reached the scan's end.
 */
export interface PartialPage<Row, Key> {
  rows: Row[];
  until: Key | null;
}

/** A page of a scan, and where the next one starts. Null if there is none. */
export interface Page<Row, Key> {
  rows: Row[];
  next: Key | null;
}

/**
 * Merges what several sources found into one page in the order of `compare`, with at most `limit` rows. The page
 * ends where the first source stopped reading, so that no row of a slower source is skipped.
 *
 * A page may be shorter than the limit, and even empty, although there is a next one: some scans examine a bounded
 * number of rows and continue from there.
 */
export function mergePartialPages<Row extends { key: Key }, Key>(
  partialPages: PartialPage<Row, Key>[],
  compare: (a: Key, b: Key) => number,
  limit: number,
): Page<Row, Key> {
  const horizon = partialPages
    .map(({ until }) => until)
    .filter((until) => until !== null)
    .reduce<Key | null>((least, until) => (least === null || compare(until, least) < 0 ? until : least), null);
  const seen = partialPages
    .flatMap(({ rows }) => rows)
    .filter(({ key }) => horizon === null || compare(key, horizon) <= 0)
    .sort((a, b) => compare(a.key, b.key));
  const rows = seen.slice(0, limit);
  return { rows, next: seen.length > limit ? (rows.at(-1)?.key ?? null) : horizon };
}

/** Reverses an ascending comparison for scans from the end. */
export function inDirection<Key>(
  compare: (a: Key, b: Key) => number,
  order: "asc" | "desc",
): (a: Key, b: Key) => number {
  return order === "asc" ? compare : (a, b) => compare(b, a);
}

/** The partial page of a source that read at most `limit + 1` rows. The extra row shows that there are more. */
export function partialPageOf<Row extends { key: Key }, Key>(rows: Row[], limit: number): PartialPage<Row, Key> {
  return { rows, until: rows.length > limit ? (rows.at(-1)?.key ?? null) : null };
}

/** Ends a page early if its contents pass `maxBytes`. The first row always stays, so that every scan advances. */
export function cutByBytes<Row extends { key: Key }, Key>(
  page: Page<Row, Key>,
  bytesOf: (row: Row) => number,
  maxBytes: number,
): Page<Row, Key> {
  let bytes = 0;
  const end = page.rows.findIndex((row, index) => {
    bytes += bytesOf(row);
    return index > 0 && bytes > maxBytes;
  });
  if (end === -1) return page;
  const rows = page.rows.slice(0, end);
  return { rows, next: rows.at(-1)?.key ?? null };
}

/**
 * Makes a page from up to `limit + 1` rows of which only the keys and sizes, in characters, were read. It ends early if the sizes
 * pass MAX_PAGE_CONTENT.
 */
export function pageWithin<Row extends { key: NonNullable<unknown>; size: number }>(
  found: Row[],
  limit: number,
): Page<Row, Row["key"]> {
  const rows: (Row & { key: Row["key"] })[] = found.slice(0, limit);
  const next: Row["key"] | null = found.length > limit ? (rows.at(-1)?.key ?? null) : null;
  return cutByBytes<Row, Row["key"]>({ rows, next }, ({ size }) => size, MAX_PAGE_CONTENT);
}
