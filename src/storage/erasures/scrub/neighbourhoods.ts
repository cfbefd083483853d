import * as v from "valibot";
import { comparePlaces, type Place } from "./erased-places";
import { localBytes, PAGE_BYTES, rowBytesSql, rowPages, type ScrubbedTable } from "./scrubbed-table";

/**
 * How many rows before and after a place are written again with it. A split moves rows to a page beside theirs, and one row to
 * the page above, so copies are in the leaf pages nearby and in the page above them. That page is written again if all
 * rows below it are: as many as its entries, which are whole rows, times those of a leaf page. Some more are for leaf pages
 * beside them.
 */
function rowsAside(localBytes: number): number {
  return Math.min(MAX_ROWS_ASIDE, Math.ceil(ROWS_NEARBY + (PAGE_BYTES / localBytes) ** 2));
}

const ROWS_NEARBY = 100;
const MAX_ROWS_ASIDE = 1_500;

/** Of one transaction. */
const MAX_ROWS = 6_000;
const MAX_PAGES = 3_000;

/** Places whose neighbourhoods one query reads, at most about 30,000 rows. */
const PLACES_PER_PLAN = 10;

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

/** Each row's place and bytes. */
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
  const asked = places.slice(0, PLACES_PER_PLAN);
  const { results } = await binding
    .prepare(neighboursSql(name, table))
    .bind(JSON.stringify(asked))
    .all<{ before: string; own: string; after: string }>();
  const found: Neighbourhoods = { places: [], ranges: [], pages: 0 };
  let rows = 0;
  for (const [n, place] of asked.entries()) {
    const row = results[n];
    if (row === undefined) break;
    const before = nearest(table, v.parse(RowsSchema, row.before), place);
    const after = nearest(table, v.parse(RowsSchema, row.after), place);
    const [ownRows, ownBytes] = v.parse(OwnSchema, row.own);
    rows += before.rows + ownRows + after.rows;
    const ownPages = ownRows === 0 ? 0 : ownRows * rowPages(table, ownBytes / ownRows);
    const pages = found.pages + before.pages + ownPages + after.pages;
    if (n > 0 && (rows > MAX_ROWS || pages > MAX_PAGES)) break;
    found.pages = pages;
    found.places.push(place);
    const last = found.ranges.at(-1);
    if (last !== undefined && comparePlaces(before.end, last.to) <= 0) last.to = after.end;
    else found.ranges.push({ from: before.end, to: after.end });
  }
  return found;
}

/** The nearest rows on one side of a place: enough of them for their size. */
function nearest(table: ScrubbedTable, found: readonly [Place, number][], place: Place) {
  const side = { end: place, rows: 0, pages: 0 };
  let local = 0;
  for (const [end, bytes] of found) {
    if (side.rows > 0 && side.rows >= rowsAside(local / side.rows)) break;
    side.end = end;
    side.rows += 1;
    side.pages += rowPages(table, bytes);
    local += localBytes(bytes);
  }
  return side;
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
