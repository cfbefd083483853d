import type { Context } from "hono";
import * as v from "valibot";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { askedApplications, isBound } from "../../http/auth/visible-applications";
import { Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { readParameters } from "../../http/request/parameters";
import { CountSchema } from "../../model/count";
import { MAX_NAME_CHARACTERS } from "../../model/limits";
import { databasesOf, firstDatabase, metered } from "../../storage/core/databases";
import { findEvents } from "../../storage/events/find-events";
import { listProperties } from "../../storage/properties/declared-properties";
import { createPropertySurvey, MAX_SURVEYED_EVENTS } from "./property-survey";
import { AccuracySchema, RowsReadSchema } from "./stats/stats-body";

const text = (description: string) => v.pipe(v.string(), v.maxLength(MAX_NAME_CHARACTERS), v.description(description));

/** The parameters of `GET /theeye/properties`. */
export const PropertiesParameters = v.object({
  category: text("The category of the event type."),
  name: text("The name of the event type."),
});

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
export const PropertiesResponse = v.object({
  results: v.pipe(
    v.array(
      v.object({
        path: v.pipe(v.string(), v.description("The path, in the form that `data.` parameters and `group_by` accept.")),
        kinds: v.pipe(
          v.record(v.string(), share),
          v.description("The shares of the kinds of value: string, number, boolean, null, array, object."),
        ),
        share: v.pipe(share, v.description("The share of the examined events that have the property.")),
        distinct: v.object({
          about: v.pipe(CountSchema, v.description("The number of distinct values among the examined events.")),
        }),
        samples: v.pipe(v.array(v.string()), v.description("The most frequent values.")),
        declared: v.boolean(),
        kind: v.optional(v.pipe(v.picklist(["text", "number"]), v.description("The property as it is declared."))),
        template: v.optional(v.string()),
      }),
    ),
    v.description("The properties, most frequent first."),
  ),
  examined: v.pipe(
    CountSchema,
    v.description(`The number of examined events, the newest of the type, at most ${MAX_SURVEYED_EVENTS}.`),
  ),
  accuracy: AccuracySchema,
  rows_read: RowsReadSchema,
});

const MAX_PAGES = 8;

/** `GET /theeye/properties`: the properties in the payloads of an event type, from its newest events. */
export async function showProperties(c: Context<AppEnv>): Promise<Response> {
  const asked = readParameters(c.req.url, PropertiesParameters);
  if (asked instanceof Refusal) return asked.response();
  const { category, name } = asked;
  const applications = askedApplications(c, undefined);
  if (applications instanceof Refusal) return applications.response();
  return answerFrom(async () => {
    const { databases, meter } = metered(databasesOf(c.env));
    const declared = (await listProperties(firstDatabase(databases))).filter(
      (property) => property.category === category && property.name === name,
    );
    const survey = createPropertySurvey();
    let isComplete = false;
    let after: Parameters<typeof findEvents>[1]["range"]["after"] = null;
    for (let page = 0; page < MAX_PAGES && survey.examined < MAX_SURVEYED_EVENTS; page++) {
      const { rows, next } = await findEvents(databases, {
        ...{ category, name, applications, session: null },
        range: { order: "desc", from: null, to: null, after },
        limit: Math.min(1_000, MAX_SURVEYED_EVENTS - survey.examined),
      });
      for (const { data } of rows) survey.add(JSON.parse(data));
      after = next;
      isComplete = next === null;
      if (isComplete) break;
    }
    return answer({
      results: survey.results(declared),
      examined: survey.examined,
      accuracy: { exact: isComplete },
      rows_read: isBound(c) ? null : meter.rowsRead,
    });
  });
}
