import { version } from "../../../package.json";
import { EVENT_CODES, REQUEST_PROBLEMS } from "../../model/codes";
import { namedJsonSchemas } from "./openapi/json-schema";
import { describeOperation, type OperationPlan, SECURITY_SCHEMES } from "./openapi/operation";
import { administrationOperations } from "./openapi/operations/administration";
import { alertOperations } from "./openapi/operations/alerts";
import { erasureOperations } from "./openapi/operations/erasures";
import { errorOperations } from "./openapi/operations/errors-and-replays";
import { eventTypeOperations } from "./openapi/operations/event-types";
import { ingestOperations } from "./openapi/operations/ingest";
import { jobOperation } from "./openapi/operations/jobs";
import { queryOperations } from "./openapi/operations/queries";
import { savedQuestionOperations } from "./openapi/operations/saved-questions";
import { sequenceOperations } from "./openapi/operations/sequences";
import { serviceOperations } from "./openapi/operations/service";
import { storageOperations } from "./openapi/operations/storage";
import { visitorOperation } from "./openapi/operations/visitors";
import { problemExample } from "./openapi/problem-examples";
import { REQUEST_PROBLEM_NAMES, SCHEMAS } from "./openapi/schemas";

const TAGS = [
  { name: "Ingest", description: "Send events. Needs a **write** key." },
  { name: "Queries", description: "Read and analyse events. Needs a **read** key; an admin key works too." },
  {
    name: "Event types",
    description: "Register event types and their schemas. Reading needs a **read** key, changing an **admin** key.",
  },
  {
    name: "Errors",
    description: "Monitor failed events and fix them. Reading needs a **read** key, fixing an **admin** key.",
  },
  { name: "Administration", description: "Manage applications, their keys and alerts. Needs an **admin** key." },
  { name: "Service", description: "Needs no key." },
];

function operations(): OperationPlan[] {
  return [
    ...ingestOperations(),
    ...queryOperations(),
    ...sequenceOperations(),
    jobOperation(),
    visitorOperation(),
    ...savedQuestionOperations(),
    ...errorOperations(),
    ...eventTypeOperations(),
    ...administrationOperations(),
    ...storageOperations(),
    ...alertOperations(),
    ...erasureOperations(),
    ...serviceOperations(),
  ];
}

export interface OpenApiDocument {
  openapi: string;
  paths: Record<string, Record<string, unknown>>;
  components: Record<string, Record<string, unknown>>;
  [member: string]: unknown;
}

/**
 * Describes the HTTP interface as OpenAPI 3.1, from the schemas that validate, the tables of codes and the limits.
 *
 * Every example of a request can be sent as it is, in the order of the document, with deletions last: request bodies
 * from `examples`, with each parameter that has an `example`. A parameter's `schema.examples` can be added one at a
 * time.
 */
export function openApiDocument(): OpenApiDocument {
  const paths: OpenApiDocument["paths"] = {};
  for (const plan of operations()) paths[plan.path] = { ...paths[plan.path], [plan.method]: describeOperation(plan) };
  const examples = REQUEST_PROBLEM_NAMES.map((code) => [
    code,
    { summary: REQUEST_PROBLEMS[code].title, value: problemExample(code) },
  ]);
  return {
    openapi: "3.1.0",
    info: { title: "The Eye", version, description: description() },
    servers: [{ url: "./", description: "this deployment" }],
    tags: TAGS,
    paths,
    components: {
      schemas: namedJsonSchemas(SCHEMAS),
      examples: Object.fromEntries(examples),
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

function description(): string {
  const problems = Object.entries(REQUEST_PROBLEMS).map(([code, { status, title }]) => row(code, status, title));
  const events = Object.entries(EVENT_CODES).map(([code, meaning]) => row(code, meaning));
  return `The Eye collects user-behaviour events from many applications. It stores each event exactly once, keeps every session in order, and answers queries over them.

**Try it:** press *Authorize* and enter a key (on a developer's machine: \`eye_w_local\` to send, \`eye_r_local\` to read, \`eye_a_local\` to administer). Send the example events, then list them.

A trailing slash in a path is accepted. Times are in UTC with microseconds unless stated otherwise.

<details><summary>Problems: the responses to refused requests</summary>

A refused request is answered with a problem (RFC 9457) as \`application/problem+json\` that has a stable \`code\`. Every path can return \`not_found\` and \`method_not_allowed\`.

| code | status | meaning |
|---|---|---|
${problems.join("\n")}

</details>
<details><summary>Issues: why an event failed</summary>

Events are validated after they are accepted. \`GET /theeye/errors\` lists the events that failed, each with all its issues.

| code | meaning |
|---|---|
${events.join("\n")}

</details>`;
}

function row(code: string, ...cells: readonly (string | number)[]): string {
  return `| [${code}](problems/${code}) | ${cells.join(" | ")} |`;
}
