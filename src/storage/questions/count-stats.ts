import type { SeriesDimension } from "../../model/questions/stats-dimension";
import { bucketPlace, type Period, periodOf } from "../../model/time/calendar";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { MAX_COUNTED_AGGREGATES, MAX_GROUPS_TALLIED, MAX_LIVE_EVENTS } from "../core/read-limits";
import { readerOf } from "../core/reader";
import type { BucketSpans, CountSource } from "../counts/count-tables";
import { countsIn, totalsIn } from "../counts/counts";
import { matchingSeriesIds, OTHER, type Series, type SeriesFilter, seriesOf } from "../counts/series";
import type { PartitionMap } from "../partitions/partition-map";
import { type CountPlan, planCounts } from "./count-plan";
import { type CountedGroup, FoldedTally, GroupTally } from "./group-tally";
import { accuracyOf, type GroupName, groupName, type Line, type Shown, type StatsAnswer } from "./stats-answer";
import { readTuples } from "./tuples/read-tuples";
import { unreadableIn } from "./unreadable";

/** A query for numbers of events that counts can answer. */
export interface CountQuestion {
  filter: SeriesFilter;
  groupBy: readonly SeriesDimension[];
  /** The starts of the buckets and the end of the last one, ascending. */
  bounds: readonly Micros[];
}

type Add = (group: GroupName, place: number, events: number) => void;

/**
 * Exact numbers of events, from the counts by day, hour and minute: one row for each bucket and each 256 dimension
 * keys. Events are read only if a period starts or ends within a minute, and in late lanes, which have no counts.
 *
 * If groups and buckets make too many aggregate rows, the counts are read again for the shown groups alone. So a
 * sender that makes many types cannot cause a query to be refused.
 *
 * @throws DrizzleQueryError
 */
export async function countStats(
  databases: readonly Database[],
  map: PartitionMap,
  question: CountQuestion,
  shown: Shown,
): Promise<StatsAnswer> {
  const buckets = question.bounds.length - 1;
  const plan = planCounts(question.bounds);
  const tally = new GroupTally({ aggregates: MAX_COUNTED_AGGREGATES, groups: MAX_GROUPS_TALLIED });
  await forEachCount(databases, map, question, plan, (...count) => tally.add(...count));
  const keys = "keys" in shown ? shown.keys : tally.largest(shown.top);
  let complete = tally.groups();
  if (complete === null) {
    const kept = new FoldedTally(keys);
    await forEachCount(databases, map, question, plan, (...count) => kept.add(...count));
    complete = kept.groups();
  }
  const accuracy = accuracyOf({ unreadable: unreadablePeriods(map, plan) });
  return { ...answerOf(complete, keys, buckets, tally.size), accuracy };
}

/**
 * Calls back for each count in the periods with its group and bucket. Looks up only dimension keys that have events
 * there.
 */
async function forEachCount(
  databases: readonly Database[],
  map: PartitionMap,
  { filter, groupBy, bounds }: CountQuestion,
  { counts, edges }: CountPlan,
  add: Add,
): Promise<void> {
  const names = new Map<string, GroupName>();
  const nameOf = (series: Pick<Series, SeriesDimension>) => {
    const made = groupName(groupBy.map((dimension) => (series[dimension] === "" ? OTHER : series[dimension])));
    const name = names.get(made.key) ?? made;
    names.set(made.key, name);
    return name;
  };
  const whole = periodOf(bounds);
  const addTuples = (lanes: "main" | "late", periods: readonly Period[]) =>
    readTuples(databases, map, { periods, filter, paths: [], lanes, most: MAX_LIVE_EVENTS }, (tuples) => {
      for (const tuple of tuples) add(nameOf(tuple), bucketPlace(bounds, tuple.occurredAt), 1);
    });
  await Promise.all([
    ...databases.map(async (database) => {
      const wanted = await matchingSeriesIds(readerOf(database), filter);
      for (const spans of counts) {
        const source = { database, map };
        if (groupBy.length === 0 && wanted === null) await addTotals(source, spans, bounds, add);
        else await addBySeries(source, spans, wanted, { bounds, nameOf, add });
      }
    }),
    ...(edges.length > 0 ? [addTuples("main", edges)] : []),
    ...(map.hasLate(whole) ? [addTuples("late", [whole])] : []),
  ]);
}

async function addTotals(source: CountSource, spans: BucketSpans, bounds: readonly Micros[], add: Add): Promise<void> {
  const all = groupName([]);
  for (const [bucket, events] of await totalsIn(source, spans)) {
    add(all, bucketPlace(bounds, bucket * 1_000_000), events);
  }
}

async function addBySeries(
  source: CountSource,
  spans: BucketSpans,
  wanted: readonly number[] | null,
  { bounds, nameOf, add }: { bounds: readonly Micros[]; nameOf: (series: Series) => GroupName; add: Add },
): Promise<void> {
  const reader = readerOf(source.database);
  for await (const buckets of countsIn(source, spans, wanted)) {
    const ids = new Set(buckets.flatMap(({ bySeries }) => bySeries.map(([id]) => id)));
    const series = await seriesOf(source.database, reader, ids);
    for (const { bucket, bySeries } of buckets) {
      const place = bucketPlace(bounds, bucket * 1_000_000);
      for (const [id, events] of bySeries) {
        // A replica may have the counts of a new dimension key before its row.
        add(nameOf(series.get(id) ?? UNKNOWN), place, events);
      }
    }
  }
}

const UNKNOWN: Series = { seriesId: 0, categoryId: 0, application: OTHER, category: OTHER, name: OTHER };

function answerOf(
  groups: readonly CountedGroup[],
  keys: readonly string[],
  buckets: number,
  size: number,
): Omit<StatsAnswer, "accuracy"> {
  const byKey = new Map(groups.map((group) => [group.key, group]));
  const lines = keys.map((key) => {
    const group = byKey.get(key);
    return { texts: group?.texts ?? JSON.parse(key), ...lineOf(group === undefined ? [] : [group], buckets) };
  });
  const shown = new Set(keys);
  const others = groups.filter(({ key }) => !shown.has(key));
  const found = keys.filter((key) => byKey.has(key)).length;
  return {
    groups: lines,
    other: { groups: size - found, ...lineOf(others, buckets) },
    total: lineOf(groups, buckets),
  };
}

function lineOf(groups: readonly CountedGroup[], buckets: number): Line & { total: number } {
  const values = Array.from({ length: buckets }, () => 0);
  for (const { byPlace } of groups) {
    for (const [place, events] of byPlace) values[place] = (values[place] ?? 0) + events;
  }
  return { total: values.reduce((sum, events) => sum + events, 0), values };
}

/** The parts of a plan that need minutes or events that are no longer kept. */
function unreadablePeriods(map: PartitionMap, { counts, edges }: CountPlan): Period[] {
  const minutes = counts
    .filter(({ seconds }) => seconds === 60)
    .flatMap(({ spans }) => spans.map(([first, last]) => ({ start: first * 1_000_000, end: (last + 60) * 1_000_000 })));
  return unreadableIn(map, [...minutes, ...edges]);
}
