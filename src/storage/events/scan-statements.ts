import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { packedSql } from "../core/packed-id";
import { MAX_CONTENT_WITH_ROW, MAX_CONTENT_WITH_ROWS } from "../core/read-limits";
import { unionAll } from "../core/union-all";
import { type EventKey, integer } from "../scan/event-order";
import { type Chain, type LaneSource, laneTable, type PlacedStatement, readAll } from "../scan/lane-chains";
import { type PartialPage, partialPageOf } from "../scan/partial-page";
import type { ScanTerm } from "../scan/scan-terms";

/** An event as a scan reads it: with the number of its dimension key, and without its contents if they are long. */
export interface ScannedEvent {
  key: EventKey;
  database: Database;
  /** The suffix of its lane's tables. */
  suffix: string;
  slotMicros: Micros;
  seriesId: number;
  id: string;
  /** The number of characters of its contents: data, context and extra. */
  size: number;
  /** Null if the contents were not read with the row; see payloads.ts. */
  data: string | null;
  context: string | null;
  extra: string | null;
  visitor: string | null;
  /** JSON [category, name] for an event of the overflow key. */
  type: string | null;
}

interface ScannedRow extends EventKey, Omit<ScannedEvent, "key" | "database"> {
  /** 1 marks the place at which a bounded scan stopped, instead of an event. */
  isEnd: number;
}

/** The columns of an event that a page reads, as stored. */
export const STORED = sql.raw(
  [
    "occurred_at",
    "received_after",
    "session_id",
    "tie",
    "series_id",
    "id",
    "data",
    "context",
    "extra",
    "visitor_id",
    "type",
  ]
    .map((column) => `e.${column}`)
    .join(", "),
);

const KEY = sql.raw(
  `e.occurred_at AS occurredAt, e.received_after AS receivedAfter, ${packedSql("e.session_id")} AS session, e.tie AS tie`,
);

/** The columns that every index of events contains. */
const INDEXED = ["slot", "sample_key", "session_id", "occurred_at", "tie", "received_after"];

/**
 * The columns that a bounded scan reads of each event it examines. Reading `type` is cheap, because it is mostly
 * NULL.
 */
const SCANNED = selected([...INDEXED, "series_id", "type"]);

function selected(columns: readonly string[]): SQL {
  return sql.raw(columns.map((column) => `e.${column} AS ${column}`).join(", "));
}

const SIZE = "length(e.data) + coalesce(length(e.context), 0) + coalesce(length(e.extra), 0)";

/** The columns of `ScannedRow`. Contents of more than `most` characters are not read. */
function columns({ suffix, partition }: LaneSource, most: number): SQL {
  const short = (column: string) => `iif(${SIZE} <= ${most}, e.${column}, NULL) AS ${column}`;
  return sql`${KEY}, ${sql.raw(`'${suffix}' AS suffix, ${partition.slotMicros} AS slotMicros, e.series_id AS seriesId,
    ${packedSql("e.id")} AS id, ${SIZE} AS size, ${short("data")}, ${short("context")}, ${short("extra")},
    ${packedSql("e.visitor_id")} AS visitor, e.type AS type`)}`;
}

/** Replaces all columns after the key in a row that is not an event. */
const NO_CONTENTS = sql.raw("'', 0, 0, '', 0, NULL, NULL, NULL, NULL, NULL");

/**
 * The number of characters of contents that may be read with each row, so that all rows together stay within the
 * limit.
 */
export function contentWithRow(rows: number): number {
  return Math.min(MAX_CONTENT_WITH_ROW, Math.floor(MAX_CONTENT_WITH_ROWS / Math.max(1, rows)));
}

/** A chain with the conditions for each of its lanes. */
export interface ScanChain {
  database: Database;
  terms: readonly ScanTerm[];
}

export function scanChains(chains: readonly Chain[], termOf: (lane: LaneSource) => ScanTerm): ScanChain[] {
  return chains.map(({ database, lanes }) => ({ database, terms: lanes.map(termOf) }));
}

/**
 * Reads the first events of each chain: `limit` and one more, which shows that there are more.
 *
 * @param matches a condition on `e`. Excluded events are read too, so the caller must know that they are few.
 * @param most the most characters of contents that are read with a row
 */
export async function scanEvents(
  chains: readonly ScanChain[],
  limit: number,
  matches: (database: Database) => SQL = () => sql`true`,
  most = contentWithRow(chains.length * (limit + 1)),
): Promise<PartialPage<ScannedEvent, EventKey>[]> {
  const rows = integer(limit + 1);
  return readPartialPages(
    chains.map(({ database, terms }) => ({
      database,
      statement: sql`${unionAll(
        terms.map(({ lane, from, sort, end }) => {
          // Sorts the stored columns: the derived ones are computed only for the returned rows.
          const found = sql`SELECT ${columns(lane, most)}, 0 AS isEnd
              FROM (SELECT ${STORED} ${from} AND ${matches(database)} ORDER BY ${sort} LIMIT ${rows}) AS e`;
          if (end === null) return found;
          return sql`SELECT * FROM (
              WITH bound (moment) AS MATERIALIZED (SELECT ${end.bound})
              ${found}
              UNION ALL
              SELECT moment, ${integer(-Number.MAX_SAFE_INTEGER)}, 't', 0, ${NO_CONTENTS}, 1
              FROM (SELECT ${end.moment} AS moment) WHERE moment IS NOT NULL
              LIMIT ${rows})`;
        }),
      )} LIMIT ${rows}`,
    })),
    limit,
  );
}

