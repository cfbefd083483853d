import type { Context } from "hono";
import type * as v from "valibot";
import { answer } from "../../../http/answer";
import type { AppEnv } from "../../../http/app-env";
import { askedApplications, isBound } from "../../../http/auth/visible-applications";
import { Refusal } from "../../../http/problem";
import { answerFrom } from "../../../http/reading";
import { readParameters } from "../../../http/request/parameters";
import { refuseUnknownApplication } from "../../../http/request/unknown-application";
import type { NumbersQuestion } from "../../../model/questions/question";
import { comparedPeriod } from "../../../model/time/calendar";
import { databasesOf, firstDatabase, metered } from "../../../storage/core/databases";
import { MAX_STATS_AGGREGATES } from "../../../storage/core/read-limits";
import { wantedSeriesIn } from "../../../storage/events/wanted-series";
import {
  listPropertiesAndPartitions,
  type StoredProperty,
  templatesIn,
} from "../../../storage/properties/declared-properties";
import { answerStats } from "../../../storage/questions/answer-stats";
import { groupName, type Shown, type StatsAnswer } from "../../../storage/questions/stats-answer";
import type { StatsQuestion } from "../../../storage/questions/stats-question";
import { readPropertyFilters } from "../property-parameters";
import { refuseArchived } from "./archived-range";
import { answerManyEvents } from "./many-events";
import { boundsOf, periodOf } from "./question-period";
import { renderStats } from "./stats-body";
import { StatsParameters } from "./stats-parameters";
import { refuseTooManyEvents } from "./too-many-events";

/** `GET /theeye/stats`: numbers of events, sessions, visitors and values over time. See docs/questions.md. */
export async function showStats(c: Context<AppEnv>): Promise<Response> {
  const split = readPropertyFilters(c.req.url);
  if (split instanceof Refusal) return split.response();
  const asked = readParameters(split.url, StatsParameters);
  if (asked instanceof Refusal) return asked.response();
  const applications = askedApplications(c, asked.application);
  if (applications instanceof Refusal) return applications.response();
  const period = periodOf(asked, asked.interval, Date.now() * 1_000);
  if (period instanceof Refusal) return period.response();
  const bounds = boundsOf(period, asked.interval, asked.timezone);
  if (bounds instanceof Refusal) return bounds.response();
  const compared =
    asked.compare === undefined
      ? null
      : boundsOf(comparedPeriod(period, asked.compare, asked.timezone), asked.interval, asked.timezone);
  if (compared instanceof Refusal) return compared.response();

  return answerFrom(async () => {
    const { databases, meter } = metered(databasesOf(c.env));
    const isBySeries = (asked.group_by ?? []).every(({ kind }) => kind !== "property");
    const isCounted = asked.metric.kind === "events" && split.filters.length === 0 && isBySeries;
    const filter = { applications, category: asked.category ?? null, name: asked.name ?? null };
    // At the same time, because each call to a database waits for the network.
    const [{ declared, map }, wanted] = await Promise.all([
      listPropertiesAndPartitions(firstDatabase(databases)),
      isCounted ? undefined : wantedSeriesIn(databases, filter),
    ]);
    for (const own of [bounds, ...(compared === null ? [] : [compared])]) {
      const archived = refuseArchived(map, own, isCounted);
      if (archived !== null) return archived.response();
    }
    const question: StatsQuestion = {
      metric: asked.metric,
      groupBy: asked.group_by ?? [],
      filter,
      properties: split.filters,
      bounds,
    };
    const ask = (own: readonly number[], shown: Shown) =>
      answerStats(
        databases,
        { ...question, bounds: own },
        { shown, declared, isExact: asked.accuracy === "exact", map, wanted },
      );
    const now = await ask(bounds, { top: mostGroups(asked, bounds) });
    const askMany = async (events: number) => {
      const { accuracy, interval, timezone } = asked;
      const shown = { interval, timezone: timezone.name, top: mostGroups(asked, bounds), declared };
      const many = numbersOf(question, { ...shown, comparedBounds: compared });
      const answered = await answerManyEvents(c, many, { zone: timezone, isExact: accuracy === "exact" });
      return answered ?? refuseTooManyEvents(isBound(c) ? null : events).response();
    };
    if ("kind" in now) return askMany(now.events);
    if (now.groups.length === 0) {
      const unknown = await refuseUnknownApplication(databases, asked.application);
      if (unknown !== null) return unknown.response();
    }
    const before = compared === null ? null : await ask(compared, { keys: keysOf(now) });
    if (before !== null && "kind" in before) return askMany(before.events);
    return answer(
      renderStats({
        asked: { ...asked, groupBy: question.groupBy },
        current: { bounds, answer: now },
        compared: compared === null || before === null ? null : { bounds: compared, answer: before },
        rowsRead: isBound(c) ? null : meter.rowsRead,
      }),
    );
  });
}

/** As many groups as requested, or as a response can hold. */
function mostGroups({ top }: v.InferOutput<typeof StatsParameters>, bounds: readonly number[]): number {
  return Math.min(top ?? MAX_STATS_AGGREGATES, Math.max(1, Math.floor(MAX_STATS_AGGREGATES / (bounds.length - 1))));
}

/** The same question, for a sample or a job. */
function numbersOf(
  { metric, groupBy, filter: { applications, category, name }, properties, bounds }: StatsQuestion,
  {
    declared,
    ...shown
  }: Pick<NumbersQuestion, "interval" | "timezone" | "top" | "comparedBounds"> & { declared: StoredProperty[] },
): NumbersQuestion {
  const [from, end] = [bounds[0] ?? 0, bounds.at(-1) ?? 0];
  return {
    kind: "stats",
    ...{ from, to: end - 1, per: metric.kind === "visitors" ? "visitor" : "session" },
    ...{ metric, groupBy, applications, category, name, properties, bounds, ...shown },
    templates: templatesIn(declared),
  };
}

function keysOf({ groups }: StatsAnswer): string[] {
  return groups.map(({ texts }) => groupName(texts).key);
}
