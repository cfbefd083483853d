import type { Interval } from "../../model/questions/numbers/estimate";
import { quantileOf } from "../../model/questions/numbers/quantile";
import { groupTexts, type SessionDimension } from "../../model/questions/sessions/session-dimension";
import type { PropertyFilter } from "../../model/questions/stats-dimension";
import { bucketPlace, type Period, periodOf } from "../../model/time/calendar";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { MAX_SESSION_EVENTS } from "../core/read-limits";
import type { SeriesFilter } from "../counts/series";
import type { PartitionMap } from "../partitions/partition-map";
import { collectSessions, type SessionRecord } from "./session-records";
import { compareGroups, groupName } from "./stats-answer";
import { createValueReader, eachOnce, passes, type Templates } from "./stats-question";
import { readTuples } from "./tuples/read-tuples";
import { unreadableIn } from "./unreadable";

export interface SessionStatsQuestion {
  /** Only these events are examined. */
  filter: SeriesFilter;
  properties: readonly PropertyFilter[];
  groupBy: SessionDimension | null;
  /** The starts of the buckets and the end of the last one, ascending. */
  bounds: readonly Micros[];
}

export interface Durations {
  mean: number | null;
  p50: number | null;
  p90: number | null;
}

interface CountLine {
  total: number;
  values: number[];
}

export interface SessionLine {
  sessions: CountLine;
  /** Null if they are not known. With 95 % intervals if they are estimated. */
  visitors: {
    total: number | null;
    values: (number | null)[];
    intervals?: { total: Interval; values: Interval[] };
  };
  bounces: CountLine;
  events: CountLine;
  /** In seconds. */
  durations: { total: Durations; values: Durations[] };
}

export interface SessionStatsAnswer {
  /** `texts`: the application, [category, name] or [value]. */
  groups: (SessionLine & { texts: (string | null)[] })[];
  other: SessionLine & { groups: number };
  total: SessionLine;
  /** Ranges whose events are no longer in the databases. */
  unreadable: Period[];
  /** Events and changes that came after the sessions were counted, if the answer is from counts. */
  late?: number;
  /** Sessions that pause from before this time until after it are counted twice. */
  hotSince?: Micros | null;
  /** The most by which percentiles may differ, as a share of them. */
  percentilesError?: number;
  /** The share of the visitors from which their number is estimated, if they are wanted. Null: they are not known. */
  visitorShare?: number | null;
}

/**
 * Numbers about sessions. A session belongs to the bucket of its first event in the period, and only its events in
 * the period count.
 *
 * @returns null if there are more than MAX_SESSION_EVENTS events
 * @throws DrizzleQueryError
 */
export async function sessionStats(
  databases: readonly Database[],
  map: PartitionMap,
  question: SessionStatsQuestion,
  { top, templates }: { top: number; templates: Templates },
): Promise<SessionStatsAnswer | null> {
  const { filter, properties, groupBy, bounds } = question;
  const period = periodOf(bounds);
  const by = groupBy === null || groupBy === "application" ? null : groupBy.by;
  const asked = eachOnce([...properties.map(({ property }) => property), ...(by === null ? [] : [by])]);
  const readValue = createValueReader(asked, templates);
  const sessions = collectSessions();
  const { isComplete } = await readTuples(
    databases,
    map,
    {
      periods: [period],
      filter,
      paths: asked.map(({ path }) => path),
      lanes: "all",
      most: MAX_SESSION_EVENTS,
    },
    (tuples) => {
      for (const tuple of tuples) {
        if (!passes(properties, (property) => readValue(tuple, tuple.values, property))) continue;
        sessions.add(tuple, by === null ? null : readValue(tuple, tuple.values, by));
      }
    },
  );
  if (!isComplete) return null;
  const all = sessions.records();
  const groups = [...Map.groupBy(all, (record) => groupName(groupTexts(record, groupBy)).key)]
    .map(([key, own]) => ({ key, own, size: own.length }))
    .sort(compareGroups);
  const shown = groupBy === null ? groups : groups.slice(0, top);
  const rest = groups.slice(shown.length);
  return {
    groups: shown.map(({ key, own }) => ({ texts: JSON.parse(key), ...lineOf(own, bounds) })),
    other: {
      groups: rest.length,
      ...lineOf(
        rest.flatMap(({ own }) => own),
        bounds,
      ),
    },
    total: lineOf(all, bounds),
    unreadable: unreadableIn(map, [period]),
  };
}

function lineOf(records: readonly SessionRecord[], bounds: readonly Micros[]): SessionLine {
  const byPlace = Map.groupBy(records, ({ first }) => bucketPlace(bounds, first.occurredAt));
  const buckets = Array.from({ length: bounds.length - 1 }, (_, place) => byPlace.get(place) ?? []);
  const count = (measure: (own: readonly SessionRecord[]) => number): CountLine => ({
    total: measure(records),
    values: buckets.map(measure),
  });
  return {
    sessions: count((own) => own.length),
    visitors: count((own) => new Set(own.flatMap(({ visitors }) => visitors)).size),
    bounces: count((own) => own.filter(({ events }) => events === 1).length),
    events: count((own) => own.reduce((sum, { events }) => sum + events, 0)),
    durations: { total: durationsOf(records), values: buckets.map(durationsOf) },
  };
}

function durationsOf(records: readonly SessionRecord[]): Durations {
  const seconds = Float64Array.from(
    records,
    ({ first, last }) => (last.occurredAt - first.occurredAt) / 1_000_000,
  ).sort();
  const sum = seconds.reduce((total, one) => total + one, 0);
  return {
    mean: seconds.length === 0 ? null : sum / seconds.length,
    p50: quantileOf(seconds, 0.5),
    p90: quantileOf(seconds, 0.9),
  };
}
