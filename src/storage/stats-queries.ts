import { sql } from "drizzle-orm";
import type { Database } from "./databases";
import { MAX_STATS_CELLS } from "./read-limits";
import { type Reader, readerOf } from "./reader";
import { matchingSeries, type SeriesFilter } from "./series";
import { counts } from "./tables";

export const INTERVAL_SECONDS = { minute: 60, hour: 3_600, day: 86_400 } as const;

export type Interval = keyof typeof INTERVAL_SECONDS;

export const DIMENSIONS = ["application", "category", "name"] as const;

export type Dimension = (typeof DIMENSIONS)[number];

export interface StatsQuestion extends SeriesFilter {
  interval: Interval;
  groupBy: readonly Dimension[];
  /** Starts of the first and the last bucket, in seconds since 1970. */
  first: number;
  last: number;
}

/** How many events a group has in a bucket. */
export interface Cell {
  /** The bucket's start, in seconds since 1970. */
  bucket: number;
  group: Partial<Record<Dimension, string>>;
  events: number;
}

/**
 * Exact numbers of events, from the counts kept at each interval: reads one row for each series and bucket that has
 * events, and never an event. In the order of time, then of the groups' texts.
 *
 * @returns null if there are more than MAX_STATS_CELLS
 * @throws what D1 throws
 */
export async function countEvents(databases: Database[], question: StatsQuestion): Promise<Cell[] | null> {
  const parts = await Promise.all(databases.map((database) => countIn(readerOf(database), question)));
  const cells = new Map<string, Cell>();
  for (const cell of parts.flat()) {
    const key = JSON.stringify([cell.bucket, cell.group]);
    const same = cells.get(key);
    if (same === undefined) cells.set(key, { ...cell });
    else same.events += cell.events;
  }
  // A database stops at one cell too many, so its sum may then be short: it is not an answer.
  if (cells.size > MAX_STATS_CELLS || parts.some((part) => part.length > MAX_STATS_CELLS)) return null;
  const texts = ({ group }: Cell) => question.groupBy.map((dimension) => group[dimension] ?? "").join("\u0000");
  return [...cells.values()].sort((a, b) => a.bucket - b.bucket || compareTexts(texts(a), texts(b)));
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

async function countIn(reader: Reader, question: StatsQuestion): Promise<Cell[]> {
  const { interval, groupBy, first, last } = question;
  const series = await matchingSeries(reader, question);
  const groups: Cell["group"][] = [];
  const numbers = new Map<string, number>();
  const members = series.map((one): [number, number] => {
    const group = Object.fromEntries(groupBy.map((dimension) => [dimension, one[dimension]]));
    const key = JSON.stringify(group);
    const number = numbers.get(key) ?? groups.push(group) - 1;
    numbers.set(key, number);
    return [one.seriesId, number];
  });
  if (members.length === 0) return [];
  const seconds = INTERVAL_SECONDS[interval];
  const held = sql`json_each(${JSON.stringify(members)}) AS members CROSS JOIN ${counts} AS held
    WHERE held.seconds = ${seconds} AND held.series_id = members.value ->> 0 AND held.bucket BETWEEN ${first} AND ${last}`;
  const toCell = ([member, bucket, events]: Row): Cell => ({ bucket, group: groups[member] ?? {}, events });
  if (members.length * ((last - first) / seconds + 1) <= MAX_STATS_CELLS) {
    // D1 bills every row that it sorts into groups once more. What is no longer than an answer is added up here instead,
    // and comes as one text, since D1 takes longer over rows.
    const [all] = await reader.all<{ rows: string }>(sql`
      SELECT json_group_array(json_array(members.value ->> 1, held.bucket, held.events)) AS rows FROM ${held}`);
    const rows: Row[] = JSON.parse(all?.rows ?? "[]");
    return rows.map(toCell);
  }
  const rows = await reader.all<{ member: number; bucket: number; events: number }>(sql`
    SELECT members.value ->> 1 AS member, held.bucket AS bucket, sum(held.events) AS events FROM ${held}
    GROUP BY members.value ->> 1, held.bucket LIMIT ${MAX_STATS_CELLS + 1}`);
  return rows.map(({ member, bucket, events }) => toCell([member, bucket, events]));
}

type Row = [member: number, bucket: number, events: number];
