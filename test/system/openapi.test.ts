import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { LOCAL_KEYS } from "../../scripts/start/local-keys.ts";
import { type PublishedRequest, publishedRequests } from "../api/docs/published-examples.ts";
import { eventually } from "./service.ts";
import { serviceForTests } from "./service-for-tests.ts";

const service = serviceForTests();

// Not tested in workerd, because the validator needs `eval`.
test("the served document is valid OpenAPI 3.1", async () => {
  const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as Record<string, unknown>;
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document);
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  expect(validator.version).toBe("3.1");
});

test("the validator finds errors", async () => {
  const { valid } = await new Validator().validate({ openapi: "3.1.0", info: { title: "The Eye" }, paths: {} });
  expect(valid).toBe(false);
});

/** Operations whose examples name resources that this service does not have; all others succeed. */
const OF_NO_SERVICE = new Set([
  ...["revokeKey", "showError", "eraseError", "showErasure", "showReplay", "resumeReplay", "cancelReplay"],
  ...["showJob", "showVisitor", "acceptLoss"],
]);

test("every published example can be sent unchanged, and its answer matches the document", async () => {
  const document: unknown = await (await fetch(`${service.url}/openapi.json`)).json();
  const requests = publishedRequests(document);
  expect(requests.length).toBeGreaterThan(40);
  const unexpected: string[] = [];
  for (const request of requests) {
    const expected = OF_NO_SERVICE.has(request.operationId) ? [404] : request.successes;
    const response = await eventually(async () => {
      const answer = await send(request);
      // The session of the examples exists once the queue has delivered them.
      return request.operationId === "showSession" && answer.status === 404 ? null : answer;
    });
    if (!expected.includes(response.status)) unexpected.push(`${request.name}: ${await response.text()}`);
  }
  expect(unexpected).toEqual([]);
  const failed = await fetch(`${service.url}/theeye/errors?key=${LOCAL_KEYS.read}`);
  expect(await failed.json()).toEqual({ results: [], next: null });
});

function send({ method, path, headers, body, scope }: PublishedRequest): Promise<Response> {
  const key = Object.entries(LOCAL_KEYS).find(([name]) => name === scope)?.[1];
  const authorization = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  return fetch(`${service.url}${path}`, { method, headers: { ...headers, ...authorization }, body });
}
