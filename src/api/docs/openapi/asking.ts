import { MAX_GUIDED_ROWS } from "../../../storage/core/read-limits";
import { ErrorsParameters } from "../../errors/errors";
import { EventsParameters } from "../../events/events";
import { ExportParameters, MAX_EXPORTED_EVENTS } from "../../exports/exports";
import { StatsParameters } from "../../questions/stats";
import { SessionParameters, SessionsParameters } from "../../sessions/sessions";
import { type Answer, json, type OperationPlan } from "./operation";
import { pathParameter, queryParameters } from "./parameters";
import { FAILED_SAMPLE, SAMPLE_SESSION, STORED_FULL_SAMPLE, STORED_SAMPLES } from "./sample-events";
import type { SchemaName } from "./schemas";

const OCCURRED = "2021-01-01T09:15:27.243860Z";

/** A day that holds the sample events. */
const SAMPLE_DAY = { start_date: "2021-01-01", end_date: "2021-01-01" };

function page(name: SchemaName, value: unknown): Answer {
  return {
    status: 200,
    description: "A page.",
    headers: {
      Link: {
        description: 'The next page, if there is one: `<…>; rel="next"` (RFC 8288).',
        schema: { type: "string" },
      },
    },
    content: json(name, value, "A page"),
  };
}

const CSV_EXAMPLE =
  'session_id,application,category,name,timestamp,received_at,id,visitor_id,data,context,extra\r\n# {"export":{"events":0,"next":null}}\r\n';

const shared = { method: "get", tag: "Asking", scope: "read" } as const;

export function askingOperations(): OperationPlan[] {
  return [
    {
      ...shared,
      path: "/theeye/events",
      operationId: "listEvents",
      summary: "List events",
      description: `Events by any combination of filters, in the order in which they occurred; those of the same microsecond in the order of receipt. Newest first, or oldest first where one session is asked for. Pages neither repeat nor skip while events arrive. A page looks at some ${MAX_GUIDED_ROWS.toLocaleString("en-US")} events of each database at most; where what is asked for is rare, it may hold fewer than \`limit\`, or none, though there is a next one.`,
      parameters: queryParameters(EventsParameters, { session_id: SAMPLE_SESSION }),
      answers: [page("EventPage", { results: [...STORED_SAMPLES, STORED_FULL_SAMPLE], next: null })],
      problems: ["invalid_parameter"],
    },
    {
      ...shared,
      path: "/theeye/exports",
      operationId: "exportEvents",
      summary: "Export events",
      description: `Events as a stream, oldest first, at most ${MAX_EXPORTED_EVENTS.toLocaleString("en-US")} an answer. The last line counts the events and says where the next answer begins: \`{"export":{"events":2,"next":null}}\`, in CSV behind \`# \`. An answer without it was cut off. \`npm run export\` follows \`next\` and writes one file.`,
      parameters: queryParameters(ExportParameters, { session_id: SAMPLE_SESSION, format: "csv" }),
      answers: [
        {
          status: 200,
          description: "The events, one a line, and the last line.",
          headers: {
            Link: {
              description:
                'Where the next answer begins, as far as the counts tell it beforehand: `<…>; rel="next"` (RFC 8288). The last line always says it.',
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
      description: "The sessions with an event in the range, the most recently active first, each once.",
      parameters: queryParameters(SessionsParameters),
      answers: [
        page("SessionPage", {
          results: [
            { session_id: SAMPLE_SESSION, active_at: OCCURRED, first_event_at: OCCURRED, last_event_at: OCCURRED },
          ],
          next: null,
        }),
      ],
      problems: ["invalid_parameter"],
    },
    {
      ...shared,
      path: "/theeye/sessions/{id}",
      operationId: "showSession",
      summary: "Show a session",
      description:
        "A session's summary and a page of its events, oldest first, each with its place in the session. An event that arrives late takes its right place, and those behind it move on by one.",
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
      summary: "List events that failed",
      description:
        "The events that did not validate, each with its whole content and everything that is wrong with it, by receipt; newest first unless `order` says otherwise.",
      parameters: queryParameters(ErrorsParameters),
      answers: [page("ErrorPage", { results: [FAILED_SAMPLE], next: null })],
      problems: ["invalid_parameter"],
    },
    {
      ...shared,
      path: "/theeye/stats",
      operationId: "showStats",
      summary: "Count events over time",
      description:
        "Exact numbers of events for each minute, hour or day (UTC) that the range touches, from counts kept while events are stored. Without `start_date`: the last hour, two days or thirty days before `end_date`.",
      parameters: queryParameters(StatsParameters, SAMPLE_DAY),
      answers: [
        {
          status: 200,
          description: "The counts.",
          content: json("Stats", {
            interval: "hour",
            start: "2021-01-01T00:00:00.000000Z",
            end: "2021-01-02T00:00:00.000000Z",
            results: [{ start: "2021-01-01T09:00:00.000000Z", events: 3 }],
            total: 3,
          }),
        },
      ],
      problems: ["invalid_parameter"],
    },
  ];
}
