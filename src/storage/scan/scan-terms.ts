import { type SQL, sql } from "drizzle-orm";
import { SERIES_PER_PAGE } from "../../model/limits";
import type { Micros } from "../../model/time/time";
import { minuteOf } from "../../model/time/units";
import { storedId } from "../core/packed-id";
import { slotOf, slotsPerWindow, windowOf } from "../partitions/partition";
import { rareIndexOf } from "../partitions/partition-tables";
import { sampleKeyOf } from "../partitions/sample-key";
import { type Bounds, boundsIn, type EventRange, integer, isBeyond, sortBy } from "./event-order";
import { type LaneSource, laneTable } from "./lane-chains";

/**
 * The events of a lane in the order of a scan, as SQL: `FROM … WHERE …` with the events as `e`, and the columns to
 * sort by. The sort starts with the columns in whose order the rows come, so SQLite sorts one slot at a time and
 * stops at the LIMIT.
 */
export interface ScanTerm {
  lane: LaneSource;
  from: SQL;
  sort: SQL;
  /** Set if the term may end before its range does. */
  end: ScanEnd | null;
}

/** The place at which a bounded term ends. `from` refers to it as `bound.moment`, so that it is computed once. */
export interface ScanEnd {
  /** A timestamp, as SQL. */
  bound: SQL;
  /** The same, or null if the term covers its range, as SQL that refers to `bound.moment`. */
  moment: SQL;
}

const KEY = ["e.occurred_at", "e.received_after", "e.session_id", "e.tie"];

/** All events of the range. */
export function timeTerm(lane: LaneSource, range: EventRange): ScanTerm {
  const { low, high } = boundsIn(lane.partition, range);
  return slotsTerm(lane, range, {
    first: integer(slotOf(low, lane.partition)),
    last: integer(slotOf(high, lane.partition)),
    end: null,
  });
}

function slotsTerm(
  lane: LaneSource,
  range: EventRange,
  { first, last, end }: { first: SQL; last: SQL; end: ScanEnd | null },
) {
  return {
    lane,
    from: sql`FROM ${laneTable("events", lane)} AS e
      WHERE e.slot >= ${first} AND e.slot <= ${last} AND ${isLeft(lane, range, boundsIn(lane.partition, range))}`,
    sort: sortBy(["e.slot", ...KEY], range.order),
    end,
  };
}

/** The minutes of counts that a bounded term examines, and the days that it examines after them. */
const BOUNDING_MINUTES = 30;
const BOUNDING_DAYS = 30;

/**
 * About `budget` of the next events of the range: to the end of the minute in which the counts exceed the budget, if
 * that is within BOUNDING_MINUTES from the first event. If traffic is too low for that, to the end of the last day
 * up to which the daily counts stay below the budget. For main lanes only, because late ones have no counts. Slots
 * of a minute end with it.
 */
