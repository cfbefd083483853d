import { countsIn, totalsIn } from "./counts";
import type { Database } from "./databases";
import { MAX_STATS_CELLS } from "./read-limits";
import { readerOf } from "./reader";
import { everySeries, matchingSeries, type Series, type SeriesFilter } from "./series";

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
 * Exact numbers of events, from the counts kept at each interval: reads one row for each bucket that has events (and one
 * more for each further 256 series), and never an event. In the order of time, then of the groups' texts.
 *
 * @returns null if there are more than MAX_STATS_CELLS
 * @throws what D1 throws
 */
export async function countEvents(databases: Database[], question: StatsQuestion): Promise<Cell[] | null> {
  const parts = await Promise.all(databases.map((database) => countIn(database, question)));
  const cells = new Map<string, Cell>();
  for (const cell of parts.flat()) {
    const key = JSON.stringify([cell.bucket, cell.group]);
    const same = cells.get(key);
    if (same === undefined) cells.set(key, { ...cell });
    else same.events += cell.events;
  }
  // A database stops once it has too many, so its sums may then be short: they are no answer.
  if (cells.size > MAX_STATS_CELLS || parts.some((part) => part.length > MAX_STATS_CELLS)) return null;
  const texts = ({ group }: Cell) => question.groupBy.map((dimension) => group[dimension] ?? "").join("\u0000");
  return [...cells.values()].sort((a, b) => a.bucket - b.bucket || compareTexts(texts(a), texts(b)));
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

async function countIn(database: Database, question: StatsQuestion): Promise<Cell[]> {
  const reader = readerOf(database);
  const { interval, groupBy, category, name, application, first, last } = question;
  const range = { seconds: INTERVAL_SECONDS[interval], first, last };
  const isOfAll = category === null && name === null && application === null;
  if (isOfAll && groupBy.length === 0) {
    return [...(await totalsIn(reader, range))].map(([bucket, events]) => ({ bucket, group: {}, events }));
  }
  const series = isOfAll ? everySeries(database, reader) : matchingSeries(reader, question);
  const groups = groupsOf(await series, groupBy);
  const cells: Cell[] = [];
  const places = new Map<Cell["group"], Map<number, Cell>>();
  for await (const { bucket, bySeries } of countsIn(reader, range, [...groups.keys()])) {
    if (cells.length > MAX_STATS_CELLS) break;
    for (const [seriesId, events] of bySeries) {
      const group = groups.get(seriesId) ?? {};
      const own = places.get(group) ?? new Map<number, Cell>();
      places.set(group, own);
      const same = own.get(bucket);
      if (same !== undefined) same.events += events;
      else {
        const cell = { bucket, group, events };
        own.set(bucket, cell);
        cells.push(cell);
      }
    }
  }
  return cells;
}

/** The group of each series; those of one group share the object. */
function groupsOf(series: Series[], groupBy: readonly Dimension[]): Map<number, Cell["group"]> {
  const groups = new Map<string, Cell["group"]>();
  return new Map(
    series.map((one) => {
      const group = Object.fromEntries(groupBy.map((dimension) => [dimension, one[dimension]]));
      const key = JSON.stringify(group);
      const same = groups.get(key) ?? group;
      groups.set(key, same);
      return [one.seriesId, same];
    }),
  );
}
