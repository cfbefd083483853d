import { version } from "../../../package.json";
import { EVENT_CODES, REQUEST_PROBLEMS } from "../../model/codes";
import { administrationOperations } from "./openapi/administration";
import { alertOperations } from "./openapi/alerts";
import { askingOperations } from "./openapi/asking";
import { collectingOperations } from "./openapi/collecting";
import { erasureOperations } from "./openapi/erasures";
import { eventTypeOperations } from "./openapi/event-types";
import { namedJsonSchemas } from "./openapi/json-schema";
import { describeOperation, type OperationPlan, SECURITY_SCHEMES } from "./openapi/operation";
import { problemExample } from "./openapi/problem-examples";
import { REQUEST_PROBLEM_NAMES, SCHEMAS } from "./openapi/schemas";
import { sequenceOperations } from "./openapi/sequences";
import { serviceOperations } from "./openapi/service";
import { storageOperations } from "./openapi/storage";
import { watchingOperations } from "./openapi/watching";

const TAGS = [
  { name: "Collecting", description: "For applications, with a **write** key." },
  { name: "Asking", description: "For analysts, with a **read** key (an admin key does too)." },
  { name: "Event types", description: "What events may be: a **read** key to see, an **admin** key to change." },
  {
    name: "Errors",
    description: "Watching what fails, and fixing it: a **read** key to watch, an **admin** key to fix.",
  },
  { name: "Administration", description: "Applications, their keys, and alerts, with an **admin** key." },
  { name: "Service", description: "Without a key." },
];

function operations(): OperationPlan[] {
  return [
    ...collectingOperations(),
    ...askingOperations(),
    ...sequenceOperations(),
    ...watchingOperations(),
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
 * Every example of a request can be sent as it stands, in the document's order and deletions last: request bodies from
 * `examples`, with each parameter that has an `example`. A parameter's `schema.examples` can be added to them one at a time.
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
  return `Collects user-behaviour events from many applications, keeps each visitor's session exactly once and in order, and answers analysts at once.

**Try it:** press *Authorize* and enter a key (on a developer's machine: \`eye_w_local\` to send, \`eye_r_local\` to ask, \`eye_a_local\` to administrate). Send the example events, then list them.

A slash at the end of a path is accepted. Times are UTC unless they say otherwise, to the microsecond.

<details><summary>What a refused request answers</summary>

A problem (RFC 9457) as \`application/problem+json\`, with a stable \`code\`. Every path answers \`not_found\` and \`method_not_allowed\` where they apply.

| code | status | meaning |
|---|---|---|
${problems.join("\n")}

</details>
<details><summary>What can be wrong with an event</summary>

An event is checked after it was accepted. \`GET /theeye/errors\` lists those that failed, each with all its issues.

| code | meaning |
|---|---|
${events.join("\n")}

</details>`;
}

function row(code: string, ...cells: readonly (string | number)[]): string {
  return `| [${code}](/problems/${code}) | ${cells.join(" | ")} |`;
}
