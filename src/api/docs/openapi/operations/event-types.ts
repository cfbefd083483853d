import { EventTypeParameters, EventTypesParameters, VersionsParameters } from "../../../event-types/event-type-schemas";
import { MAX_FAILED_SAMPLES, MAX_STORED_SAMPLES } from "../../../event-types/trial-schemas";
import { schemaReference } from "../json-schema";
import { type Answer, json, type MediaType, NEXT_PAGE, type OperationPlan } from "../operation";
import { pathParameter, queryParameters } from "../parameters";
import type { SchemaName } from "../schemas";

/** The event type of the examples. No other example sends events of this type. */
const TYPE = { category: "checkout", name: "order placed" };

const PAYLOAD_SCHEMA = {
  type: "object",
  properties: { total: { type: "number", minimum: 0 }, currency: { type: "string", pattern: "^[A-Z]{3}$" } },
  required: ["total", "currency"],
};

const DEFINITION = {
  description: "A visitor placed an order.",
  owner: "checkout team",
  mode: "accept",
  schema: PAYLOAD_SCHEMA,
  schema_mode: "enforce",
};

const DECLARED = [
  { path: "currency", kind: "text", template: null },
  { path: "total", kind: "number", template: null },
];

const MOMENTS = { changed_at: "2026-01-01T00:00:00.000000Z", in_force_at: "2026-01-01T00:01:00.000000Z" };

const VERSION = { ...TYPE, version: 1, registered: true, ...DEFINITION, ...MOMENTS };

const SETTINGS = { unregistered_event_types: "accept" };

const STORAGE = {
  storage: { hot_days: 30, hot_bytes: 6_000_000_000, retention: { events_days: 730, errors_days: null } },
};

const WHEN =
  "The change applies to events received at or after `in_force_at`, by default one minute after the change (`RULE_LEAD_SECONDS`).";

const UNSEEN = { first_seen: null, last_seen: null, events: 0, failures: 0 };

const { schema: _, ...WITHOUT_SCHEMA } = DEFINITION;

const LISTED = { ...TYPE, registered: true, version: 1, ...WITHOUT_SCHEMA, ...UNSEEN };

const typePath = [
  pathParameter("category", "The event type's category.", TYPE.category),
  pathParameter("name", "The event type's name.", TYPE.name),
];

function body(name: SchemaName, examples: MediaType["examples"]): NonNullable<OperationPlan["requestBody"]> {
  return {
    description: "One JSON object, with any content type, plain or gzip.",
    content: { "application/json": { schema: schemaReference(name), examples } },
  };
}

function page(name: SchemaName, value: unknown): Answer {
  return {
    status: 200,
    description: "A page of results.",
    headers: NEXT_PAGE,
    content: json(name, value, "A page"),
  };
}

const ok = (description: string, name: SchemaName, value: unknown): Answer => ({
  status: 200,
  description,
  content: json(name, value),
});

const bodyProblems = ["invalid_json", "invalid_parameter", "payload_too_large", "unsupported_encoding"] as const;

const reading = { tag: "Event types", scope: "read" } as const;
const changing = { tag: "Event types", scope: "admin" } as const;

