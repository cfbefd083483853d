import type { Context } from "hono";
import * as v from "valibot";
import { answer } from "../../../http/answer";
import type { AppEnv } from "../../../http/app-env";
import { askedApplications, isBound } from "../../../http/auth/visible-applications";
import { Refusal } from "../../../http/problem";
import { answerFrom } from "../../../http/reading";
import {
  ApplicationParameter,
  CategoryParameter,
  NameParameter,
  readParameters,
  refuseParameter,
} from "../../../http/request/parameters";
import { refuseUnknownApplication } from "../../../http/request/unknown-application";
import { ZonedRangeParameters } from "../../../http/request/zoned-range";
import type { SessionsQuestion } from "../../../model/questions/question";
import type { SessionDimension } from "../../../model/questions/sessions/session-dimension";
import {
  canBeCounted,
  parseSessionMetrics,
  SESSION_METRICS_RULE,
} from "../../../model/questions/sessions/session-metrics";
import { dimensionRule } from "../../../model/questions/stats-dimension";
import { databasesOf, firstDatabase, metered } from "../../../storage/core/databases";
import { MAX_SESSION_EVENTS, MAX_STATS_AGGREGATES } from "../../../storage/core/read-limits";
import { withPartitions } from "../../../storage/partitions/known-partitions";
import type { PartitionMap } from "../../../storage/partitions/partition-map";
import { listPropertiesAndPartitions, templatesIn, templatesOf } from "../../../storage/properties/declared-properties";
import { eventsToExamine } from "../../../storage/questions/examined-events";
import { type SessionStatsAnswer, sessionStats } from "../../../storage/questions/session-stats";
import { countedSessionStats } from "../../../storage/session-counts/answer/counted-session-stats";
import { readPropertyFilters } from "../property-parameters";
import { refuseArchived } from "./archived-range";
import { answerManyEvents } from "./many-events";
import { boundsOf, periodOf } from "./question-period";
import { renderSessionStats } from "./session-stats-body";
import { AccuracyParameter, IntervalParameter, readAs, readProperty, TopParameter } from "./stats-parameters";
import { refuseTooManyEvents } from "./too-many-events";

const BY_RULE = "expected type, or data. with a path, such as data.path";

/** The parameters of `GET /theeye/sessions/stats`, without the filters by property. */
export const SessionStatsParameters = v.object({
  interval: IntervalParameter,
  ...ZonedRangeParameters,
  group_by: v.optional(
    v.pipe(
      v.picklist(["application", "entry", "exit"], "expected application, entry or exit"),
      v.description("The grouping: the application of a session's first event, or its first or last event."),
    ),
  ),
  by: v.optional(
    v.pipe(
      v.string(),
      v.description(
        "With `group_by=entry` or `exit`: the type of the event, or a property of its payload (data.path).",
      ),
      readAs(
        (text) => (text === "type" ? { property: null } : readBy(text)),
        (text) => dimensionRule(text, BY_RULE),
      ),
    ),
    "type",
  ),
  top: TopParameter,
  metrics: v.optional(
    v.pipe(
      v.string(),
      v.description(
        `Only these numbers: ${SESSION_METRICS_RULE.replace("expected ", "")}. Without group_by and filters other than one application, they are read from counts if \`start_date\` is a whole quarter of an hour: visitors and duration_percentiles only of more events than are read at once.`,
      ),
      readAs(parseSessionMetrics, () => SESSION_METRICS_RULE),
    ),
  ),
  accuracy: AccuracyParameter,
  application: ApplicationParameter,
  category: CategoryParameter,
  name: NameParameter,
});

function readBy(text: string) {
  const property = readProperty(text);
  return property === null ? null : { property };
}

/** The number of groups without `top`. */
const DEFAULT_TOP = 100;

/** `GET /theeye/sessions/stats`: numbers about sessions over time. See docs/questions.md. */
export async function showSessionStats(c: Context<AppEnv>): Promise<Response> {
  const split = readPropertyFilters(c.req.url);
  if (split instanceof Refusal) return split.response();
  const asked = readParameters(split.url, SessionStatsParameters);
  if (asked instanceof Refusal) return asked.response();
  const { interval, timezone, group_by: groupBy, by } = asked;
  if (new URL(split.url).searchParams.has("by") && groupBy !== "entry" && groupBy !== "exit") {
    return refuseParameter("by", "expected group_by=entry or group_by=exit with it.").response();
  }
  const metrics = asked.metrics ?? null;
  const applications = askedApplications(c, asked.application);
  if (applications instanceof Refusal) return applications.response();
  const period = periodOf(asked, interval, Date.now() * 1_000);
  if (period instanceof Refusal) return period.response();
  const bounds = boundsOf(period, interval, timezone);
  if (bounds instanceof Refusal) return bounds.response();

  return answerFrom(async () => {
    const { databases, meter } = metered(databasesOf(c.env));
    const filter = {
      applications,
      category: asked.category ?? null,
      name: asked.name ?? null,
    };
    const isExact = asked.accuracy === "exact";
    const respond = async (found: SessionStatsAnswer, dimension: SessionDimension | null, hasArchived = false) => {
      if (found.groups.length === 0 && found.total.sessions.total === 0) {
        const unknown = await refuseUnknownApplication(databases, asked.application);
        if (unknown !== null) return unknown.response();
      }
      const rowsRead = isBound(c) ? null : meter.rowsRead;
      return answer(
        renderSessionStats(found, { interval, timezone, bounds, metrics, dimension, hasArchived, rowsRead }),
      );
    };
    const isWhole =
      groupBy === undefined && split.filters.length === 0 && filter.category === null && filter.name === null;
    const fromCounts = async (isRough: boolean) =>
      isWhole ? countedSessionStats(databases, { bounds, applications, metrics, isExact, isRough }) : null;
    const counted = canBeCounted(metrics) ? await fromCounts(false) : null;
    if (counted !== null) return respond(counted, null);
    const { declared, map: known } = await listPropertiesAndPartitions(firstDatabase(databases));
    const templates = templatesOf(declared);
    const archived = refuseArchived(known, bounds, false);
    const rough = archived === null || isExact ? null : await fromCounts(true);
    if (rough !== null) return respond(rough, null, true);
    if (archived !== null) return archived.response();
    const dimension: SessionDimension | null =
      groupBy === undefined ? null : groupBy === "application" ? groupBy : { edge: groupBy, by: by.property };
    const top = Math.min(asked.top ?? DEFAULT_TOP, Math.max(1, Math.floor(MAX_STATS_AGGREGATES / (bounds.length - 1))));
    const find = async (map: PartitionMap) => {
      const events = await eventsToExamine(databases, map, period, filter);
      if (events > MAX_SESSION_EVENTS) return events;
      const question = { filter, properties: split.filters, groupBy: dimension, bounds };
      return (await sessionStats(databases, map, question, { top, templates })) ?? events;
    };
    const found = await withPartitions(databases, find, known);
    if (typeof found === "number") {
      const estimated = isExact ? null : await fromCounts(true);
      if (estimated !== null) return respond(estimated, null);
      const many: SessionsQuestion = {
        ...{ kind: "session_stats", from: period.start, to: period.end - 1, per: "session", properties: split.filters },
        ...{ ...filter, groupBy: dimension, bounds, interval, timezone: timezone.name, top, metrics },
        templates: templatesIn(declared),
      };
      const answered = await answerManyEvents(c, many, { zone: timezone, isExact });
      if (answered !== null) return answered;
      return refuseTooManyEvents(isBound(c) ? null : found, { limit: MAX_SESSION_EVENTS }).response();
    }
    return respond(found, dimension);
  });
}
