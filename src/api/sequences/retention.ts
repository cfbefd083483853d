import type { Context } from "hono";
import * as v from "valibot";
import type { AppEnv } from "../../http/app-env";
import { askedApplications } from "../../http/auth/visible-applications";
import { Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import {
  ApplicationParameter,
  CategoryParameter,
  NameParameter,
  readParameters,
  refuseParameter,
} from "../../http/request/parameters";
import { refuseUnknownApplication } from "../../http/request/unknown-application";
import { readZonedRange, ZonedRangeParameters } from "../../http/request/zoned-range";
import { CountSchema } from "../../model/count";
import { ANY_EVENT } from "../../model/questions/event-pattern";
import { bucketOf, bucketStarts, laterBucket } from "../../model/time/calendar";
import type { Micros } from "../../model/time/time";
import { databasesOf } from "../../storage/core/databases";
import { type AskedSequence, answerSequence } from "./answer-sequence";
import { AccuracyParameter, IntervalSchema, SequenceAnswerMembers } from "./sequence-schemas";

const MAX_PERIODS = 60;
const DEFAULT_PERIODS = 8;
const PERIODS_RULE = `expected a whole number from 1 to ${MAX_PERIODS}`;

/** The parameters of `GET /theeye/retention`. */
export const RetentionParameters = v.object({
  interval: v.optional(
    v.pipe(
      v.picklist(["day", "week", "month"], "expected day, week or month"),
      v.description("The width of a period in the time zone `timezone`. Weeks start on Monday."),
    ),
    "week",
  ),
  ...ZonedRangeParameters,
  periods: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,2}$/, PERIODS_RULE),
      v.description(
        `The number of periods to count for each cohort, including its own, from 1 to ${MAX_PERIODS}. Without \`end_date\`, it is also the number of cohorts.`,
      ),
      v.transform(Number),
      v.minValue(1, PERIODS_RULE),
      v.maxValue(MAX_PERIODS, PERIODS_RULE),
    ),
    String(DEFAULT_PERIODS),
  ),
  application: ApplicationParameter,
  category: v.pipe(CategoryParameter, v.description("The category of the event that puts a visitor into a cohort.")),
  name: v.pipe(NameParameter, v.description("The name of the event that puts a visitor into a cohort.")),
  return_category: v.pipe(
    CategoryParameter,
    v.description("The category of the events that count as a return. Without category and name, any event counts."),
  ),
  return_name: v.pipe(NameParameter, v.description("The name of the events that count as a return.")),
  accuracy: AccuracyParameter,
});

export const RetentionResponse = v.object({
  ...SequenceAnswerMembers,
  cohorts: v.pipe(
    v.array(
      v.object({
        start: v.pipe(v.string(), v.description("The first day of the period.")),
        size: v.pipe(CountSchema, v.description("The visitors whose first event of the range is in the period.")),
        size_interval_95: v.optional(IntervalSchema),
        returned: v.pipe(
          v.array(CountSchema),
          v.description(
            "How many of them were seen in the cohort's own period, the next one, and so on. The first event also counts if it matches the events that count as a return.",
          ),
        ),
        interval_95: v.optional(v.array(IntervalSchema)),
      }),
    ),
    v.description("One for each period of the range, including periods without new visitors."),
  ),
});

/** `GET /theeye/retention`: visitors by the period of their first event, and how many of them came back. */
export async function askRetention(c: Context<AppEnv>): Promise<Response> {
  const parameters = readParameters(c.req.url, RetentionParameters);
  if (parameters instanceof Refusal) return parameters.response();
  const applications = askedApplications(c, parameters.application);
  if (applications instanceof Refusal) return applications.response();
  const asked = retentionOf(parameters, Date.now() * 1_000);
  if (asked instanceof Refusal) return asked.response();
  return answerFrom(async () => {
    const unknown = await refuseUnknownApplication(databasesOf(c.env), parameters.application);
    return unknown === null ? answerSequence(c, asked) : unknown.response();
  });
}

function retentionOf(asked: v.InferOutput<typeof RetentionParameters>, now: Micros): AskedSequence | Refusal {
  const { interval, timezone: zone, periods, application = null, accuracy } = asked;
  const given = readZonedRange(asked);
  if (given instanceof Refusal) return given;
  const startOf = (moment: Micros) => bucketOf(moment, interval, zone);
  const after = (moment: Micros, count: number) => laterBucket(moment, interval, count, zone);
  const first = given.start === null ? after(startOf((given.end ?? now + 1) - 1), 1 - periods) : startOf(given.start);
  // A period that has not started has no events.
  const end = given.end ?? Math.min(after(first, periods), after(startOf(Math.max(now, first)), 1));
  const starts = bucketStarts({ start: Math.max(0, first), end }, interval, zone, MAX_PERIODS);
  if (starts.length > MAX_PERIODS) {
    return refuseParameter("start_date", `expected a range of at most ${MAX_PERIODS} periods of one ${interval}.`);
  }
  const question = {
    kind: "retention" as const,
    per: "visitor" as const,
    applications: null,
    from: starts[0] ?? first,
    to: end - 1,
    starts: [...starts, end],
    labels: starts.map((start) => zone.formatMoment(start).slice(0, 10)),
    columns: periods,
    first: { ...ANY_EVENT, application, category: asked.category ?? null, name: asked.name ?? null },
    returning: { ...ANY_EVENT, application, category: asked.return_category ?? null, name: asked.return_name ?? null },
  };
  return { question, zone, accuracy, named: [] };
}
