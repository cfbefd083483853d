import type { Database } from "../core/databases";
import { MAX_GROUPS_TALLIED, MAX_STATS_CELLS } from "../core/read-limits";
import { type Reader, readerOf } from "../core/reader";
import { type BucketCounts, type BucketRange, type CountSource, countsIn, totalsIn, withCounts } from "./counts";
import { type CountedGroup, type GroupName, GroupTally, groupName } from "./group-tally";
import { matchingSeriesIds, OTHER, type Series, type SeriesFilter, seriesOf } from "./series";

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

export interface StatsAnswer {
  cells: Cell[];
  /** True if there were more groups than an answer holds: the smallest of them stand in one, all of whose texts are OTHER. */
  folded: boolean;
}

/**
 * Exact numbers of events, from the counts kept at each interval: reads one row for each bucket that has events (and one
 * more for each further 256 series), and never an event. In the order of time, then of the groups' texts.
 *
 * Where groups and buckets make more than MAX_STATS_CELLS, the counts are read once more for the largest groups, and the
 * others are added up in one. So whoever makes many types cannot have a question refused.
 *
 * @throws what D1 throws
 */
export function countEvents(databases: Database[], question: StatsQuestion): Promise<StatsAnswer> {
  const { groupBy, interval, first, last } = question;
  const range = { seconds: INTERVAL_SECONDS[interval], first, last };
  return withCounts(databases, range, async (sources) => {
    if (groupBy.length === 0) {
      const totals = await Promise.all(sources.map((source) => totalsOf(source, question, range)));
      return { cells: cellsOf([{ ...groupName([]), byBucket: sumUp(totals) }], groupBy), folded: false };
    }
    const tally = new GroupTally(range, { cells: MAX_STATS_CELLS, groups: MAX_GROUPS_TALLIED });
    await forEachCount(sources, question, range, (...count) => tally.add(...count));
    const complete = tally.groups();
    if (complete !== null) return { cells: cellsOf(complete, groupBy), folded: false };
    const largest = tally.largest(groupName(groupBy.map(() => OTHER)));
    await forEachCount(sources, question, range, (...count) => largest.add(...count));
    return { cells: cellsOf(largest.groups(), groupBy), folded: true };
  });
}

/** The events of all series that the filters leave, by bucket. */
async function totalsOf(source: CountSource, filter: SeriesFilter, range: BucketRange): Promise<Map<number, number>> {
  const wanted = await matchingSeriesIds(readerOf(source.database), filter);
  if (wanted === null) return totalsIn(source, range);
  const totals = new Map<number, number>();
  for await (const buckets of countsIn(source, range, wanted)) {
    for (const { bucket, bySeries } of buckets) {
      const events = bySeries.reduce((sum, [, own]) => sum + own, 0);
      if (events > 0) totals.set(bucket, (totals.get(bucket) ?? 0) + events);
    }
  }
  return totals;
}

function sumUp(totals: Map<number, number>[]): Map<number, number> {
  const all = new Map<number, number>();
  for (const [bucket, events] of totals.flatMap((own) => [...own])) all.set(bucket, (all.get(bucket) ?? 0) + events);
  return all;
}

/** Gives each count in the range with its group. Looks up only series that have events there. */
async function forEachCount(
  sources: CountSource[],
  { groupBy, ...filter }: StatsQuestion,
  range: BucketRange,
  add: (group: GroupName, bucket: number, events: number) => void,
): Promise<void> {
  const other = groupName(groupBy.map(() => OTHER));
  await Promise.all(
    sources.map(async (source) => {
      const reader = readerOf(source.database);
      const wanted = await matchingSeriesIds(reader, filter);
      for await (const buckets of countsIn(source, range, wanted)) {
        const groups = await groupsOf(source, reader, buckets, groupBy);
        for (const { bucket, bySeries } of buckets) {
          const sums = new Map<GroupName, number>();
          for (const [id, events] of bySeries) {
            // A replica may have the counts of a new series before the series itself.
            const group = groups.get(id) ?? other;
            sums.set(group, (sums.get(group) ?? 0) + events);
          }
          for (const [group, events] of sums) add(group, bucket, events);
        }
      }
    }),
  );
}

/** The group of each series in the given counts. Those of one group share its name. */
async function groupsOf(
  { database }: CountSource,
  reader: Reader,
  buckets: BucketCounts[],
  groupBy: readonly Dimension[],
): Promise<Map<number, GroupName>> {
  const ids = new Set<number>();
  for (const { bySeries } of buckets) {
    for (const [id] of bySeries) ids.add(id);
  }
  const names = new Map<string, GroupName>();
  const groups = new Map<number, GroupName>();
  for (const [id, series] of await seriesOf(database, reader, ids)) {
    const own = groupName(groupBy.map((dimension) => textOf(series, dimension)));
    const name = names.get(own.key) ?? own;
    names.set(own.key, name);
    groups.set(id, name);
  }
  return groups;
}

function textOf(series: Series, dimension: Dimension): string {
  return series[dimension] === "" ? OTHER : series[dimension];
}

function cellsOf(groups: CountedGroup[], groupBy: readonly Dimension[]): Cell[] {
  return groups
    .toSorted((a, b) => compareTexts(a.texts.join("\u0000"), b.texts.join("\u0000")))
    .flatMap(({ texts, byBucket }) => {
      const group = Object.fromEntries(groupBy.map((dimension, place) => [dimension, texts[place] ?? ""]));
      return [...byBucket].map(([bucket, events]) => ({ bucket, group, events }));
    })
    .sort((a, b) => a.bucket - b.bucket);
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
