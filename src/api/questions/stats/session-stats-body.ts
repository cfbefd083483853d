import * as v from "valibot";
import { CountSchema } from "../../../model/count";
import { groupMembers, type SessionDimension } from "../../../model/questions/sessions/session-dimension";
import { answerWith, type SessionMetric } from "../../../model/questions/sessions/session-metrics";
import type { Micros } from "../../../model/time/time";
import type { TimeZone } from "../../../model/time/time-zone";
import type { Durations, SessionLine, SessionStatsAnswer } from "../../../storage/questions/session-stats";
import { AccuracySchema, IntervalSchema, RowsReadSchema, renderAccuracy, ZonedMomentSchema } from "./stats-body";
import { STATS_INTERVALS, type StatsInterval } from "./stats-parameters";

/** The response of `GET /theeye/sessions/stats`. */

const seconds = v.nullable(v.pipe(v.number(), v.minValue(0)));
const Interval95 = v.optional(
  v.pipe(v.nullable(IntervalSchema), v.description("The 95 % interval, if the answer is an estimate.")),
);

const CountLineSchema = v.object({
  total: CountSchema,
  values: v.optional(v.pipe(v.array(CountSchema), v.description("One number for each bucket."))),
  interval_95: Interval95,
  values_interval_95: v.optional(v.array(v.nullable(IntervalSchema))),
});

/** A sample of sessions does not tell how many visitors there are. */
const VisitorLineSchema = v.object({
  ...CountLineSchema.entries,
  total: v.nullable(CountSchema),
  values: v.optional(v.array(v.nullable(CountSchema))),
});

const durationMembers = {
  ...{ mean: seconds, p50: seconds, p90: seconds },
  ...{ mean_interval_95: Interval95, p50_interval_95: Interval95, p90_interval_95: Interval95 },
};

const DURATIONS = "The time from a session's first event to its last, 0 for a single event. Null without sessions.";

/** A line with all metrics. */
export const WholeLineSchema = v.object({
  sessions: CountLineSchema,
  visitors: v.pipe(
    VisitorLineSchema,
    v.description(
      "Distinct visitors, counting events that have a `visitor_id`. Null if the answer is from a sample of the sessions, or from counts that do not have them.",
    ),
  ),
  bounces: v.pipe(CountLineSchema, v.description("Sessions with a single event.")),
  duration_seconds: v.pipe(
    v.object({ ...durationMembers, values: v.optional(v.array(v.object(durationMembers))) }),
    v.description(DURATIONS),
  ),
  events: CountLineSchema,
  events_per_session: v.nullable(v.number()),
  events_per_session_interval_95: Interval95,
});

/** With what an answer has visitors. */
const VISITORS_NEED = ["accuracy=exact", "a later start_date"] as const;

const DurationsSchema = v.partial(v.object(durationMembers));

/** With `metrics`, the members of others are absent. */
const SessionLineSchema = v.object({
  ...v.partial(WholeLineSchema).entries,
  duration_seconds: v.optional(
    v.pipe(
      v.object({ ...DurationsSchema.entries, values: v.optional(v.array(DurationsSchema)) }),
      v.description(DURATIONS),
    ),
  ),
});

export const SessionStatsResponse = v.object({
  interval: v.picklist(STATS_INTERVALS),
  timezone: v.string(),
  start: ZonedMomentSchema,
  end: v.pipe(ZonedMomentSchema, v.description("The end of the period, exclusive.")),
  buckets: v.optional(v.array(ZonedMomentSchema)),
  results: v.pipe(
    v.array(
      v.looseObject({
        application: v.optional(v.string()),
        ...SessionLineSchema.entries,
      }),
    ),
    v.description(
      "One for each group, those with the most sessions first; a single one without `group_by`. `entry` and `exit` are `{category, name}`, or the value of the property.",
    ),
  ),
  other: v.optional(v.object({ groups: CountSchema, ...SessionLineSchema.entries })),
  total: SessionLineSchema,
  accuracy: v.object({
    ...AccuracySchema.entries,
    percentiles_relative_error: v.optional(
      v.pipe(v.number(), v.description("The most by which `p50` and `p90` may differ, as a share of them.")),
    ),
    visitors_sampled: v.optional(
      v.pipe(v.number(), v.description("The share of the visitors from which their number is estimated.")),
    ),
    visitors_need: v.optional(
      v.pipe(
        v.picklist(VISITORS_NEED),
        v.description(
          "Why `visitors` is null: the counts do not have them, because events are archived, a session is too long, or they were counted before visitors were. With this parameter the events are read; a range with archived events needs a later start.",
        ),
      ),
    ),
    late_events: v.optional(
      v.pipe(
        CountSchema,
        v.description(
          "About how many events, or sessions with such events before, came after their sessions were counted. The numbers are as before them, and include them some minutes later, unless their hour is archived.",
        ),
      ),
    ),
    sessions_known_from: v.optional(
      v.pipe(
        ZonedMomentSchema,
        v.description("A session that pauses from before this time until after it is counted as two."),
      ),
    ),
  }),
  rows_read: RowsReadSchema,
});

