import type { Micros } from "../model/time/time";
import type { ArchivedEvent } from "../storage/archive/file/archived-rows";
import type { Database } from "../storage/core/databases";
import { packedSql, storedIdSql, unpackId } from "../storage/core/packed-id";
import { readerOf } from "../storage/core/reader";
import { readSeries } from "../storage/counts/series";

/** A row's place in the order of its table. */
export type RowPlace = [slot: number, sampleKey: number, packedSession: string, occurredAt: number, tie: number];

export interface TableRow {
  place: RowPlace;
  event: ArchivedEvent;
}

/** The limits of one page: rows, and characters of their contents. A page is in memory while it is written to a file. */
const MAX_ROWS = 5_000;
const MAX_CHARACTERS = 4_000_000;

/** The primary key. */
const KEY = "slot, sample_key, session_id, occurred_at, tie";

/** The timestamp of the next row of an event table, or null if there is none. Reads one row. */
export async function nextMoment(
  { binding }: Database,
  suffix: string,
  after: RowPlace | null,
): Promise<Micros | null> {
  const isNext = after === null ? "true" : `slot >= ?1 AND (${KEY}) > (?1, ?2, ${storedIdSql("?3")}, ?4, ?5)`;
  return binding
    .prepare(`SELECT occurred_at FROM events_${suffix} WHERE ${isNext} ORDER BY ${KEY} LIMIT 1`)
    .bind(...(after ?? []))
    .first<Micros>("occurred_at");
}

interface StoredRow {
  slot: number;
  sampleKey: number;
  session: string;
  occurredAt: number;
  tie: number;
  receivedAfter: number;
  seriesId: number;
  id: string;
  data: string;
  context: string | null;
  extra: string | null;
  visitor: string | null;
  type: string | null;
}

/**
 * The next rows of an event table, in the order of its primary key. Reads one row for each. The page after the last
 * row is empty.
 *
 * @param after the last row of the page before; null to start at the beginning
 * @param endSlot the first slot to leave out; null to read to the end of the table
 * @throws what D1 throws
 */
export async function readTableRows(
  database: Database,
  suffix: string,
  after: RowPlace | null,
  endSlot: number | null = null,
): Promise<TableRow[]> {
  const size = "length(data) + coalesce(length(context), 0) + coalesce(length(extra), 0)";
  const isNext =
    after === null ? "slot < ?1" : `slot < ?1 AND slot >= ?2 AND (${KEY}) > (?2, ?3, ${storedIdSql("?4")}, ?5, ?6)`;
  // A page ends before the row that would make it too large. It always holds at least one row.
  const { results } = await database.binding
    .prepare(
      `SELECT slot, sample_key AS sampleKey, ${packedSql("session_id")} AS session, occurred_at AS occurredAt, tie, received_after AS receivedAfter,
         series_id AS seriesId, ${packedSql("id")} AS id, data, context, extra, ${packedSql("visitor_id")} AS visitor, type
       FROM (
         SELECT *, sum(${size}) OVER (ROWS UNBOUNDED PRECEDING) - (${size}) AS before
         FROM (SELECT * FROM events_${suffix} WHERE ${isNext}
           ORDER BY ${KEY} LIMIT ${MAX_ROWS})
       ) WHERE before < ${MAX_CHARACTERS}`,
    )
    .bind(endSlot ?? Number.MAX_SAFE_INTEGER, ...(after ?? []))
    .all<StoredRow>();
  const series = await readSeries(
    readerOf(database),
    results.map(({ seriesId }) => seriesId),
  );
  return results.map((row): TableRow => {
    const words = series.get(row.seriesId);
    if (words === undefined) throw new Error(`database ${database.index} lacks series ${row.seriesId}`);
    const { application, category, name } = words;
    const [ownCategory, ownName]: [string, string] = row.type === null ? [category, name] : JSON.parse(row.type);
    const { data, context, extra, occurredAt } = row;
    return {
      place: [row.slot, row.sampleKey, row.session, occurredAt, row.tie],
      event: {
        session: unpackId(row.session),
        id: unpackId(row.id),
        application,
        category: ownCategory,
        name: ownName,
        occurredAt,
        receivedAt: occurredAt + row.receivedAfter,
        data,
        context,
        extra,
        visitor: row.visitor === null ? null : unpackId(row.visitor),
      },
    };
  });
}
