import { exports } from "cloudflare:workers";
import { type Schema, Validator } from "@cfworker/json-schema";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { createRouter } from "../../../src/api/app";
import { openApiDocument } from "../../../src/api/docs/openapi";
import { problemExample } from "../../../src/api/docs/openapi/problem-examples";
import { FAILED_SAMPLE } from "../../../src/api/docs/openapi/sample-events";
import { ALL_CODES, REQUEST_PROBLEM_NAMES } from "../../../src/api/docs/openapi/schemas";
import { queueRefusal } from "../../../src/http/queue-refusal";
import { CLIENT_PATH } from "../../../src/ingest/collect-route";
import { DIALECTS } from "../../../src/ingest/dialects/dialects";
import { MAX_BODY_BYTES, MAX_EVENTS_PER_REQUEST } from "../../../src/model/limits";
import { parseTimestamp } from "../../../src/model/time/time";
import { checkEvent } from "../../../src/rules/check-event";
import { NO_RULES, rulesOf } from "../../../src/rules/rules";
import { seedLocalKeys } from "../../http/auth/seed";
import { publishedRequests } from "./published-examples";

const document = openApiDocument();

/** As JSON, the form that readers get. */
const read: unknown = JSON.parse(JSON.stringify(document));

const KEYS: Record<string, string> = { write: "eye_w_local", read: "eye_r_local", admin: "eye_a_local" };

/** The faults of a value against a schema of the document. Resolves references. */
function faultsOf(schema: unknown, value: unknown): string[] {
  const inDocument = { ...(schema as Schema), components: document.components };
  return new Validator(inDocument, "2020-12")
    .validate(JSON.parse(JSON.stringify(value)))
    .errors.map(({ error }) => error);
}

const ContentSchema = v.record(
  v.string(),
  v.object({
    schema: v.record(v.string(), v.unknown()),
    examples: v.record(v.string(), v.union([v.object({ $ref: v.string() }), v.object({ value: v.unknown() })])),
  }),
);

const ResponseSchema = v.object({ content: v.optional(ContentSchema, {}) });

const OperationsSchema = v.record(
  v.string(),
  v.object({
    operationId: v.string(),
    summary: v.pipe(v.string(), v.nonEmpty()),
    description: v.pipe(v.string(), v.nonEmpty()),
    tags: v.pipe(v.array(v.string()), v.nonEmpty()),
    parameters: v.optional(
      v.array(
        v.object({
          name: v.string(),
          description: v.pipe(v.string(), v.nonEmpty()),
          example: v.optional(v.unknown()),
          schema: v.looseObject({ enum: v.optional(v.unknown()), examples: v.optional(v.array(v.unknown())) }),
        }),
      ),
      [],
    ),
    requestBody: v.optional(ResponseSchema),
    responses: v.record(v.string(), ResponseSchema),
  }),
);

const { paths } = v.parse(v.object({ paths: v.record(v.string(), OperationsSchema) }), read);

const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);

describe("the document", () => {
  it("describes every route, and no other", () => {
    // Preflights are sent by browsers alone, and the files of Swagger UI are not part of the interface. The SDKs of
    // vendors have their own protocols, which docs/sdks describes. `POST /eye` is `POST /theeye/events`. Only `npm
    // start` drains the service.
    const others = ["/swagger-ui/", "/eye.js", "/health/drain", ...DIALECTS.flatMap(({ paths }) => paths)];
    const routes = createRouter()
      .routes.filter(
        ({ method, path }) =>
          !["ALL", "OPTIONS"].includes(method) &&
          !others.some((other) => path === other || (other.endsWith("/") && path.startsWith(other))),
      )
      .filter(({ method, path }) => `${method} ${path}` !== `POST ${CLIENT_PATH}`)
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}").replace(/(.)\/$/, "$1")}`);
    const described = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(described.toSorted()).toEqual([...new Set(routes)].toSorted());
  });

  it("has a unique name for each operation", () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("lists every code, and has an example of every problem", () => {
    const text = JSON.stringify(document.info);
    expect(ALL_CODES.filter((code) => !text.includes(`(problems/${code})`))).toEqual([]);
    expect(Object.keys(document.components.examples ?? {})).toEqual(REQUEST_PROBLEM_NAMES);
    // These do not depend on an operation: an unknown path, a method that its path does not allow, a wrong setting.
    const everywhere = ["not_found", "method_not_allowed", "misconfigured"];
    const answered = REQUEST_PROBLEM_NAMES.filter((code) => !everywhere.includes(code));
    const responses = JSON.stringify(operations.map((operation) => operation.responses));
    expect(answered.filter((code) => !responses.includes(`#/components/examples/${code}"`))).toEqual([]);
  });

  it("has no broken references", () => {
    const references = [...JSON.stringify(read).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, pointer = ""]) => pointer);
    expect(references.length).toBeGreaterThan(50);
    for (const pointer of references) {
      const target = pointer.split("/").reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], read);
      expect(target, pointer).toBeDefined();
    }
  });

  it.each(operations)("$operationId: each parameter has an example that matches its schema", ({ parameters }) => {
    for (const { name, example, schema } of parameters) {
      const examples = [...(example === undefined ? [] : [example]), ...(schema.examples ?? [])];
      // A cursor comes from a page and is valid for its query alone. A compression needs a compressed body.
      if (!["cursor", "Content-Encoding"].includes(name)) expect(examples, name).not.toEqual([]);
      for (const value of examples) expect(faultsOf(schema, value), name).toEqual([]);
    }
  });

  it.each(operations)("$operationId: each example of its body and responses matches its schema", (operation) => {
    const { requestBody, responses } = operation;
    const contents = [...(requestBody === undefined ? [] : [requestBody]), ...Object.values(responses)].map(
      ({ content }) => content,
    );
    for (const { schema, examples } of contents.flatMap((content) => Object.values(content))) {
      expect(Object.keys(examples)).not.toEqual([]);
      for (const example of Object.values(examples)) {
        if ("value" in example) expect(faultsOf(schema, example.value)).toEqual([]);
      }
    }
  });

  it.each(REQUEST_PROBLEM_NAMES)("the example of %s matches the schema of problems", (code) => {
    expect(faultsOf({ $ref: "#/components/schemas/Problem" }, problemExample(code))).toEqual([]);
  });
});

