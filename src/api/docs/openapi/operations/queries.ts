import { MAX_MINUTE_BUCKET_ROWS } from "../../../../storage/core/read-limits";
import { ErrorsParameters } from "../../../errors/errors";
import { EventsParameters } from "../../../events/events";
import { ExportParameters, MAX_EXPORTED_EVENTS } from "../../../exports/exports";
import { PropertiesParameters } from "../../../questions/properties";
import { SessionStatsParameters } from "../../../questions/stats/session-stats";
import { StatsParameters } from "../../../questions/stats/stats-parameters";
import { SessionParameters } from "../../../sessions/session";
import { SessionsParameters } from "../../../sessions/session-parameters";
import { type Answer, json, type OperationPlan } from "../operation";
import { pathParameter, propertyFilterParameter, queryParameters } from "../parameters";
import { FAILED_SAMPLE, SAMPLE_SESSION, STORED_FULL_SAMPLE, STORED_SAMPLES } from "../sample-events";
import { SAMPLE_DAY } from "../sample-questions";
import type { SchemaName } from "../schemas";
import { JOB_STARTED } from "./jobs";

const OCCURRED = "2021-01-01T09:15:27.243860Z";

function page(name: SchemaName, value: unknown): Answer {
  return {
    status: 200,
    description: "A page of results.",
    headers: {
      Link: {
        description: 'The URL of the next page, if there is one: `<…>; rel="next"` (RFC 8288).',
        schema: { type: "string" },
      },
    },
    content: json(name, value, "A page"),
  };
}

const CSV_EXAMPLE =
  'session_id,application,category,name,timestamp,received_at,id,visitor_id,data,context,extra\r\n# {"export":{"events":0,"next":null}}\r\n';
const NONE = { total: 0, values: [0] };
const ONE = { total: 1, values: [1] };
const NO_DURATION = { mean: null, p50: null, p90: null };
const DURATION = { mean: 61.5, p50: 61.5, p90: 61.5 };
const SESSION_LINE = {
  ...{ sessions: ONE, visitors: ONE, bounces: NONE, events: { total: 3, values: [3] }, events_per_session: 3 },
  duration_seconds: { ...DURATION, values: [DURATION] },
};

const shared = { method: "get", tag: "Queries", scope: "read" } as const;

