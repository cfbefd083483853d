import { QuestionsParameters, VersionParameters } from "../../questions/saved-question-schemas";
import { RetentionParameters } from "../../sequences/retention";
import { VisitorParameters } from "../../sessions/visitors";
import { schemaReference } from "./json-schema";
import { json, type MediaType, type OperationPlan } from "./operation";
import { pathParameter, queryParameters } from "./parameters";
import { SAMPLE_SESSION } from "./sample-events";
import type { SchemaName } from "./schemas";

const RANGE = { start: "2021-01-01T00:00:00+00:00", end: "2021-01-02T00:00:00+00:00" };
const COST = { accuracy: { exact: true }, rows_read: 12 };

/** A range that holds the sample events. */
const SAMPLE_DAY = { start_date: "2021-01-01", end_date: "2021-01-01" };

const FUNNEL = {
  ...SAMPLE_DAY,
  per: "session",
  within_seconds: 1_800,
  steps: [
    { category: "page interaction", name: "pageview", data: { path: ["/"] } },
    { name: "cta click" },
    { category: "form interaction", name: "submit" },
  ],
};

const PATHS = { ...SAMPLE_DAY, start: { name: "pageview", data: { path: "/" } }, by: "type", depth: 2, top: 5 };

const QUESTION_NAME = "home-to-form";

const SAVED = {
  kind: "funnels",
  question: { per: "session", within_seconds: 1_800, steps: FUNNEL.steps },
  description: "From the home page to the form",
};

const SHOWN = { name: QUESTION_NAME, version: 1, ...SAVED, saved_at: "2026-01-01T00:00:00.000000Z" };

const FUNNEL_ANSWER = {
  ...RANGE,
  steps: [
    { count: 1, share_of_first: 1, share_of_previous: 1 },
    { count: 1, share_of_first: 1, share_of_previous: 1, seconds_from_previous: { p50: 0, p90: 0 } },
    { count: 1, share_of_first: 1, share_of_previous: 1, seconds_from_previous: { p50: 0, p90: 0 } },
  ],
  ...COST,
};

const JOB_ID = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";
const JOB_URL = `../theeye/jobs/${JOB_ID}`;

export const JOB_STARTED = {
  status: 202,
  description: "There is too much to read for an immediate answer. A job computes the answer and stores it.",
  headers: { Location: { description: "The job, relative to the requested URL.", schema: { type: "string" } } },
  content: json("JobStarted", { job: JOB_ID, url: JOB_URL }, "A job"),
} as const;

function jsonBody(name: SchemaName, summary: string, value: unknown): Record<string, MediaType> {
  return { "application/json": { schema: schemaReference(name), examples: { example: { summary, value } } } };
}

const shared = { tag: "Queries", scope: "read" } as const;
const BODY = "One JSON object, with any content type, plain or gzip.";
const TOO_MUCH = ["invalid_parameter", "question_too_large", "rate_limited"] as const;
const nameParameter = pathParameter("name", "The name of the saved question.", QUESTION_NAME);

export function sequenceOperations(): OperationPlan[] {
  return [
    {
      ...shared,
      method: "post",
      path: "/theeye/funnels",
      operationId: "askFunnel",
      summary: "Query a funnel",
      description:
        "Returns how many sessions (or visitors) complete a series of steps: events e1 < e2 < … in the order of the session, each matching its step, the last within `within_seconds` of the first. Events with the same timestamp count in their order. A session may match in several ways. Times between steps are those of the way that gets furthest and ends first and, among these, starts last.",
      requestBody: { description: BODY, content: jsonBody("FunnelInput", "From the home page to the form", FUNNEL) },
      answers: [
        { status: 200, description: "The funnel.", content: json("Funnel", FUNNEL_ANSWER, "A funnel") },
        JOB_STARTED,
      ],
      problems: ["invalid_json", ...TOO_MUCH],
    },
    {
      ...shared,
      method: "post",
      path: "/theeye/paths",
      operationId: "askPaths",
      summary: "Query paths",
      description:
        "Returns what happens after a step, before it or between two steps, event by event in the order of the session: how many sessions (or visitors) have which key on each level, and how many go from one key to the next.",
      requestBody: { description: BODY, content: jsonBody("PathsInput", "What follows on the home page", PATHS) },
      answers: [
        {
          status: 200,
          description: "The nodes and edges of the graph.",
          content: json("Paths", {
            ...RANGE,
            levels: [
              [{ key: "page interaction / pageview", count: 1 }],
              [{ key: "page interaction / cta click", count: 1 }],
            ],
            edges: [{ level: 0, from: "page interaction / pageview", to: "page interaction / cta click", count: 1 }],
            ...COST,
          }),
        },
        JOB_STARTED,
      ],
      problems: ["invalid_json", ...TOO_MUCH],
    },
    {
      ...shared,
      method: "get",
      path: "/theeye/retention",
      operationId: "askRetention",
      summary: "Query retention",
      description:
        "Groups visitors into cohorts by the period of their first event in the range, and returns how many of each cohort were seen in that period and the following ones. Events without a `visitor_id` do not count.",
      parameters: queryParameters(RetentionParameters, { ...SAMPLE_DAY, interval: "day" }),
      answers: [
        {
          status: 200,
          description: "The cohorts.",
          content: json("Retention", { ...RANGE, cohorts: [{ start: "2021-01-01", size: 3, returned: [3] }], ...COST }),
        },
        JOB_STARTED,
      ],
      problems: [...TOO_MUCH],
    },
    {
      ...shared,
      method: "get",
      path: "/theeye/jobs/{id}",
      operationId: "showJob",
      summary: "Show a job",
      description:
        "Returns the progress of a query that could not be answered at once and, when it is done, its result.",
      parameters: [pathParameter("id", "The job's id.", JOB_ID)],
      answers: [
        {
          status: 200,
          description: "The job, relative to the requested URL.",
          content: json("Job", {
            job: JOB_ID,
            kind: "funnel",
            status: "done",
            progress: 1,
            created_at: "2026-01-01T00:00:00.000000Z",
            updated_at: "2026-01-01T00:00:12.000000Z",
            rows_read: 8_700_000,
            result: { ...FUNNEL_ANSWER, rows_read: 8_700_000 },
          }),
        },
      ],
      problems: ["not_found"],
    },
    {
      ...shared,
      method: "get",
      path: "/theeye/visitors/{id}",
      operationId: "showVisitor",
      summary: "Show a visitor",
      description: "Lists the sessions that have an event with this `visitor_id`, most recently active first.",
      parameters: [pathParameter("id", "The visitor's id.", "visitor-1"), ...queryParameters(VisitorParameters)],
      answers: [
        {
          status: 200,
          description: "A page of the visitor's sessions.",
          content: json("Visitor", {
            visitor_id: "visitor-1",
            sessions: 1,
            sessions_at_least: 1,
            results: [
              {
                session_id: SAMPLE_SESSION,
                first_event_at: "2021-01-01T09:15:27.243860Z",
                last_event_at: "2021-01-01T09:15:27.243860Z",
                duration_seconds: 0,
              },
            ],
            rows_read: 460,
            next: null,
          }),
        },
      ],
      problems: ["invalid_parameter", "not_found"],
    },
    ...savedQuestionOperations(),
  ];
}

