import type { Context } from "hono";
import * as v from "valibot";
import type { AppEnv } from "../../http/app-env";
import { type Asked, linkTo } from "../../http/links";
import { Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { formatSeconds, MomentSchema } from "../../http/request/moment";
import {
  ApplicationParameter,
  CategoryParameter,
  CodeParameter,
  endDateParameter,
  LimitParameter,
  NameParameter,
  refuseParameter,
  startDateParameter,
} from "../../http/request/parameters";
import { readQuestion } from "../../http/request/read-question";
import { refuseUnknownApplication } from "../../http/request/unknown-application";
import { EVENT_CODE_NAMES } from "../../model/codes";
import { CountSchema } from "../../model/count";
import { formatTimestamp, type Micros } from "../../model/time/time";
import { databasesOf } from "../../storage/core/databases";
import { MAX_SUMMARY_DAYS, MAX_SUMMARY_GROUPS, MAX_SUMMARY_STEPS } from "../../storage/core/read-limits";
import { RECEIPT_MINUTES_KEPT } from "../../storage/counts/receipt-counts";
import { type FailureGroup, sumUpFailures } from "../../storage/errors/failure-queries";

/** The parameters of `GET /theeye/errors/summary`. The default range is the last 24 hours. */
export const ErrorSummaryParameters = v.object({
  code: CodeParameter,
  category: CategoryParameter,
  name: NameParameter,
  application: ApplicationParameter,
  start_date: startDateParameter("of receipt (its bucket is counted whole)"),
  end_date: endDateParameter("of receipt (its bucket is counted whole)"),
  limit: LimitParameter,
});

const text = v.nullable(v.string());

const GroupSchema = v.object({
  application: text,
  category: text,
  name: text,
  code: v.pipe(v.string(), v.description(`One of ${EVENT_CODE_NAMES.join(", ")}.`)),
  path: v.pipe(
    v.string(),
    v.description("A JSON pointer into the event, with `*` for any array index: `/data/items/*/price`."),
  ),
  count: v.pipe(CountSchema, v.description("The number of failed events with this code at this path.")),
  first_seen: v.pipe(MomentSchema, v.description("The receipt of the first such event in the range.")),
  last_seen: v.pipe(MomentSchema, v.description("The receipt of the last such event in the range.")),
  over_time: v.pipe(
    v.array(CountSchema),
    v.description(`At most ${MAX_SUMMARY_STEPS} counts, each of \`step_seconds\`, from \`start\` to \`end\`.`),
  ),
  traffic: v.pipe(
    v.object({ failed: CountSchema, stored: CountSchema }),
    v.description(
      "All events of the application and event type that were received in the range: the failed ones, whatever their issues, and the stored ones. Each counts once: one that a replay stored later counts as failed.",
    ),
  ),
  share: v.pipe(
    v.number(),
    v.minValue(0),
    v.maxValue(1),
    v.description("The share that failed: failed / (failed + stored)."),
  ),
  sample: v.pipe(
    v.object({ id: v.string(), url: v.string() }),
    v.description(
      "One of the newest of these errors, and a reference to it, relative to the requested URL (RFC 3986).",
    ),
  ),
});

export const ErrorSummaryResponse = v.object({
  start: v.pipe(MomentSchema, v.description("The start of the counted period.")),
  end: v.pipe(MomentSchema, v.description("The end of the counted period, exclusive.")),
  step_seconds: v.pipe(CountSchema, v.description("The width of each number of `over_time`.")),
  results: v.pipe(v.array(GroupSchema), v.description("Most frequent first.")),
  complete: v.pipe(
    v.boolean(),
    v.description(`False if there are more groups. Narrow the range or filters, or raise \`limit\`.`),
  ),
});

/**
 * `GET /theeye/errors/summary`: failures by application, event type, code and path. Reads only counts that are kept
 * as errors are written, and no error; a replay does not change them.
 */
export async function summariseErrors(c: Context<AppEnv>): Promise<Response> {
  const read = readQuestion(c, ErrorSummaryParameters);
  if (read instanceof Refusal) return read.response();
  const { question, applications } = read;
  const range = summaryRange(question.start_date, question.end_date, Date.now() * 1000);
  if (range instanceof Refusal) return range.response();

  return answerFrom(async () => {
    const databases = databasesOf(c.env);
    const { groups, complete } = await sumUpFailures(databases, {
      code: question.code ?? null,
      category: question.category ?? null,
      name: question.name ?? null,
      applications,
      ...range,
      limit: Math.min(question.limit, MAX_SUMMARY_GROUPS),
    });
    if (groups.length === 0) {
      const unknown = await refuseUnknownApplication(databases, question.application);
      if (unknown !== null) return unknown.response();
    }
    return Response.json(
      {
        start: formatSeconds(range.first),
        end: formatSeconds(range.last + range.seconds),
        step_seconds: range.step,
        results: groups.map((group) => renderGroup(group, range, c.req)),
        complete,
      } satisfies v.InferOutput<typeof ErrorSummaryResponse>,
      { headers: { "Cache-Control": "no-store" } },
    );
  });
}

export interface SummaryRange {
  /** The width of the buckets that are read: the widest that still shows the course over the range. */
  seconds: number;
  first: number;
  last: number;
  /** The width of one number over time, in seconds: a multiple of the buckets' width. */
  step: number;
}

/**
 * Ranges up to two hours are read by the minute, up to four days by the hour: at most 121 aggregate rows for each
 * group. Older minutes are not kept.
 */
const WIDTHS = [
  { seconds: 60, upTo: 2 * 3_600, keptFor: RECEIPT_MINUTES_KEPT },
  { seconds: 3_600, upTo: 4 * 86_400, keptFor: Number.POSITIVE_INFINITY },
  { seconds: 86_400, upTo: Number.POSITIVE_INFINITY, keptFor: Number.POSITIVE_INFINITY },
] as const;

const DEFAULT_RANGE_SECONDS = 86_400;

export function summaryRange(start: Micros | undefined, end: Micros | undefined, now: Micros): SummaryRange | Refusal {
  const to = Math.floor((end ?? Math.max(now, start ?? 0)) / 1_000_000);
  const from = start === undefined ? Math.max(0, to - DEFAULT_RANGE_SECONDS) : Math.floor(start / 1_000_000);
  const age = now / 1_000_000 - from;
  const seconds = WIDTHS.find(({ upTo, keptFor }) => to - from <= upTo && age < keptFor)?.seconds ?? 86_400;
  const first = Math.floor(from / seconds) * seconds;
  const last = Math.floor(to / seconds) * seconds;
  const buckets = (last - first) / seconds + 1;
  if (buckets > MAX_SUMMARY_DAYS) {
    return refuseParameter("start_date", `the range has ${buckets} days; the limit is ${MAX_SUMMARY_DAYS}.`);
  }
  return { seconds, first, last, step: Math.ceil(buckets / MAX_SUMMARY_STEPS) * seconds };
}

function renderGroup(group: FailureGroup, range: SummaryRange, asked: Asked): v.InferOutput<typeof GroupSchema> {
  const { failed, stored, firstAt, lastAt } = group;
  const steps = Math.ceil((range.last + range.seconds - range.first) / range.step);
  const overTime = new Array<number>(steps).fill(0);
  for (const { place, events } of group.steps) overTime[place] = events;
  return {
    application: textOrNull(group.application),
    category: textOrNull(group.category),
    name: textOrNull(group.name),
    code: group.code,
    path: group.path,
    count: group.events,
    first_seen: formatTimestamp(firstAt),
    last_seen: formatTimestamp(lastAt),
    over_time: overTime,
    traffic: { failed, stored },
    share: failed / Math.max(1, failed + stored),
    sample: { id: group.lastErrorId, url: linkTo(asked, `/theeye/errors/${group.lastErrorId}`) },
  };
}

function textOrNull(text: string): string | null {
  return text === "" ? null : text;
}