export function renderSessionStats(
  { groups, other, total, unreadable, late = 0, hotSince = null, percentilesError, visitorShare }: SessionStatsAnswer,
  {
    interval,
    timezone,
    bounds,
    metrics,
    dimension,
    hasArchived,
    rowsRead,
  }: {
    interval: StatsInterval;
    timezone: TimeZone;
    bounds: readonly Micros[];
    /** Null: all. */
    metrics: readonly SessionMetric[] | null;
    dimension: SessionDimension | null;
    /** Whether events of the range are in the archive. */
    hasArchived: boolean;
    rowsRead: number | null;
  },
): v.InferOutput<typeof SessionStatsResponse> {
  const hasBuckets = interval !== "none";
  const line = (own: SessionLine) => renderLine(own, hasBuckets);
  return answerWith(metrics, {
    interval,
    timezone: timezone.name,
    start: timezone.formatMoment(bounds[0] ?? 0),
    end: timezone.formatMoment(bounds.at(-1) ?? 0),
    ...(hasBuckets ? { buckets: bounds.slice(0, -1).map((moment) => timezone.formatMoment(moment)) } : {}),
    results: groups.map(({ texts, ...own }) => ({ ...groupMembers(texts, dimension), ...line(own) })),
    ...(dimension === null ? {} : { other: { groups: other.groups, ...line(other) } }),
    total: line(total),
    accuracy: {
      ...renderAccuracy(unreadable.length === 0 ? { exact: true } : { exact: false, unreadable }, timezone),
      ...(percentilesError === undefined ? {} : { percentiles_relative_error: percentilesError }),
      ...(visitorShare === null ? { visitors_need: VISITORS_NEED[hasArchived ? 1 : 0] } : {}),
      ...(isSampled(visitorShare) ? { exact: false, visitors_sampled: visitorShare } : {}),
      ...(late > 0 ? { exact: false, late_events: late } : {}),
      ...(hotSince === null ? {} : { exact: false, sessions_known_from: timezone.formatMoment(hotSince) }),
    },
    rows_read: rowsRead,
  });
}

function renderLine({ sessions, visitors, bounces, events, durations }: SessionLine, hasBuckets: boolean) {
  const counted = <Count>({ total, values }: { total: Count; values: Count[] }): { total: Count; values?: Count[] } =>
    hasBuckets ? { total, values } : { total };
  return {
    sessions: counted(sessions),
    visitors: { ...counted(visitors), ...intervalsOf(visitors, hasBuckets) },
    bounces: counted(bounces),
    duration_seconds: {
      ...rounded(durations.total),
      ...(hasBuckets ? { values: durations.values.map(rounded) } : {}),
    },
    events: counted(events),
    events_per_session: sessions.total === 0 ? null : events.total / sessions.total,
  };
}

function intervalsOf({ intervals }: SessionLine["visitors"], hasBuckets: boolean) {
  if (intervals === undefined) return {};
  return { interval_95: intervals.total, ...(hasBuckets ? { values_interval_95: intervals.values } : {}) };
}

function isSampled(share: number | null | undefined): share is number {
  return typeof share === "number" && share < 1;
}

/** To the microsecond, the precision of events. */
function rounded({ mean, p50, p90 }: Durations): Durations {
  const round = (value: number | null) => (value === null ? null : Math.round(value * 1_000_000) / 1_000_000);
  return { mean: round(mean), p50: round(p50), p90: round(p90) };
}