function savedQuestionOperations(): OperationPlan[] {
  const question = { status: 200, description: "The saved question.", content: json("SavedQuestion", SHOWN) };
  return [
    {
      ...shared,
      method: "put",
      path: "/theeye/questions/{name}",
      operationId: "saveQuestion",
      summary: "Save a question",
      description:
        "Saves a question under a name, as a new version if the name exists. The question is run once to validate it; an error is returned as by its operation. Saving an identical question changes nothing.",
      parameters: [nameParameter],
      requestBody: { description: BODY, content: jsonBody("QuestionInput", "A funnel over the latest days", SAVED) },
      answers: [{ ...question, status: 201, description: "The first version is saved." }, question],
      problems: ["invalid_json", "conflict", ...TOO_MUCH],
    },
    {
      ...shared,
      method: "get",
      path: "/theeye/questions",
      operationId: "listQuestions",
      summary: "List saved questions",
      description: "Lists the latest version of each saved question, by name.",
      parameters: queryParameters(QuestionsParameters),
      answers: [
        {
          status: 200,
          description: "The saved questions.",
          content: json("SavedQuestionList", { results: [SHOWN], next: null }),
        },
      ],
    },
    {
      ...shared,
      method: "get",
      path: "/theeye/questions/{name}",
      operationId: "showQuestion",
      summary: "Show a saved question",
      description: "Returns the latest version, or the given one.",
      parameters: [nameParameter, ...queryParameters(VersionParameters)],
      answers: [question],
      problems: ["invalid_parameter", "not_found"],
    },
    {
      ...shared,
      method: "get",
      path: "/theeye/questions/{name}/versions",
      operationId: "listQuestionVersions",
      summary: "List the versions of a saved question",
      description: "Lists the versions, newest first, including removals.",
      parameters: [nameParameter, ...queryParameters(QuestionsParameters)],
      answers: [
        {
          status: 200,
          description: "The versions.",
          content: json("SavedQuestionList", { results: [SHOWN], next: null }),
        },
      ],
      problems: ["not_found"],
    },
    {
      ...shared,
      method: "post",
      path: "/theeye/questions/{name}/run",
      operationId: "runQuestion",
      summary: "Run a saved question",
      description:
        "Returns what the question's own operation returns. The body can override the range, time zone or accuracy for this run.",
      parameters: [nameParameter, ...queryParameters(VersionParameters)],
      requestBody: {
        description: `${BODY} It can be empty.`,
        content: jsonBody("RunInput", "Over a given day", SAMPLE_DAY),
      },
      answers: [
        { status: 200, description: "The response of its operation.", content: json("QuestionAnswer", FUNNEL_ANSWER) },
        JOB_STARTED,
      ],
      problems: ["invalid_json", "not_found", ...TOO_MUCH],
    },
    {
      ...shared,
      method: "delete",
      path: "/theeye/questions/{name}",
      operationId: "deleteQuestion",
      summary: "Remove a saved question",
      description: "Removes a saved question. Its versions stay: they can be shown and run by number.",
      parameters: [nameParameter],
      answers: [{ status: 204, description: "The question is removed." }],
      problems: ["conflict", "not_found"],
    },
  ];
}