export function eventTypeOperations(): OperationPlan[] {
  return [
    {
      ...changing,
      method: "put",
      path: "/theeye/event-types/{category}/{name}",
      operationId: "registerEventType",
      summary: "Register or change an event type",
      description: `Each change makes a new version; an identical definition makes none. ${WHEN} Members that are absent get their default. An invalid schema, or one that could take too long to validate, is refused with its location.`,
      parameters: typePath,
      requestBody: body("EventTypeInput", {
        example: { summary: "An order has a total and a currency", value: DEFINITION },
      }),
      answers: [
        ok("The event type after the change.", "EventTypeVersion", VERSION),
        { status: 201, description: "The event type is registered.", content: json("EventTypeVersion", VERSION) },
      ],
      problems: [...bodyProblems, "schema_invalid", "conflict"],
    },
    {
      ...changing,
      method: "patch",
      path: "/theeye/event-types/{category}/{name}",
      operationId: "declareProperties",
      summary: "Declare the properties of an event type",
      description:
        "Replaces the declared properties of the payload, whose values are counted as events arrive; older events are counted within minutes to hours. Queries about a declared property are answered over any range. The type need not be registered. `PUT` accepts `properties` too, and leaves them unchanged if absent.",
      parameters: typePath,
      requestBody: body("EventTypePatch", {
        example: { summary: "Totals are summed, currencies counted", value: { properties: DECLARED } },
      }),
      answers: [
        ok("The declared properties.", "EventTypeProperties", {
          ...TYPE,
          properties: DECLARED.map((one) => ({ ...one, declared_at: MOMENTS.changed_at })),
        }),
      ],
      problems: [...bodyProblems, "conflict"],
    },
    {
      ...reading,
      method: "get",
      path: "/theeye/event-types",
      operationId: "listEventTypes",
      summary: "List event types",
      description:
        "Lists every event type that is registered or was seen, by category and name, with the number of events that were stored and that failed in the last days.",
      parameters: queryParameters(EventTypesParameters),
      answers: [page("EventTypePage", { results: [LISTED], next: null })],
      problems: ["invalid_parameter"],
    },
    {
      ...reading,
      method: "get",
      path: "/theeye/event-types/{category}/{name}",
      operationId: "showEventType",
      summary: "Show an event type",
      description:
        "Returns the newest version, in force or not (`in_force_at`), or the given version, with what its schema would have rejected in report-only mode.",
      parameters: [...typePath, ...queryParameters(EventTypeParameters)],
      answers: [ok("The event type.", "EventType", { ...VERSION, ...UNSEEN, shadow: [], properties: [] })],
      problems: ["invalid_parameter", "not_found"],
    },
    {
      ...reading,
      method: "get",
      path: "/theeye/event-types/{category}/{name}/versions",
      operationId: "listEventTypeVersions",
      summary: "List the versions of an event type",
      description: "Lists every version as it was registered, newest first. A removal is a version too.",
      parameters: [...typePath, ...queryParameters(VersionsParameters)],
      answers: [page("EventTypeVersions", { results: [VERSION], next: null })],
      problems: ["invalid_parameter", "not_found"],
    },
    {
      ...reading,
      method: "get",
      path: "/theeye/event-types/{category}/{name}/proposal",
      operationId: "proposeSchema",
      summary: "Propose a schema",
      description: `Proposes a schema that the newest ${MAX_STORED_SAMPLES} stored events of the type all match: types, members that are always present, formats. It allows additional members.`,
      parameters: typePath,
      answers: [
        ok("The proposal.", "Proposal", {
          ...TYPE,
          drawn_from: 500,
          schema: { $schema: "https://json-schema.org/draft/2020-12/schema", ...PAYLOAD_SCHEMA },
        }),
      ],
    },
    {
      ...reading,
      method: "post",
      path: "/theeye/event-types/{category}/{name}/check",
      operationId: "checkSchema",
      summary: "Check a schema before it is registered",
      description: `Validates at most the newest ${MAX_STORED_SAMPLES} stored and ${MAX_FAILED_SAMPLES} failed events of the type with a candidate schema. It changes nothing.`,
      parameters: typePath,
      requestBody: body("CheckInput", {
        example: { summary: "An order has a total", value: { schema: PAYLOAD_SCHEMA } },
      }),
      answers: [
        ok("The effect of the candidate schema.", "Check", {
          stored: { checked: 500, pass: 499, fail: 1 },
          failed: { checked: 2, pass: 2, fail: 0 },
          complete: true,
          groups: [
            {
              code: "schema_violation",
              path: "/data/total",
              kind: "type",
              stored: 1,
              failed: 0,
              samples: [
                {
                  session_id: "e2085be5-9137-4e4e-80b5-f1ffddc25423",
                  id: "0b7f3c1e-5d0a-4c57-9b0e-3f6a1c2d4e50",
                  message: 'expected number, found "12.50"',
                },
              ],
            },
          ],
        }),
      ],
      problems: [...bodyProblems, "schema_invalid"],
    },
    {
      ...changing,
      method: "delete",
      path: "/theeye/event-types/{category}/{name}",
      operationId: "removeEventType",
      summary: "Remove an event type",
      description: `Removes an event type. Its events are then treated as unregistered. ${WHEN} The removal is a version with its own \`in_force_at\`. Older versions stay readable.`,
      parameters: typePath,
      answers: [{ status: 204, description: "The event type is removed." }],
      problems: ["not_found"],
    },
    {
      ...changing,
      method: "get",
      path: "/theeye/settings",
      operationId: "showSettings",
      summary: "Show the settings",
      description: "Returns the settings of the whole deployment: the newest ones, in force or not (`in_force_at`).",
      answers: [ok("The settings.", "Settings", { ...SETTINGS, ...MOMENTS, ...STORAGE })],
    },
    {
      ...changing,
      method: "put",
      path: "/theeye/settings",
      operationId: "changeSettings",
      summary: "Change the settings",
      description: WHEN,
      requestBody: body("SettingsInput", {
        example: { summary: "Accept unregistered types", value: SETTINGS },
        storage: { summary: "Delete events after two years", value: { ...SETTINGS, ...STORAGE } },
      }),
      answers: [ok("The settings.", "Settings", { ...SETTINGS, ...MOMENTS, ...STORAGE })],
      problems: [...bodyProblems],
    },
  ];
}