export function queryOperations(): OperationPlan[] {
  return [
    {
      ...shared,
      path: "/theeye/events",
      operationId: "listEvents",
      summary: "List events",
      description: `Lists events by any combination of filters, ordered by timestamp; events with the same timestamp are ordered by receipt. Newest first by default, or oldest first with \`session_id\`. Pages neither repeat nor skip events while new ones arrive. A page examines at most about ${MAX_MINUTE_BUCKET_ROWS.toLocaleString("en-US")} events of each database. If matching events are rare, it may contain fewer than \`limit\`, or none, although there is a next page.`,
      parameters: queryParameters(EventsParameters, { session_id: SAMPLE_SESSION }),
      answers: [page("EventPage", { results: [...STORED_SAMPLES, STORED_FULL_SAMPLE], next: null })],
      problems: ["invalid_parameter"],
    },
    {
      ...shared,
      path: "/theeye/exports",
      operationId: "exportEvents",
      summary: "Export events",
      description: `Streams events, oldest first, at most ${MAX_EXPORTED_EVENTS.toLocaleString("en-US")} in one answer. The last line has the number of events and the URL of the next answer: \`{"export":{"events":2,"next":null}}\`. In CSV it begins with \`# \`; a Parquet file has it in its footer, under \`the_eye.export\`. An answer without it is incomplete. \`npm run export\` follows \`next\` and writes one file.`,
      parameters: queryParameters(ExportParameters, { session_id: SAMPLE_SESSION, format: "csv" }),
      answers: [
        {
          status: 200,
          description: "One event on each line, then the last line; or a Parquet file.",
          headers: {
            Link: {
              description:
                'The URL of the next part, if the counts determine it in advance: `<…>; rel="next"` (RFC 8288). The last line always has it.',
              schema: { type: "string" },
            },
          },
          content: {
            "application/x-ndjson": {
              schema: { type: "string" },
              examples: { example: { summary: "No events", value: '{"export":{"events":0,"next":null}}\n' } },
            },
            "text/csv": {
              schema: { type: "string" },
              examples: { example: { summary: "No events", value: CSV_EXAMPLE } },
            },
            "application/vnd.apache.parquet": {
              schema: { type: "string", contentMediaType: "application/vnd.apache.parquet" },
              examples: { example: { summary: "A Parquet file", value: "" } },
            },
            "application/gzip": {
              schema: { type: "string", contentMediaType: "application/gzip" },
              examples: { example: { summary: "A gzip file", value: "" } },
            },
          },
        },
      ],
      problems: ["invalid_parameter"],
    },
    {
      ...shared,
      path: "/theeye/sessions",
      operationId: "listSessions",
      summary: "List sessions",
      description:
        "Lists each session that has an event in the range that matches all filters, once, ordered by the last such event, latest first. `min_events`, `max_events`, `min_seconds` and `max_seconds` refer to all of a session's events in the range. Filters by property are separate parameters, and are compared with values as they were sent: `data.path=/blog/*`.",
      parameters: [...queryParameters(SessionsParameters), propertyFilterParameter()],
      answers: [
        page("SessionPage", {
          results: [
            { session_id: SAMPLE_SESSION, active_at: OCCURRED, first_event_at: OCCURRED, last_event_at: OCCURRED },
          ],
          next: null,
        }),
      ],
      problems: ["invalid_parameter", "cold_scan", "question_too_large"],
    },
    {
      ...shared,
      path: "/theeye/sessions/stats",
      operationId: "showSessionStats",
      summary: "Query sessions over time",
      description:
        "Returns sessions, visitors, bounces, durations and events per session for every bucket of the range, grouped by application or by the first or last event. A session belongs to the bucket of its first event in the range, and only its events in the range count. Filters by property are separate parameters: `data.path=/blog/*`.",
      parameters: [
        ...queryParameters(SessionStatsParameters, { ...SAMPLE_DAY, interval: "day", group_by: "entry" }),
        propertyFilterParameter(),
      ],
      answers: [
        {
          status: 200,
          description: "The numbers for each bucket and group.",
          content: json("SessionStats", {
            interval: "day",
            timezone: "UTC",
            start: "2021-01-01T00:00:00+00:00",
            end: "2021-01-02T00:00:00+00:00",
            buckets: ["2021-01-01T00:00:00+00:00"],
            results: [{ entry: { category: "page interaction", name: "pageview" }, ...SESSION_LINE }],
            other: {
              groups: 0,
              ...{ sessions: NONE, visitors: NONE, bounces: NONE, events: NONE, events_per_session: null },
              duration_seconds: { ...NO_DURATION, values: [NO_DURATION] },
            },
            total: SESSION_LINE,
            accuracy: { exact: true },
            rows_read: 12,
          }),
        },
        JOB_STARTED,
      ],
      problems: ["invalid_parameter", "cold_scan", "question_too_large", "rate_limited"],
    },
    {
      ...shared,
      path: "/theeye/sessions/{id}",
      operationId: "showSession",
      summary: "Show a session",
      description:
        "Returns a session's summary and a page of its events, oldest first, each with its position in the session. An event that arrives late takes its place by timestamp, and the positions after it grow by one.",
      parameters: [pathParameter("id", "The session's id.", SAMPLE_SESSION), ...queryParameters(SessionParameters)],
      answers: [
        page("Session", {
          session_id: SAMPLE_SESSION,
          first_event_at: OCCURRED,
          last_event_at: OCCURRED,
          duration_seconds: 0,
          events: STORED_SAMPLES.length,
          events_at_least: STORED_SAMPLES.length,
          applications: ["demo"],
          results: STORED_SAMPLES.map((event, index) => ({ ...event, position: index + 1 })),
          next: null,
        }),
      ],
      problems: ["invalid_parameter", "not_found"],
    },
    {
      ...shared,
      path: "/theeye/errors",
      operationId: "listErrors",
      summary: "List failed events",
      description:
        "Lists the events that failed validation, each with its complete content and all its issues. Ordered by receipt, newest first unless `order` is given.",
      parameters: queryParameters(ErrorsParameters),
      answers: [page("ErrorPage", { results: [FAILED_SAMPLE], next: null })],
      problems: ["invalid_parameter"],
    },
    {
      ...shared,
      path: "/theeye/properties",
      operationId: "showProperties",
      summary: "Show payload properties",
      description:
        "Returns the properties in the payloads of an event type, from its newest events: kinds of value, the share of events that have them, the most frequent values, and whether they are declared.",
      parameters: queryParameters(PropertiesParameters, { category: "page interaction", name: "pageview" }),
      answers: [
        {
          status: 200,
          description: "The properties.",
          content: json("Properties", {
            results: [
              {
                ...{ path: "path", kinds: { string: 1 }, share: 0.98, distinct: { about: 1240 }, samples: ["/"] },
                ...{ declared: true, kind: "text", template: "/p/:id" },
              },
            ],
            examined: 5000,
            accuracy: { exact: false },
            rows_read: 5210,
          }),
        },
      ],
      problems: ["invalid_parameter"],
    },
    {
      ...shared,
      path: "/theeye/stats",
      operationId: "showStats",
      summary: "Query numbers over time",
      description:
        "Returns the number of events, sessions, visitors or values for every bucket of the range, grouped by application, category, name or a property of the payload. Filters by property are separate parameters: `data.path=/blog/*`. Without `start_date`, the range starts one hour, two days, thirty days, twelve weeks or twelve months before `end_date`. If more events match than one request reads, the answer is an estimate from a sample, with 95 % intervals, or a job.",
      parameters: [...queryParameters(StatsParameters, { ...SAMPLE_DAY, interval: "day" }), propertyFilterParameter()],
      answers: [
        {
          status: 200,
          description: "The numbers for each bucket and group.",
          content: json("Stats", {
            metric: "events",
            interval: "day",
            timezone: "UTC",
            start: "2021-01-01T00:00:00+00:00",
            end: "2021-01-02T00:00:00+00:00",
            buckets: ["2021-01-01T00:00:00+00:00"],
            results: [
              { "data.path": "/", total: 2, values: [2] },
              { "data.path": "/contact", total: 1, values: [1] },
            ],
            other: { groups: 0, total: 0, values: [0] },
            total: { total: 3, values: [3] },
            accuracy: { exact: true },
            rows_read: 12,
          }),
        },
        JOB_STARTED,
      ],
      problems: ["invalid_parameter", "cold_scan", "question_too_large", "rate_limited"],
    },
  ];
}
