import { expect, test } from "vitest";
import { type FuzzVendorRequest, fuzzVendorRequest, MARK } from "../../../scripts/fuzz/vendor-requests.ts";
import { seeded } from "../../../scripts/shared/random.ts";

function requestsOf(seed: number): FuzzVendorRequest[] {
  const numbers = seeded(seed);
  return Array.from({ length: 600 }, (_, number) => fuzzVendorRequest(numbers, seed, number));
}

const REQUESTS = requestsOf(3);

test("the same seed gives the same requests, another seed others", () => {
  expect(requestsOf(3)).toEqual(REQUESTS);
  expect(requestsOf(4)).not.toEqual(REQUESTS);
});

test("every mark is in its request, and in no other one", () => {
  const owners = new Map<string, number>();
  for (const [number, { path, body, marks }] of REQUESTS.entries()) {
    const text = body ?? path;
    for (const mark of marks) {
      expect(text).toContain(mark);
      expect(owners.has(mark)).toBe(false);
      owners.set(mark, number);
    }
  }
  expect(owners.size).toBeGreaterThan(1_000);
});

test("a body that is not JSON promises nothing", () => {
  const isJson = (text: string) => {
    try {
      return JSON.parse(text) !== undefined;
    } catch {
      return false;
    }
  };
  const broken = REQUESTS.filter(({ body }) => body !== null && !body.startsWith("data=") && !isJson(body));
  expect(broken.length).toBeGreaterThan(20);
  for (const { marks } of broken) expect(marks).toEqual([]);
});

test("events are also sent as forms and in the query", () => {
  const forms = REQUESTS.filter(({ body }) => body?.startsWith("data=") === true);
  const queries = REQUESTS.filter(({ method }) => method === "GET");
  expect([forms.length > 5, queries.length > 5]).toEqual([true, true]);
  for (const { body, path } of queries) expect([body, path.match(MARK)]).toEqual([null, expect.anything()]);
});
