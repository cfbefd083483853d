import type { Context } from "hono";
import * as v from "valibot";
import type { AppEnv } from "../../http/app-env";
import { MomentSchema } from "../../http/moment";
import {
  ApplicationParameter,
  CategoryParameter,
  endDateParameter,
  NameParameter,
  readParameters,
  refuseReversedRange,
  startDateParameter,
} from "../../http/parameters";
import { Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { formatTimestamp, type Micros } from "../../model/time";
import { databasesOf } from "../../storage/core/databases";
import { MAX_STATS_BUCKETS, MAX_STATS_CELLS } from "../../storage/core/read-limits";
import { OTHER } from "../../storage/counts/series";
import {
  countEvents,
  DIMENSIONS,
  type Dimension,
  INTERVAL_SECONDS,
  type Interval,
} from "../../storage/counts/stats-queries";

const INTERVALS = Object.keys(INTERVAL_SECONDS) as [Interval, ...Interval[]];

/** How far back an answer goes without `start_date`: an hour, two days, thirty days. */
const DEFAULT_BUCKETS: Record<Interval, number> = { minute: 60, hour: 48, day: 30 };

const groupRule = `expected some of ${DIMENSIONS.join(", ")}, each once, separated by commas`;

/**
 * The parameters of `GET /theeye/stats`. Every bucket that the range touches is counted whole, so the answer's `start`
 * and `end` may lie outside the range that was asked for.
 */
export const StatsParameters = v.object({
  interval: v.optional(
    v.pipe(v.picklist(INTERVALS, "expected minute, hour or day"), v.description("The width of a bucket, in UTC.")),
    "hour",
  ),
  group_by: v.optional(
    v.pipe(
      v.string(),
      v.description(`How to divide each bucket: ${groupRule.replace("expected ", "")}.`),
      v.rawTransform(({ dataset, addIssue, NEVER }): Dimension[] => {
        const parts = dataset.value.split(",");
        const dimensions = DIMENSIONS.filter((dimension) => parts.includes(dimension));
        if (dimensions.length === parts.length) return dimensions;
        addIssue({ message: groupRule });
        return NEVER;
      }),
    ),
  ),
  application: ApplicationParameter,
  category: CategoryParameter,
  name: NameParameter,
  start_date: startDateParameter("of occurrence (its bucket is counted whole)"),
  end_date: endDateParameter("of occurrence (its bucket is counted whole)"),
});

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const StatsResponse = v.object({
  interval: v.picklist(INTERVALS),
  start: v.pipe(MomentSchema, v.description("Start of the first bucket.")),
  end: v.pipe(MomentSchema, v.description("End of the last bucket, exclusive.")),
  results: v.pipe(
    v.array(
      v.object({
        start: v.pipe(MomentSchema, v.description("Start of the bucket.")),
        application: v.optional(v.string()),
        category: v.optional(v.string()),
        name: v.optional(v.string()),
        events: count,
      }),
    ),
    v.description(
      `In order of time. A bucket without events is left out. Types of an application beyond the number that is counted by themselves stand under the category and the name ${OTHER}.`,
    ),
  ),
  total: v.pipe(count, v.description("The sum of all results.")),
  folded: v.optional(
    v.pipe(
      v.literal(true),
      v.description(
        `Only where all groups would make more than ${MAX_STATS_CELLS} results: the smallest groups stand together as ${OTHER}. A filter, a shorter range or a longer interval shows more of them.`,
      ),
    ),
  ),
});

/** `GET /theeye/stats`: exact numbers of events over time. Reads counts, never events. */
export async function showStats(c: Context<AppEnv>): Promise<Response> {
  const question = readParameters(c.req.url, StatsParameters);
  if (question instanceof Refusal) return question.response();
  const reversed = refuseReversedRange(question);
  if (reversed !== null) return reversed.response();
  const { interval, group_by: groupBy = [] } = question;
  const range = bucketRange(interval, question.start_date, question.end_date, Date.now() * 1000);
  if (range instanceof Refusal) return range.response();

  return answerFrom(async () => {
    const { cells, folded } = await countEvents(databasesOf(c.env), {
      category: question.category ?? null,
      name: question.name ?? null,
      application: question.application ?? null,
      interval,
      groupBy,
      ...range,
    });
    const results = cells.map(({ bucket, group, events }) => ({ start: formatSeconds(bucket), ...group, events }));
    const total = results.reduce((sum, { events }) => sum + events, 0);
    const end = range.last + INTERVAL_SECONDS[interval];
    return Response.json(
      {
        ...{ interval, start: formatSeconds(range.first), end: formatSeconds(end), results, total },
        ...(folded ? { folded } : {}),
      },
      { headers: { "Cache-Control": "no-store" } },
    );
  });
}

/**
 * The buckets that a range touches, by their starts in seconds since 1970. Without an end: up to now, or to the start of
 * the range if that lies later; without a start: the default number of buckets.
 */
export function bucketRange(
  interval: Interval,
  start: Micros | undefined,
  end: Micros | undefined,
  now: Micros,
): { first: number; last: number } | Refusal {
  const seconds = INTERVAL_SECONDS[interval];
  const bucketOf = (moment: Micros) => Math.floor(moment / 1_000_000 / seconds) * seconds;
  const last = bucketOf(end ?? Math.max(now, start ?? 0));
  const first = start === undefined ? Math.max(0, last - (DEFAULT_BUCKETS[interval] - 1) * seconds) : bucketOf(start);
  const buckets = (last - first) / seconds + 1;
  if (buckets <= MAX_STATS_BUCKETS) return { first, last };
  const wider = INTERVALS.find((other) => (last - first) / INTERVAL_SECONDS[other] + 2 <= MAX_STATS_BUCKETS);
  const advice = wider === undefined ? "Take a shorter range." : `Take interval=${wider}, or a shorter range.`;
  const why = `the range has ${buckets} buckets of one ${interval}, and ${MAX_STATS_BUCKETS} is the limit. ${advice}`;
  return new Refusal("invalid_parameter", `The parameter start_date cannot be taken: ${why}`, {
    parameter: "start_date",
    limit: MAX_STATS_BUCKETS,
    actual: buckets,
  });
}

function formatSeconds(seconds: number): string {
  return formatTimestamp(seconds * 1_000_000);
}