interface Matching<Condition> {
  limit: number;
  /** Events that are examined of each lane. */
  budget: number;
  /** A condition on `e` that reads only columns of INDEXED. Events that it excludes are examined in the index alone. */
  inIndex?: Condition;
  /** A condition on `e`. */
  matches: Condition;
}

/**
 * Reads the first events of each chain that match the conditions. Examines at most `budget` events of each lane, and
 * returns how far it got.
 */
export async function scanMatching(
  chains: readonly ScanChain[],
  { limit, budget, inIndex, matches }: Matching<(database: Database) => SQL>,
): Promise<PartialPage<ScannedEvent, EventKey>[]> {
  const most = contentWithRow(chains.length * (limit + 1));
  return readPartialPages(
    chains.map(({ database, terms }) => ({
      database,
      statement: sql`${unionAll(
        terms.map((term) => {
          const conditions = { matches: matches(database), ...(inIndex && { inIndex: inIndex(database) }) };
          return matchingTerm(term, { limit, most, budget, ...conditions });
        }),
      )}
        LIMIT ${integer(limit + 1)}`,
    })),
    limit,
  );
}

/**
 * Scans the keys of `budget` events and looks up those that match. The last scanned key comes last, to show how far
 * the scan came; it is only searched for if the matches do not fill the page.
 */
function matchingTerm(
  { lane, from, sort }: ScanTerm,
  { limit, most, budget, inIndex, matches }: Matching<SQL> & { most: number },
): SQL {
  const scanned = sql`SELECT ${inIndex === undefined ? SCANNED : selected(INDEXED)} ${from} ORDER BY ${sort}`;
  // Without columns outside of the index, the other condition is checked on the events that are looked up.
  const [first, then] = inIndex === undefined ? [matches, sql`true`] : [inIndex, matches];
  return sql`
    SELECT * FROM (
      SELECT ${columns(lane, most)}, 0 AS isEnd
      FROM (SELECT * FROM (${scanned} LIMIT ${integer(budget)}) AS e WHERE ${first}) AS w
      CROSS JOIN ${laneTable("events", lane)} AS e
      WHERE e.slot = w.slot AND e.sample_key = w.sample_key AND e.session_id = w.session_id AND e.occurred_at = w.occurred_at AND e.tie = w.tie
        AND ${then}
      UNION ALL
      SELECT ${KEY}, ${NO_CONTENTS}, 1 AS isEnd FROM (${scanned} LIMIT 1 OFFSET ${integer(budget - 1)}) AS e
      LIMIT ${integer(limit + 1)}
    )`;
}

/** Reads all events of some terms, unordered. The caller must know that they are few. */
export async function readWhole(
  statements: readonly (PlacedStatement & { lane: LaneSource })[],
  expected: number,
): Promise<ScannedEvent[]> {
  const most = contentWithRow(expected);
  const results = await readAll<ScannedRow>(
    statements.map(({ database, statement, lane }) => ({
      database,
      statement: sql`SELECT ${columns(lane, most)}, 0 AS isEnd ${statement}`,
    })),
  );
  return results.flatMap((rows, place) => {
    const database = statements[place]?.database;
    return database === undefined ? [] : rows.map((row) => toScanned(row, database));
  });
}

async function readPartialPages(
  statements: readonly PlacedStatement[],
  limit: number,
): Promise<PartialPage<ScannedEvent, EventKey>[]> {
  const results = await readAll<ScannedRow>(statements);
  return results.flatMap((rows, place) => {
    const database = statements[place]?.database;
    if (database === undefined) return [];
    // If a lane was not scanned to its end, later rows of the same chain do not count.
    const end = rows.findIndex(({ isEnd }) => isEnd === 1);
    if (end === -1)
      return [
        partialPageOf(
          rows.map((row) => toScanned(row, database)),
          limit,
        ),
      ];
    const read = rows.slice(0, end + 1).map((row) => toScanned(row, database));
    return [{ rows: read.slice(0, end), until: read.at(-1)?.key ?? null }];
  });
}

function toScanned(row: ScannedRow, database: Database): ScannedEvent {
  const { occurredAt, receivedAfter, session, tie, isEnd: _, ...rest } = row;
  return { key: { occurredAt, receivedAfter, session, tie }, database, ...rest };
}
