import * as v from "valibot";
import { CountSchema } from "../../model/count";
import type { Micros } from "../../model/time/time";
import type { TimeZone } from "../../model/time/time-zone";
import type {
  Durations,
  SessionDimension,
  SessionLine,
  SessionStatsAnswer,
} from "../../storage/questions/session-stats";
import { AccuracySchema, RowsReadSchema, renderAccuracy, ZonedMomentSchema } from "./stats-body";
import { STATS_INTERVALS, type StatsInterval } from "./stats-parameters";

/** The response of `GET /theeye/sessions/stats`. */

const seconds = v.nullable(v.pipe(v.number(), v.minValue(0)));
const Values = v.optional(v.pipe(v.array(CountSchema), v.description("One number for each bucket.")));

const CountLineSchema = v.object({ total: CountSchema, values: Values });

const durationMembers = { mean: seconds, p50: seconds, p90: seconds };

const SessionLineSchema = v.object({
  sessions: CountLineSchema,
  visitors: v.pipe(CountLineSchema, v.description("Distinct visitors, counting events that have a `visitor_id`.")),
  bounces: v.pipe(CountLineSchema, v.description("Sessions with a single event.")),
  duration_seconds: v.pipe(
    v.object({ ...durationMembers, values: v.optional(v.array(v.object(durationMembers))) }),
    v.description("The time from a session's first event to its last, 0 for a single event. Null without sessions."),
  ),
  events: CountLineSchema,
  events_per_session: v.nullable(v.number()),
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
  accuracy: AccuracySchema,
  rows_read: RowsReadSchema,
});

export function renderSessionStats(
  { groups, other, total, unreadable }: SessionStatsAnswer,
  {
    interval,
    timezone,
    bounds,
    dimension,
    rowsRead,
  }: {
    interval: StatsInterval;
    timezone: TimeZone;
    bounds: readonly Micros[];
    dimension: SessionDimension | null;
    rowsRead: number | null;
  },
): v.InferOutput<typeof SessionStatsResponse> {
  const hasBuckets = interval !== "none";
  const line = (own: SessionLine) => renderLine(own, hasBuckets);
  return {
    interval,
    timezone: timezone.name,
    start: timezone.formatMoment(bounds[0] ?? 0),
    end: timezone.formatMoment(bounds.at(-1) ?? 0),
    ...(hasBuckets ? { buckets: bounds.slice(0, -1).map((moment) => timezone.formatMoment(moment)) } : {}),
    results: groups.map(({ texts, ...own }) => ({ ...renderGroup(texts, dimension), ...line(own) })),
    ...(dimension === null ? {} : { other: { groups: other.groups, ...line(other) } }),
    total: line(total),
    accuracy: renderAccuracy(unreadable.length === 0 ? { exact: true } : { exact: false, unreadable }, timezone),
    rows_read: rowsRead,
  };
}

function renderGroup(texts: readonly (string | null)[], dimension: SessionDimension | null): Record<string, unknown> {
  if (dimension === null) return {};
  const [first = null, second = null] = texts;
  if (dimension === "application") return { application: first };
  return { [dimension.edge]: dimension.by === null ? { category: first, name: second } : first };
}

function renderLine({ sessions, visitors, bounces, events, durations }: SessionLine, hasBuckets: boolean) {
  const counted = ({ total, values }: { total: number; values: number[] }) =>
    hasBuckets ? { total, values } : { total };
  return {
    sessions: counted(sessions),
    visitors: counted(visitors),
    bounces: counted(bounces),
    duration_seconds: {
      ...rounded(durations.total),
      ...(hasBuckets ? { values: durations.values.map(rounded) } : {}),
    },
    events: counted(events),
    events_per_session: sessions.total === 0 ? null : events.total / sessions.total,
  };
}

/** To the microsecond, the precision of events. */
function rounded({ mean, p50, p90 }: Durations): Durations {
  const round = (value: number | null) => (value === null ? null : Math.round(value * 1_000_000) / 1_000_000);
  return { mean: round(mean), p50: round(p50), p90: round(p90) };
}
