import * as v from "valibot";
import { groupsOf } from "../../core/groups-of";
import { comparePlaces, type Place } from "./erased-places";
import { localBytes, PAGE_BYTES, rowBytesSql, rowPages, type ScrubbedTable } from "./scrubbed-table";

/**
 * How many rows before and after a place are written again with it. A split moves rows to a page beside theirs, and one row to
 * the page above, so copies are in the leaf pages nearby and in the pages above them. Such a page is written again if all
 * rows below it are. An entry of it is a whole row, so a page one level higher has a power more rows below it: at 170 bytes 24
 * in a leaf page, 580 in the next. As many levels are written again as have few rows, but one at least.
 */
function rowsAside(localBytes: number): number {
  const rowsOfPage = PAGE_BYTES / localBytes;
  let below = rowsOfPage ** 2;
  while (below * rowsOfPage <= FEW_ROWS) below *= rowsOfPage;
  return Math.min(MAX_ROWS_ASIDE, Math.ceil(LEAF_PAGES_ASIDE * rowsOfPage + below));
}

const FEW_ROWS = 1_300;
const LEAF_PAGES_ASIDE = 6;
const MAX_ROWS_ASIDE = 1_500;

/** Enough on either side if rows are large. */
const MAX_PAGES_ASIDE = 1_000;

/** Of one transaction. */
const MAX_ROWS = 6_000;
const MAX_PAGES = 3_000;

/** Places whose neighbourhoods one query reads, at most about 30,000 rows. */
const PLACES_PER_READ = 10;

/** Queries for one transaction: neighbourhoods may overlap, so that it has room for many. */
const MAX_READS = 5;

/** The rows of a table from one place to another, both included. */
export interface Neighbourhood {
  from: Place;
  to: Place;
}

export interface Neighbourhoods {
  /** The places that they cover. */
  places: Place[];
  /** In order, without overlaps. */
  ranges: Neighbourhood[];
  /** The pages that their rows take at most. */
  pages: number;
}

/** A row's place and bytes. */
type SizedRow = readonly [Place, number];

const RowsSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.array(v.tuple([v.array(v.union([v.number(), v.string()])), v.number()])),
);

/** The number of rows, and their bytes. */
const OwnSchema = v.pipe(v.string(), v.parseJson(), v.tuple([v.number(), v.number()]));

/**
 * Reads which rows a transaction writes again to scrub the first of some places: up to 3,000 rows of a table for each.
 *
 * @param table its present name
 * @param places in order, at least one
 * @throws what D1 throws
 */
export async function readNeighbourhoods(
  binding: D1Database,
  { name, table }: { name: string; table: ScrubbedTable },
  places: readonly Place[],
): Promise<Neighbourhoods> {
  const found: Neighbourhoods = { places: [], ranges: [], pages: 0 };
  let rows = 0;
  for (const asked of groupsOf(places.slice(0, MAX_READS * PLACES_PER_READ), PLACES_PER_READ)) {
    const { results } = await binding
      .prepare(neighboursSql(name, table))
      .bind(JSON.stringify(asked))
      .all<{ before: string; own: string; after: string }>();
    for (const [n, place] of asked.entries()) {
      const row = results[n];
      if (row === undefined) return found;
      const before = nearest(table, v.parse(RowsSchema, row.before));
      const after = nearest(table, v.parse(RowsSchema, row.after));
      const range = { from: before.at(-1)?.[0] ?? place, to: after.at(-1)?.[0] ?? place };
      const last = found.ranges.at(-1);
      const isJoined = last !== undefined && comparePlaces(range.from, last.to) <= 0;
      const [ownRows, ownBytes] = v.parse(OwnSchema, row.own);
      const own: SizedRow[] = Array.from({ length: ownRows }, () => [place, ownBytes / ownRows]);
      const added = [...before, ...own, ...after].filter(([one]) => !isJoined || comparePlaces(one, last.to) > 0);
      rows += added.length;
      const pages = added.reduce((sum, [, bytes]) => sum + rowPages(table, bytes), found.pages);
      const isFull = rows > MAX_ROWS || pages > MAX_PAGES;
      if (found.places.length > 0 && isFull) return found;
      found.pages = pages;
      found.places.push(place);
      if (!isJoined) found.ranges.push(range);
      else if (comparePlaces(range.to, last.to) > 0) last.to = range.to;
    }
  }
  return found;
}

/** The nearest rows on one side of a place: enough of them for their size. */
function nearest(table: ScrubbedTable, found: readonly SizedRow[]): SizedRow[] {
  let local = 0;
  let pages = 0;
  const end = found.findIndex(([, bytes], rows) => {
    if (rows > 0 && (rows >= rowsAside(local / rows) || pages > MAX_PAGES_ASIDE)) return true;
    local += localBytes(bytes);
    pages += rowPages(table, bytes);
    return false;
  });
  return end === -1 ? [...found] : found.slice(0, end);
}

/** ?1: places. A row for each of them, in their order. */
function neighboursSql(name: string, table: ScrubbedTable): string {
  const columns = table.key.slice(0, table.placed);
  const own = `(${columns.join(", ")})`;
  const place = `(${columns.map((_, n) => `p.value ->> ${n}`).join(", ")})`;
  const bytes = rowBytesSql(table);
  const aside = (operator: string, order: string) => `(
    SELECT json_group_array(json_array(json_array${own}, bytes)) FROM (
      SELECT ${columns.join(", ")}, ${bytes} AS bytes FROM ${name} WHERE ${own} ${operator} ${place}
      ORDER BY ${columns.map((column) => `${column} ${order}`).join(", ")} LIMIT ${MAX_ROWS_ASIDE}))`;
  return `
SELECT ${aside("<", "DESC")} AS before, ${aside(">", "ASC")} AS after, (
    SELECT json_array(count(*), total(${bytes})) FROM ${name} WHERE ${own} = ${place}
  ) AS own
FROM json_each(?1) AS p ORDER BY p.key`;
}