describe("the examples", () => {
  beforeAll(seedLocalKeys);

  it("can each be sent as they are, in order, and return what the document says", async () => {
    const requests = publishedRequests(read);
    expect(requests.length).toBeGreaterThan(40);
    for (const { name, operationId, method, path, headers, body, scope, successes } of requests) {
      const key = scope === null ? {} : { Authorization: `Bearer ${KEYS[scope]}` };
      const response = await exports.default.fetch(`https://eye.example${path}`, {
        method,
        headers: { ...headers, ...key },
        body,
      });
      // Nothing has drained the queue here, and no key has the id of the example.
      const expected = [
        "showSession",
        "showError",
        "showReplay",
        "resumeReplay",
        "cancelReplay",
        "revokeKey",
        "eraseError",
        "showErasure",
        "showJob",
        "showVisitor",
        "acceptLoss",
      ].includes(operationId)
        ? [404]
        : successes;
      expect(expected, name).toContain(response.status);
      const text = await response.text();
      const type = (response.headers.get("Content-Type") ?? "").replace(/;.*/, "");
      const said = operations.find((operation) => operation.operationId === operationId)?.responses[response.status];
      const content = Object.entries(said?.content ?? {}).find(([candidate]) => candidate === type);
      expect(content === undefined, name).toBe(text === "");
      if (content !== undefined && type.endsWith("json")) {
        expect(faultsOf(content[1].schema, JSON.parse(text)), name).toEqual([]);
      }
    }
  });

  const post = { method: "POST", headers: { Authorization: "Bearer eye_w_local" } };
  const create = { method: "POST", headers: { Authorization: "Bearer eye_a_local" }, body: '{"name":"demo"}' };
  it.each([
    ["unauthorized", "/theeye/events", {}],
    ["forbidden", "/theeye/events", { method: "POST", headers: { Authorization: "Bearer eye_r_local" } }],
    ["invalid_json", "/theeye/events", { ...post, body: '{"session_id":' }],
    ["empty_batch", "/theeye/events", { ...post, body: "[]" }],
    ["too_many_events", "/theeye/events", { ...post, body: `[${Array(MAX_EVENTS_PER_REQUEST + 1).fill("{}")}]` }],
    ["payload_too_large", "/theeye/events", { ...post, body: " ".repeat(MAX_BODY_BYTES + 1) }],
    ["unsupported_encoding", "/theeye/events", { ...post, headers: { ...post.headers, "Content-Encoding": "br" } }],
    ["invalid_parameter", "/theeye/events?limit=0", { headers: { Authorization: "Bearer eye_r_local" } }],
    ["not_found", "/theeye", {}],
    ["method_not_allowed", "/theeye/events", { method: "PUT" }],
    [
      "schema_invalid",
      "/theeye/event-types/a/b",
      { method: "PUT", headers: create.headers, body: '{"schema":{"properties":{"host":{"type":"text"}}}}' },
    ],
    ["conflict", "/theeye/applications", create],
  ] as const)("match what the service returns: %s", async (code, path, init) => {
    if (code === "conflict") await exports.default.fetch(`https://eye.example${path}`, init);
    const response = await exports.default.fetch(`https://eye.example${path}`, init);
    // The examples are of paths with two steps; other paths are more or less deep.
    const type = `${"../".repeat(path.split("/").length - 2)}problems/${code}`;
    expect(await response.json()).toEqual({ ...problemExample(code), type });
  });

  it("match the responses for a queue that is full or fails", () => {
    expect(problemExample("rate_limited")).toMatchObject({ detail: queueRefusal("Too Many Requests").detail });
    expect(problemExample("unavailable")).toMatchObject({ detail: queueRefusal("Storage Limit Exceeded").detail });
  });

  it("match the issues that validation finds", () => {
    const receivedAt = parseTimestamp(FAILED_SAMPLE.received_at) ?? Number.NaN;
    const verdict = checkEvent(FAILED_SAMPLE.event, {
      receivedAt,
      futureToleranceMicros: 60_000_000,
      rules: rulesOf(NO_RULES),
    });
    expect(verdict).toEqual({ valid: false, issues: FAILED_SAMPLE.issues, occurredAt: null });
  });
});
