import * as v from "valibot";
import { CountSchema } from "../../../model/count";
import type { Metric } from "../../../model/questions/metric";
import { type Dimension, labelOf } from "../../../model/questions/stats-dimension";
import type { Micros } from "../../../model/time/time";
import type { TimeZone } from "../../../model/time/time-zone";
import type { Accuracy, GroupLine, Line, StatsAnswer } from "../../../storage/questions/stats-answer";
import { STATS_INTERVALS, type StatsInterval } from "./stats-parameters";

/** The response of `GET /theeye/stats`. */

const amount = v.pipe(
  v.nullable(v.number()),
  v.description("Null if there is no number to take the mean or a percentile of."),
);

export const ZonedMomentSchema = v.pipe(
  v.string(),
  v.description("ISO 8601 with the offset of the requested time zone."),
);

export const IntervalSchema = v.pipe(v.array(v.number()), v.length(2));

const lineMembers = {
  total: v.pipe(
    amount,
    v.description("The number for the whole period, in which distinct sessions or visitors count once."),
  ),
  values: v.optional(
    v.pipe(v.array(amount), v.description("One number for each bucket. Absent with `interval=none`.")),
  ),
  interval_95: v.optional(
    v.pipe(v.nullable(IntervalSchema), v.description("The 95 % interval of `total`, if the answer is from a sample.")),
  ),
  values_interval_95: v.optional(v.array(v.nullable(IntervalSchema))),
};

const LineSchema = v.object({
  ...lineMembers,
  comparison: v.optional(
    v.pipe(v.object(lineMembers), v.description("The same for the compared period, with `compare`.")),
  ),
});

export const AccuracySchema = v.pipe(
  v.object({
    exact: v.boolean(),
    unreadable: v.optional(
      v.pipe(
        v.array(v.object({ start: ZonedMomentSchema, end: ZonedMomentSchema })),
        v.description("Ranges whose events are no longer kept in the databases. They are left out."),
      ),
    ),
    sampled: v.optional(v.pipe(v.number(), v.description("The share of the sessions that was read."))),
    relative_error: v.optional(
      v.pipe(
        v.number(),
        v.description("The most by which each number may differ from the true one, as a share of it."),
      ),
    ),
    groups_folded: v.optional(
      v.pipe(
        v.literal(true),
        v.description(
          "There are too many groups to keep apart. Small ones may be missing and are then included in `other`.",
        ),
      ),
    ),
  }),
  v.description("Whether the numbers are exact."),
);

export const RowsReadSchema = v.pipe(
  v.nullable(CountSchema),
  v.description(
    "The rows that the query read in D1, as billed; null for a key that is limited to certain applications.",
  ),
);

export const StatsResponse = v.object({
  metric: v.string(),
  interval: v.picklist(STATS_INTERVALS),
  timezone: v.string(),
  start: v.pipe(ZonedMomentSchema, v.description("The start of the period.")),
  end: v.pipe(ZonedMomentSchema, v.description("The end of the period, exclusive.")),
  buckets: v.optional(
    v.pipe(
      v.array(ZonedMomentSchema),
      v.description(
        "The start of every bucket of the period, including those without events. The first starts with the period.",
      ),
    ),
  ),
  comparison: v.optional(
    v.pipe(
      v.object({ start: ZonedMomentSchema, end: ZonedMomentSchema, buckets: v.optional(v.array(ZonedMomentSchema)) }),
      v.description("The compared period, with `compare`."),
    ),
  ),
  results: v.pipe(
    v.array(
      v.looseObject({
        application: v.optional(v.string()),
        category: v.optional(v.string()),
        name: v.optional(v.string()),
        ...LineSchema.entries,
      }),
    ),
    v.description(
      "One for each group, largest first; a single one without `group_by`. A group has a member for each dimension, such as `data.path`, which is null for events without such a value.",
    ),
  ),
  other: v.optional(
    v.pipe(
      v.object({
        groups: v.pipe(CountSchema, v.description("The number of groups that are not shown.")),
        ...LineSchema.entries,
      }),
      v.description("The sum of all groups that are not shown, with `group_by`."),
    ),
  ),
  total: LineSchema,
  accuracy: AccuracySchema,
  rows_read: RowsReadSchema,
});

interface AnsweredPeriod {
  /** The starts of the buckets and the end of the last one. */
  bounds: readonly Micros[];
  answer: StatsAnswer;
}

export function renderStats({
  asked: { metric, interval, timezone, groupBy },
  current,
  compared,
  rowsRead,
}: {
  asked: { metric: Metric; interval: StatsInterval; timezone: TimeZone; groupBy: readonly Dimension[] };
  current: AnsweredPeriod;
  compared: AnsweredPeriod | null;
  rowsRead: number | null;
}): v.InferOutput<typeof StatsResponse> {
  const hasBuckets = interval !== "none";
  const line = ({ total, values }: Line) => (hasBuckets ? { total, values } : { total });
  const both = (now: Line, before: Line | undefined) => ({
    ...line(now),
    ...(before === undefined ? {} : { comparison: line(before) }),
  });
  const period = ({ bounds }: AnsweredPeriod) => ({
    start: timezone.formatMoment(bounds[0] ?? 0),
    end: timezone.formatMoment(bounds.at(-1) ?? 0),
    ...(hasBuckets ? { buckets: bounds.slice(0, -1).map((moment) => timezone.formatMoment(moment)) } : {}),
  });
  const { groups, other, total, accuracy } = current.answer;
  const before = compared?.answer;
  return {
    metric: metric.property === null ? metric.kind : `${metric.kind}:${metric.property.name}`,
    interval,
    timezone: timezone.name,
    ...period(current),
    ...(compared === null ? {} : { comparison: period(compared) }),
    results: groups.map((group, place) => ({ ...dimensions(group, groupBy), ...both(group, before?.groups[place]) })),
    ...(groupBy.length === 0 ? {} : { other: { groups: other.groups, ...both(other, before?.other) } }),
    total: both(total, before?.total),
    accuracy: renderAccuracy(joinAccuracies(accuracy, before?.accuracy), timezone),
    rows_read: rowsRead,
  };
}

function dimensions({ texts }: GroupLine, groupBy: readonly Dimension[]): Record<string, string | null> {
  return Object.fromEntries(groupBy.map((dimension, place) => [labelOf(dimension), texts[place] ?? null]));
}

function joinAccuracies(now: Accuracy, before: Accuracy | undefined): Accuracy {
  if (before === undefined || before.exact) return now;
  if (now.exact) return before;
  const unreadable = [...(before.unreadable ?? []), ...(now.unreadable ?? [])];
  return { ...before, ...now, ...(unreadable.length === 0 ? {} : { unreadable }) };
}

export function renderAccuracy(accuracy: Accuracy, timezone: TimeZone): v.InferOutput<typeof AccuracySchema> {
  if (accuracy.exact) return { exact: true };
  const { unreadable, relative_error: error, groups_folded: folded } = accuracy;
  return {
    exact: false,
    ...(error === undefined ? {} : { relative_error: error }),
    ...(unreadable === undefined
      ? {}
      : {
          unreadable: unreadable.map(({ start, end }) => ({
            start: timezone.formatMoment(start),
            end: timezone.formatMoment(end),
          })),
        }),
    ...(folded === undefined ? {} : { groups_folded: folded }),
  };
}
