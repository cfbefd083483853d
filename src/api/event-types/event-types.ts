import { type Context, Hono } from "hono";
import * as v from "valibot";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { requireScope } from "../../http/auth/authenticate";
import { askedApplications } from "../../http/auth/visible-applications";
import { pageResponse, readCursor } from "../../http/page";
import { Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { formatSeconds } from "../../http/request/moment";
import { takesNoParameters } from "../../http/request/no-parameters";
import { readParameters } from "../../http/request/parameters";
import { parseJsonBody } from "../../http/request/parse-json-body";
import { utf8Bytes } from "../../model/event/event";
import { MAX_EVENT_TYPES, MAX_RULE_BOOK_BYTES } from "../../model/limits";
import { plainMessage } from "../../model/plain-message";
import { formatTimestamp } from "../../model/time/time";
import { listRegistered, listVersions, readVersion, saveVersion } from "../../storage/admin/event-types";
import { type Database, databasesOf, firstDatabase } from "../../storage/core/databases";
import { sumUpReportOnly } from "../../storage/counts/report-only-queries";
import { listProperties, type StoredProperty } from "../../storage/properties/declared-properties";
import { redeclareProperties } from "../../storage/properties/redeclare";
import { changeTime, noType, refuseSchema, render, renderUsage, usageOf } from "./event-type-answers";
import { listEventTypes } from "./event-type-list";
import {
  EventTypeInput,
  EventTypeParameters,
  EventTypePatch,
  EventTypePathSchema,
  VersionsParameters,
} from "./event-type-schemas";
import { checkSchema, showProposal } from "./event-type-trial";

/**
 * `/theeye/event-types`: registered and discovered event types. Changes need an admin key, and apply to events
 * received once they are in force. See docs/event-types.md.
 */
export const eventTypes = new Hono<AppEnv>({ strict: false });

const HEEDS_BINDING = { heedsBinding: true };

const PATH = "/:category/:name";

/** Declared properties of all types. */
const MAX_ALL_PROPERTIES = 500;

eventTypes.get("/", requireScope("read", HEEDS_BINDING), listEventTypes);

eventTypes.get(PATH, requireScope("read", HEEDS_BINDING), async (c) => {
  const question = readParameters(c.req.url, EventTypeParameters);
  if (question instanceof Refusal) return question.response();
  const { category, name } = c.req.param();
  const databases = databasesOf(c.env);
  const applications = askedApplications(c);
  if (applications instanceof Refusal) return applications.response();
  return answerFrom(async () => {
    const version = await readVersion(firstDatabase(databases), category, name, question.version ?? null);
    if (version === null) return noType();
    const [usage, shadow, properties] = await Promise.all([
      usageOf(databases, { category, name }, { days: question.days, applications }),
      // These counts are not kept by application.
      applications === null ? sumUpReportOnly(databases, version) : null,
      listProperties(firstDatabase(databases)),
    ]);
    const summary = shadow?.map(({ path, events, first, last, sample }) => ({
      ...{ path, events, first_seen: formatSeconds(first), last_seen: formatSeconds(last) },
      sample: { session_id: sample.session, id: sample.event },
    }));
    return answer({
      ...{ ...render(version), ...renderUsage(usage), shadow: summary ?? null },
      properties: properties.filter((one) => one.category === category && one.name === name).map(renderProperty),
    });
  });
});

eventTypes.get(`${PATH}/versions`, requireScope("read", HEEDS_BINDING), async (c) => {
  const question = readParameters(c.req.url, VersionsParameters);
  if (question instanceof Refusal) return question.response();
  const { category, name } = c.req.param();
  const asked = { ...question, category, name };
  const before = readCursor(asked, "event type versions", v.strictTuple([v.pipe(v.number(), v.safeInteger())]));
  if (before instanceof Refusal) return before.response();
  const database = firstDatabase(databasesOf(c.env));
  const { limit } = question;
  const { rows, next } = await listVersions(database, category, name, { before: before?.[0] ?? null, limit });
  if (rows.length === 0 && before === null) return noType();
  const list = { question: asked, name: "event type versions", place: next === null ? null : [next] };
  return pageResponse(c.req.url, list, { results: rows.map(render) });
});

eventTypes.get(`${PATH}/proposal`, requireScope("read", HEEDS_BINDING), takesNoParameters, showProposal);

eventTypes.post(`${PATH}/check`, requireScope("read", HEEDS_BINDING), takesNoParameters, checkSchema);

eventTypes.put(PATH, requireScope("admin"), takesNoParameters, async (c) => {
  const type = readPath(c);
  if (type instanceof Refusal) return type.response();
  const input = await parseJsonBody(c.req.raw, EventTypeInput);
  if (input instanceof Refusal) return input.response();
  const refusal = refuseSchema(input.schema);
  if (refusal !== null) return refusal.response();
  const database = firstDatabase(databasesOf(c.env));
  const schema = input.schema === null ? null : JSON.stringify(input.schema);
  const full = await refuseGrowth(database, { ...type, schema });
  if (full !== null) return full.response();
  const { properties, ...described } = input;
  const tooMany = properties === undefined ? null : await refuseProperties(database, type, properties.length);
  if (tooMany !== null) return tooMany.response();
  const definition = { ...type, ...described, schema, registered: true };
  const { version, isNew } = await saveVersion(database, definition, changeTime(c.var.config));
  if (properties !== undefined) await redeclareProperties(databasesOf(c.env), type, properties, Date.now() * 1_000);
  return answer(render(version), isNew && version.version === 1 ? 201 : 200);
});

/** Declares properties only. The type need not be registered, because counting is not a rule. */
eventTypes.patch(PATH, requireScope("admin"), takesNoParameters, async (c) => {
  const type = readPath(c);
  if (type instanceof Refusal) return type.response();
  const input = await parseJsonBody(c.req.raw, EventTypePatch);
  if (input instanceof Refusal) return input.response();
  const database = firstDatabase(databasesOf(c.env));
  const tooMany = await refuseProperties(database, type, input.properties.length);
  if (tooMany !== null) return tooMany.response();
  const declared = await redeclareProperties(databasesOf(c.env), type, input.properties, Date.now() * 1_000);
  return answer({ ...type, properties: declared.map(renderProperty) });
});

eventTypes.delete(PATH, requireScope("admin"), takesNoParameters, async (c) => {
  const { category, name } = c.req.param();
  const database = firstDatabase(databasesOf(c.env));
  const newest = await readVersion(database, category, name, null);
  if (newest === null) return noType();
  const nothing = { description: null, owner: null, mode: "accept", schema: null, schema_mode: "enforce" } as const;
  await saveVersion(database, { category, name, ...nothing, registered: false }, changeTime(c.var.config));
  return c.body(null, 204);
});

/** Each property costs a row for each dimension key and hour, and queries read all of them. */
async function refuseProperties(
  database: Database,
  type: { category: string; name: string },
  added: number,
): Promise<Refusal | null> {
  const others = (await listProperties(database)).filter(
    ({ category, name }) => category !== type.category || name !== type.name,
  );
  if (others.length + added <= MAX_ALL_PROPERTIES) return null;
  return new Refusal("conflict", `There can be at most ${MAX_ALL_PROPERTIES} declared properties in total.`);
}

function renderProperty({ path, kind, template, declared_at: declaredAt }: StoredProperty) {
  return { path, kind, template, declared_at: formatTimestamp(declaredAt) };
}

/** Every isolate of the pipeline reads whole rule books, so their size is limited. */
async function refuseGrowth(
  database: Database,
  added: { category: string; name: string; schema: string | null },
): Promise<Refusal | null> {
  const types = await listRegistered(database);
  const others = types.filter(({ category, name }) => category !== added.category || name !== added.name);
  const bytes = [...others, added].reduce((sum, { schema }) => sum + utf8Bytes(schema ?? ""), 0);
  if (others.length < MAX_EVENT_TYPES && bytes <= MAX_RULE_BOOK_BYTES) return null;
  const detail = `There can be at most ${MAX_EVENT_TYPES} registered event types, with at most ${MAX_RULE_BOOK_BYTES} bytes of schemas in total.`;
  return new Refusal("conflict", detail);
}

/** A registered type must be one that an event can have. */
function readPath(c: Context<AppEnv>): { category: string; name: string } | Refusal {
  const result = v.safeParse(EventTypePathSchema, c.req.param());
  if (result.success) return result.output;
  const [issue] = result.issues;
  const parameter = String(issue.path?.[0]?.key);
  return new Refusal("invalid_parameter", `The ${parameter} is not valid: ${plainMessage(issue)}.`, { parameter });
}