export function boundedTimeTerm(lane: LaneSource, range: EventRange, budget: number): ScanTerm {
  const { low, high } = boundsIn(lane.partition, range);
  const isAscending = range.order === "asc";
  const width = integer(lane.partition.slotMicros);
  const minutes = sql`held.minute BETWEEN ${minuteSql(low)} AND ${minuteSql(high)}`;
  const [edge, next, order, step] = isAscending
    ? [sql.raw("min"), sql.raw("min(minute) + 60"), sql.raw("ASC"), 60]
    : [sql.raw("max"), sql.raw("max(minute)"), sql.raw("DESC"), -60];
  // Both ends of the counted minutes, starting at the first event. Its minute is not counted, because it may be
  // nearly done.
  const [near, far] = [
    sql`begun.minute + ${integer(step)}`,
    sql`begun.minute + ${integer(step * (BOUNDING_MINUTES - 1))}`,
  ];
  // A single range: of two, SQLite may use the wider for its seek.
  const [first, last] = isAscending ? [near, far] : [far, near];
  const counted = sql`max(${first}, ${minuteSql(low)}) AND min(${last}, ${minuteSql(high)})`;
  const bound = sql`(
    WITH begun (minute) AS (
      SELECT ${edge}(minute) FROM (
        SELECT (SELECT ${edge}(held.minute) FROM ${laneTable("minutes", lane)} AS held
          WHERE held.page = pages.page AND ${minutes}) AS minute
        FROM ${everyPage()} AS pages
      )
    )
    SELECT 1000000 * coalesce((
      SELECT ${next} FROM (
        SELECT minute, sum(events) OVER (ORDER BY minute ${order}) AS passed FROM (
          SELECT held.minute AS minute, sum(held.events) AS events
          FROM ${everyPage()} AS pages CROSS JOIN ${laneTable("minutes", lane)} AS held
          WHERE held.page = pages.page AND held.minute BETWEEN ${counted} GROUP BY 1
        )
      ) WHERE passed >= ${integer(budget)}
    ), ${isAscending ? sql`max` : sql`min`}(
      begun.minute + ${integer(isAscending ? 60 * BOUNDING_MINUTES : 60 - 60 * BOUNDING_MINUTES)},
      ${daysWithin(budget, range.order)}
    )) FROM begun
  )`;
  const moment = sql`(SELECT moment FROM bound)`;
  // Nothing follows the range, so a term that reaches its end has no end of its own.
  return isAscending
    ? slotsTerm(lane, range, {
        first: integer(slotOf(low, lane.partition)),
        last: sql`min(${integer(slotOf(high, lane.partition))}, ${moment} / ${width} - 1)`,
        end: { bound, moment: sql`nullif(min(${moment}, ${integer(high + 1)}), ${integer(high + 1)})` },
      })
    : slotsTerm(lane, range, {
        first: sql`max(${integer(slotOf(low, lane.partition))}, ${moment} / ${width})`,
        last: integer(slotOf(high, lane.partition)),
        end: { bound, moment: sql`nullif(max(${moment}, ${integer(low)}), ${integer(low)})` },
      });
}

/**
 * The end of the last of BOUNDING_DAYS, in the scan's order, up to which there are no more than `budget` events, starting
 * from the day of `begun.minute`. Days without events count too: otherwise a quiet partition would end before its range.
 */
function daysWithin(budget: number, order: EventRange["order"]): SQL {
  const isAscending = order === "asc";
  const day = sql`begun.minute / 86400 * 86400`;
  const ahead = integer(86_400 * (BOUNDING_DAYS - 1));
  const counted = sql`${everyPage()} AS pages CROSS JOIN counts AS held
    WHERE held.seconds = 86400 AND held.page = pages.page
      AND held.bucket BETWEEN ${isAscending ? sql`${day} AND ${day} + ${ahead}` : sql`${day} - ${ahead} AND ${day}`}`;
  const whole = isAscending ? sql`${day} + ${ahead} + 86400` : sql`${day} - ${ahead}`;
  // Most quiet partitions stay within the budget, and a plain sum reads a quarter of the rows of a running one.
  return sql`CASE WHEN (SELECT total(held.events) FROM ${counted}) <= ${integer(budget)} THEN ${whole} ELSE (
    SELECT ${isAscending ? sql`min(bucket)` : sql`max(bucket) + 86400`} FROM (
      SELECT bucket, sum(events) OVER (ORDER BY bucket ${isAscending ? sql`ASC` : sql`DESC`}) AS passed FROM (
        SELECT held.bucket AS bucket, sum(held.events) AS events FROM ${counted} GROUP BY 1
      )
    ) WHERE passed > ${integer(budget)}
  ) END`;
}

function minuteSql(moment: Micros): SQL {
  return integer(minuteOf(moment));
}

/** The pages of dimension keys of a database. */
export function everyPage(): SQL {
  return sql`(
    WITH RECURSIVE every (page) AS (
      SELECT 0 UNION ALL
      SELECT page + 1 FROM every WHERE page < (SELECT max(series_id) / ${integer(SERIES_PER_PAGE)} FROM series)
    ) SELECT page FROM every)`;
}

