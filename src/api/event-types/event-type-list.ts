import type { Context } from "hono";
import * as v from "valibot";
import type { AppEnv } from "../../http/app-env";
import { askedApplications } from "../../http/auth/visible-applications";
import { pageResponse, readCursor } from "../../http/page";
import { Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { readParameters } from "../../http/request/parameters";
import { listRegistered } from "../../storage/admin/event-types";
import { databasesOf, firstDatabase } from "../../storage/core/databases";
import { compareTypes, findUsage } from "../../storage/counts/event-type-usage";
import { lastDays, renderUsage } from "./event-type-answers";
import { EventTypesParameters } from "./event-type-schemas";

const PlaceSchema = v.pipe(
  v.strictTuple([v.string(), v.string()]),
  v.transform(([category, name]) => ({ category, name })),
);

/** `GET /theeye/event-types`: every event type that is registered or in use, by category and name. */
export async function listEventTypes(c: Context<AppEnv>): Promise<Response> {
  const question = readParameters(c.req.url, EventTypesParameters);
  if (question instanceof Refusal) return question.response();
  const applications = askedApplications(c);
  if (applications instanceof Refusal) return applications.response();
  const after = readCursor(question, "event types", PlaceSchema);
  if (after instanceof Refusal) return after.response();
  const databases = databasesOf(c.env);
  const { limit, days } = question;

  return answerFrom(async () => {
    const [registered, used] = await Promise.all([
      listRegistered(firstDatabase(databases)),
      findUsage(databases, { after, only: null, applications, limit: limit + 1, ...lastDays(days) }),
    ]);
    const versions = new Map(registered.map((version) => [keyOf(version), version]));
    const usages = new Map(used.map((usage) => [keyOf(usage), usage]));
    const types = [...new Map([...registered, ...used].map((type) => [keyOf(type), type])).values()]
      .filter((type) => after === null || compareTypes(type, after) > 0)
      .sort(compareTypes);
    const results = types.slice(0, limit).map(({ category, name }) => {
      const version = versions.get(keyOf({ category, name }));
      const usage = usages.get(keyOf({ category, name }));
      return {
        ...{ category, name, registered: version !== undefined },
        version: version?.version ?? null,
        mode: version?.mode ?? null,
        schema_mode: version === undefined || version.schema === null ? null : version.schema_mode,
        description: version?.description ?? null,
        owner: version?.owner ?? null,
        ...renderUsage(usage ?? { category, name, firstSeen: null, lastSeen: null, events: 0, failures: 0 }),
      };
    });
    const last = results.at(-1);
    const place = types.length > results.length && last !== undefined ? [last.category, last.name] : null;
    return pageResponse(c.req.url, { question, name: "event types", place }, { results });
  });
}

function keyOf({ category, name }: { category: string; name: string }): string {
  return JSON.stringify([category, name]);
}
