import type { JsonSchema } from "@valibot/to-json-schema";
import { REQUEST_PROBLEMS, type RequestProblemCode } from "../../../model/codes";
import type { Scope } from "../../../model/keys/access-key";
import { schemaReference } from "./json-schema";
import type { SchemaName } from "./schemas";

/** The parts of an operation's description from which its OpenAPI object is made. */
export interface OperationPlan {
  method: "get" | "post" | "put" | "patch" | "delete";
  path: `/${string}`;
  operationId: string;
  tag: string;
  summary: string;
  description: string;
  /** The scope that its key needs; null for none. With `keyOptional` it also answers without a key, but with less. */
  scope: Scope | null;
  keyOptional?: boolean;
  parameters?: readonly Parameter[];
  requestBody?: { description: string; content: Record<string, MediaType> };
  answers: readonly Answer[];
  /** In addition to those of every operation with a key. */
  problems?: readonly RequestProblemCode[];
}

export interface Parameter {
  name: string;
  in: "query" | "path" | "header";
  description: string;
  required: boolean;
  schema: JsonSchema;
  /** Filled in when someone tries the operation. `schema.examples` are further values that can be added. */
  example?: unknown;
}

export interface MediaType {
  schema: JsonSchema;
  examples: Record<string, { summary: string; value: unknown }>;
}

export interface Answer {
  status: number;
  description: string;
  headers?: Record<string, { description: string; schema: JsonSchema }>;
  /** Absent if there is no content. */
  content?: Record<string, MediaType>;
}

/**
 * The ways to send a key, by the names of their security schemes. The usual way is last: Swagger UI's form opens
 * with the last field in view and in focus.
 */
export const SECURITY_SCHEMES = {
  basic: { type: "http", scheme: "basic", description: "The key as the user name. The password is ignored." },
  queryKey: {
    type: "apiKey",
    in: "query",
    name: "key",
    description: "For beacons, which cannot set headers. URLs are often logged, so prefer a header.",
  },
  writeKey: { type: "apiKey", in: "header", name: "X-Write-Key", description: "The key on its own." },
  token: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "The word `Token`, a space, and the key: `Token <key>`.",
  },
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "The usual way: `Authorization: Bearer <key>`. Enter only the key.",
  },
} as const;

const RETRY_AFTER = {
  "Retry-After": {
    description: "The number of seconds to wait before sending the same request again.",
    schema: { type: "integer", minimum: 1 },
  },
} as const satisfies Answer["headers"];

const PROBLEM_HEADERS: Partial<Record<RequestProblemCode, Answer["headers"]>> = {
  unauthorized: {
    "WWW-Authenticate": { description: "How to send a key (RFC 6750).", schema: { type: "string" } },
  },
  unsupported_encoding: { "Accept-Encoding": { description: "The accepted encodings.", schema: { type: "string" } } },
  rate_limited: RETRY_AFTER,
  unavailable: RETRY_AFTER,
};

/** The headers of a page of a list. */
export const NEXT_PAGE: NonNullable<Answer["headers"]> = {
  Link: { description: "The next page, if there is one.", schema: { type: "string" } },
};

/** JSON content with one example. */
export function json(name: SchemaName, value: unknown, summary = "A response"): Record<string, MediaType> {
  return { "application/json": { schema: schemaReference(name), examples: { [EXAMPLE]: { summary, value } } } };
}

const EXAMPLE = "example";

/** The OpenAPI object of an operation. */
export function describeOperation(plan: OperationPlan): Record<string, unknown> {
  const { scope, keyOptional = false, problems = [], parameters = [] } = plan;
  const needsKey = scope === null ? [] : (["unauthorized", "forbidden", "unavailable"] as const);
  return {
    operationId: plan.operationId,
    tags: [plan.tag],
    summary: plan.summary,
    description: plan.description,
    security: scope === null ? [] : securityOf(scope, keyOptional),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(plan.requestBody === undefined ? {} : { requestBody: { required: true, ...plan.requestBody } }),
    responses: responsesOf(plan.answers, [...new Set([...needsKey, ...problems])]),
  };
}

/** Any one scheme is sufficient. The words after a scheme are the scope that the key needs (OpenAPI 3.1, 4.8.30). */
function securityOf(scope: Scope, optional: boolean): Record<string, string[]>[] {
  const schemes = Object.keys(SECURITY_SCHEMES).map((scheme) => ({ [scheme]: [scope] }));
  return optional ? [{}, ...schemes] : schemes;
}

function responsesOf(answers: readonly Answer[], problems: readonly RequestProblemCode[]): Record<string, unknown> {
  const responses: Record<string, Omit<Answer, "status" | "content"> & { content?: Record<string, unknown> }> = {};
  for (const { status, ...answer } of answers) responses[status] = answer;
  for (const code of problems) {
    const { status, title } = REQUEST_PROBLEMS[code];
    const before = responses[status];
    const others = problems.filter((other) => REQUEST_PROBLEMS[other].status === status);
    const headers = { ...before?.headers, ...PROBLEM_HEADERS[code] };
    responses[status] = {
      description: before === undefined ? `${title} (\`${code}\`).` : `${before.description} ${title} (\`${code}\`).`,
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
      content: { ...before?.content, "application/problem+json": problemContent(others) },
    };
  }
  return responses;
}

function problemContent(codes: readonly RequestProblemCode[]): Record<string, unknown> {
  const examples = codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]);
  return { schema: schemaReference("Problem"), examples: Object.fromEntries(examples) };
}