/** Events in the index of rare categories. `category` is the number of one, as SQL. */
export function rareTerm(lane: LaneSource, range: EventRange, category: SQL): ScanTerm {
  return {
    lane,
    from: sql`FROM ${laneTable("events", lane)} AS e INDEXED BY ${sql.raw(rareIndexOf(lane))}
      WHERE e.rare = ${category} AND e.rare IS NOT NULL AND ${isLeft(lane, range, boundsIn(lane.partition, range))}`,
    sort: sortBy(KEY, range.order),
    end: null,
  };
}

/**
 * The events of a session. `activity` gives the windows in which it has events, and `numbers` the slots of a window,
 * with one seek for each. CROSS JOIN keeps this order, so the scan stops at the LIMIT.
 */
export function sessionTerm(lane: LaneSource, range: EventRange, session: string): ScanTerm {
  const bounds = boundsIn(lane.partition, range);
  return {
    lane,
    from: sql`FROM ${slotsOfSession(lane, bounds, { id: storedId(session), sampleKey: integer(sampleKeyOf(session)) })} AND ${isLeft(lane, range, bounds, sql`+e.occurred_at`)}`,
    sort: sortBy(['a."window"', "n.n", "e.occurred_at", "e.received_after", "e.tie"], range.order),
    end: null,
  };
}

/**
 * `activity AS a CROSS JOIN numbers AS n CROSS JOIN events AS e WHERE …`: a session's events in the slots of a time
 * range.
 *
 * Bounds are added only if they exclude something: a seek with a range counts as a row read even if it finds
 * nothing. For the same reason, conditions on `e.occurred_at` need a plus, so that they do not use the index.
 */
export function slotsOfSession(
  lane: LaneSource,
  { low, high }: Bounds,
  { id, sampleKey }: { id: SQL; sampleKey: SQL },
): SQL {
  const { partition } = lane;
  const perWindow = integer(slotsPerWindow(partition));
  const conditions = [sql`a.session_id = ${id} AND n.n < ${perWindow}`];
  if (low > partition.from) {
    conditions.push(sql`a."window" >= ${integer(windowOf(low))}
      AND n.n >= ${integer(slotOf(low, partition))} - a."window" * ${perWindow}`);
  }
  if (high < partition.to - 1) {
    conditions.push(sql`a."window" <= ${integer(windowOf(high))}
      AND n.n <= ${integer(slotOf(high, partition))} - a."window" * ${perWindow}`);
  }
  conditions.push(
    sql`e.slot = a."window" * ${perWindow} + n.n AND e.sample_key = ${sampleKey} AND e.session_id = ${id}`,
  );
  return sql`${laneTable("activity", lane)} AS a CROSS JOIN numbers AS n CROSS JOIN ${laneTable("events", lane)} AS e
    WHERE ${sql.join(conditions, sql` AND `)}`;
}

/** The conditions on an event itself: it is in the range, after the cursor, and not a copy of another. */
function isLeft(
  lane: LaneSource,
  { order, after }: EventRange,
  { low, high }: Bounds,
  moment = sql`e.occurred_at`,
): SQL {
  const conditions = [sql`${moment} BETWEEN ${integer(low)} AND ${integer(high)}`];
  if (after !== null && after.occurredAt >= low && after.occurredAt <= high) {
    conditions.push(isBeyond(after, order, moment));
  }
  if (lane.main !== null) conditions.push(isNoCopy(lane.main.suffix));
  return sql.join(conditions, sql` AND `);
}

/** An event of a late lane whose identity is also in the main lane is a copy. */
export function isNoCopy(main: string): SQL {
  return sql`NOT EXISTS (
    SELECT 1 FROM ${sql.raw(`events_${main}`)} AS m
    WHERE m.slot = e.slot AND m.sample_key = e.sample_key AND m.session_id = e.session_id AND m.occurred_at = e.occurred_at AND m.tie = e.tie)`;
}

/** The condition that an event `e` was received before a scan began. */
export function isKnown(asOf: Micros): SQL {
  return sql`e.occurred_at + e.received_after <= ${integer(asOf)}`;
}
