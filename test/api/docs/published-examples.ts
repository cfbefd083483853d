import * as v from "valibot";

/** The requests that an OpenAPI document publishes as examples. */

const ParameterSchema = v.object({
  name: v.string(),
  in: v.picklist(["path", "query", "header"]),
  example: v.optional(v.union([v.string(), v.number()])),
  schema: v.object({ examples: v.optional(v.array(v.union([v.string(), v.number()])), []) }),
});

const ExamplesSchema = v.record(v.string(), v.object({ value: v.unknown() }));

const OperationSchema = v.object({
  operationId: v.string(),
  security: v.array(v.record(v.string(), v.array(v.string()))),
  parameters: v.optional(v.array(ParameterSchema), []),
  requestBody: v.optional(v.object({ content: v.record(v.string(), v.object({ examples: ExamplesSchema })) })),
  responses: v.record(v.string(), v.unknown()),
});

const DocumentSchema = v.object({ paths: v.record(v.string(), v.record(v.string(), OperationSchema)) });

type Parameter = v.InferOutput<typeof ParameterSchema>;

export interface PublishedRequest {
  /** The operation's id and the example's name. */
  name: string;
  operationId: string;
  method: string;
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  body: string | null;
  /** The scope of the key to send; null if none is needed. */
  scope: string | null;
  /** The success statuses in the document: for an operation with dry runs, 200 for a dry run and otherwise 202. */
  successes: number[];
}

/**
 * Every published example as a request, in the order of the document with deletions last: each example of a body,
 * with the parameters that have an `example`; then the same with one of the further examples in a parameter's
 * schema.
 */
export function publishedRequests(document: unknown): PublishedRequest[] {
  const requests = Object.entries(v.parse(DocumentSchema, document).paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) => {
      const { operationId, security, parameters } = operation;
      const scope = security.find((scheme) => "bearer" in scheme)?.bearer?.[0] ?? null;
      const statuses = Object.keys(operation.responses).map(Number);
      const shared = { operationId, method: method.toUpperCase(), scope };
      return bodiesOf(operation).flatMap((body) =>
        choicesOf(parameters).map(({ name, given }) => ({
          ...shared,
          name: [operationId, body.name, name].filter((part) => part !== "").join(" "),
          path: pathOf(path, given),
          successes: successesOf(statuses, given, parameters),
          headers: { ...body.headers, ...Object.fromEntries(at("header", given)) },
          body: body.text,
        })),
      );
    }),
  );
  return requests.sort((a, b) => Number(a.method === "DELETE") - Number(b.method === "DELETE"));
}

interface Body {
  name: string;
  headers: Record<string, string>;
  text: string | null;
}

function bodiesOf({ requestBody }: v.InferOutput<typeof OperationSchema>): Body[] {
  if (requestBody === undefined) return [{ name: "", headers: {}, text: null }];
  return Object.entries(requestBody.content).flatMap(([type, { examples }]) =>
    Object.entries(examples).map(([name, { value }]) => ({
      name: `${type} ${name}`,
      headers: { "Content-Type": type },
      text: typeof value === "string" ? value : JSON.stringify(value),
    })),
  );
}

function successesOf(statuses: number[], given: Given, parameters: readonly Parameter[]): number[] {
  const successes = statuses.filter((status) => status < 300);
  const isDryRun = at("query", given).some(([name]) => name === "dry_run");
  const takesDryRuns = parameters.some(({ name }) => name === "dry_run");
  return takesDryRuns ? successes.filter((status) => (status === 200) === isDryRun) : successes;
}

type Given = { parameter: Parameter; value: string }[];

function choicesOf(parameters: readonly Parameter[]): { name: string; given: Given }[] {
  const base = parameters.flatMap((parameter) =>
    parameter.example === undefined ? [] : [{ parameter, value: String(parameter.example) }],
  );
  const further = parameters.flatMap((parameter) =>
    parameter.schema.examples.map((value) => ({
      name: `with ${parameter.name}`,
      given: [...base, { parameter, value: String(value) }],
    })),
  );
  return [{ name: "", given: base }, ...further];
}

function at(place: Parameter["in"], given: Given): [string, string][] {
  return given.filter(({ parameter }) => parameter.in === place).map(({ parameter, value }) => [parameter.name, value]);
}

function pathOf(template: string, given: Given): string {
  const path = at("path", given).reduce(
    (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(value)),
    template,
  );
  const query = new URLSearchParams(at("query", given)).toString();
  return query === "" ? path : `${path}?${query}`;
}
