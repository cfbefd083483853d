import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { packedSql } from "../core/packed-id";
import { MAX_CONTENT_WITH_ROW, MAX_CONTENT_WITH_ROWS } from "../core/read-limits";
import { type EventKey, integer } from "../scan/event-order";
import { type Chain, type LaneSource, laneTable, type PlacedStatement, readAll, unionAll } from "../scan/lane-chains";
import { type PartialPage, partialPageOf } from "../scan/partial-page";
import type { ScanTerm } from "../scan/scan-terms";

/** An event as it is read: its series still a number, and its contents left behind where they are long. */
export interface ScannedEvent {
  key: EventKey;
  database: Database;
  /** Names the tables of its lane. */
  suffix: string;
  slotMicros: Micros;
  seriesId: number;
  id: string;
  /** Characters of its contents: data, context and extra. */
  size: number;
  /** Null where the contents are left behind; see payloads.ts. */
  data: string | null;
  context: string | null;
  extra: string | null;
  visitor: string | null;
  /** JSON [category, name] of an event of the overflow series. */
  type: string | null;
}

interface ScannedRow extends EventKey {
  suffix: string;
  slotMicros: Micros;
  seriesId: number;
  id: string;
  size: number;
  data: string | null;
  context: string | null;
  extra: string | null;
  visitor: string | null;
  type: string | null;
  /** 1: no event to return, but the place behind which a bounded scan did not look. */
  isEnd: number;
}

/** What a page reads of an event's row, as it is stored. */
const STORED = sql.raw(
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

/** What a bounded scan reads of the events that it looks at. Reading `type` is cheap, since it mostly is NULL. */
const SCANNED = sql.raw(
  ["slot", "sample_key", "session_id", "occurred_at", "tie", "received_after", "series_id", "type"]
    .map((column) => `e.${column} AS ${column}`)
    .join(", "),
);

const SIZE = "length(e.data) + coalesce(length(e.context), 0) + coalesce(length(e.extra), 0)";

/** The columns of `ScannedRow`. Contents of more than `most` characters are left behind. */
function columns({ suffix, partition }: LaneSource, most: number): SQL {
  const short = (column: string) => `iif(${SIZE} <= ${most}, e.${column}, NULL) AS ${column}`;
  return sql`${KEY}, ${sql.raw(`'${suffix}' AS suffix, ${partition.slotMicros} AS slotMicros, e.series_id AS seriesId,
    ${packedSql("e.id")} AS id, ${SIZE} AS size, ${short("data")}, ${short("context")}, ${short("extra")},
    ${packedSql("e.visitor_id")} AS visitor, e.type AS type`)}`;
}

/** In place of all columns behind the key, for a row that is no event to return. */
const NO_CONTENTS = sql.raw("'', 0, 0, '', 0, NULL, NULL, NULL, NULL, NULL");

/** How many characters of an event's contents come with its row, so that all rows together stay below a bound. */
export function contentWithRow(rows: number): number {
  return Math.min(MAX_CONTENT_WITH_ROW, Math.floor(MAX_CONTENT_WITH_ROWS / Math.max(1, rows)));
}

/** A chain with what to read of each of its lanes. */
export interface ScanChain {
  database: Database;
  terms: readonly ScanTerm[];
}

export function scanChains(chains: readonly Chain[], termOf: (lane: LaneSource) => ScanTerm): ScanChain[] {
  return chains.map(({ database, lanes }) => ({ database, terms: lanes.map(termOf) }));
}

/**
 * Reads the first events of each chain: `limit` and one more, which tells that there are more.
 *
 * @param matches a condition on `e`. What it leaves out is read all the same, so the caller knows that this is little.
 * @param most characters of contents that come with a row
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
          // Sorted as it is stored: what is made of the columns is only made of the rows that are returned.
          const found = sql`SELECT ${columns(lane, most)}, 0 AS isEnd
              FROM (SELECT ${STORED} ${from} AND ${matches(database)} ORDER BY ${sort} LIMIT ${rows}) AS e`;
          if (end === null) return found;
          return sql`SELECT * FROM (
              ${found}
              UNION ALL
              SELECT moment, ${integer(-Number.MAX_SAFE_INTEGER)}, 't', 0, ${NO_CONTENTS}, 1
              FROM (SELECT ${end} AS moment) WHERE moment IS NOT NULL
              LIMIT ${rows})`;
        }),
      )} LIMIT ${rows}`,
    })),
    limit,
  );
}

/**
 * Reads the first events of each chain that match a condition on `e`. Looks at `budget` events of each lane at most, and tells
 * how far it came.
 */
export async function scanMatching(
  chains: readonly ScanChain[],
  { limit, budget, matches }: { limit: number; budget: number; matches: (database: Database) => SQL },
): Promise<PartialPage<ScannedEvent, EventKey>[]> {
  const most = contentWithRow(chains.length * (limit + 1));
  return readPartialPages(
    chains.map(({ database, terms }) => ({
      database,
      statement: sql`${unionAll(terms.map((term) => matchingTerm(term, { limit, most, budget, matches: matches(database) })))}
        LIMIT ${integer(limit + 1)}`,
    })),
    limit,
  );
}

/**
 * The keys of `budget` events are scanned, and those that match are looked up. The last of them follows, since it tells
 * how far the scan came: it is only sought where the matching ones do not fill the page.
 */
function matchingTerm(
  { lane, from, sort }: ScanTerm,
  { limit, most, budget, matches }: { limit: number; most: number; budget: number; matches: SQL },
): SQL {
  const scanned = sql`SELECT ${SCANNED} ${from} ORDER BY ${sort}`;
  return sql`
    SELECT * FROM (
      SELECT ${columns(lane, most)}, 0 AS isEnd
      FROM (SELECT * FROM (${scanned} LIMIT ${integer(budget)}) AS e WHERE ${matches}) AS w
      CROSS JOIN ${laneTable("events", lane)} AS e
      WHERE e.slot = w.slot AND e.sample_key = w.sample_key AND e.session_id = w.session_id AND e.occurred_at = w.occurred_at AND e.tie = w.tie
      UNION ALL
      SELECT ${KEY}, ${NO_CONTENTS}, 1 AS isEnd FROM (${scanned} LIMIT 1 OFFSET ${integer(budget - 1)}) AS e
      LIMIT ${integer(limit + 1)}
    )`;
}

/** Reads all events of some terms, in no order. The caller knows that they are few. */
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
    // Where a lane was left before its end, what the chain read behind it does not count.
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
