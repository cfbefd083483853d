import { afterEach, expect, test, vi } from "vitest";
import { fetchTypes } from "../../src/cli/fetch-types.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Answers by path and query; returns what was asked. */
function serve(answers: Record<string, { status?: number; body: unknown }>): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (address: string, { headers }: { headers: Record<string, string> }) => {
    asked.push(`${headers.Authorization} ${address}`);
    const { status = 200, body } = answers[address.replace(/^https:\/\/[^/]+/, "")] ?? { status: 404, body: null };
    return new Response(JSON.stringify(body), { status });
  });
  return asked;
}

const type = (name: string, more: object = {}) => ({
  category: "a/b",
  name,
  registered: true,
  mode: "accept",
  ...more,
});

test("reads the schemas of registered types, page by page", async () => {
  const asked = serve({
    "/theeye/event-types?limit=1000": {
      body: {
        results: [type("one"), type("seen", { registered: false }), type("retired", { mode: "reject" })],
        next: "?cursor=c&limit=1000",
      },
    },
    "/theeye/event-types?cursor=c&limit=1000": { body: { results: [type("two")], next: null } },
    "/theeye/event-types/a%2Fb/one": { body: { schema: { type: "object" }, description: "The first" } },
    "/theeye/event-types/a%2Fb/two": { body: { description: null } },
  });
  expect(await fetchTypes("https://eye.example/", "key")).toEqual([
    { category: "a/b", name: "one", schema: { type: "object" }, description: "The first" },
    { category: "a/b", name: "two", schema: null, description: null },
  ]);
  expect(asked).toHaveLength(4);
});

test("reads further pages below a path prefix too", async () => {
  const asked = serve({
    "/prefix/theeye/event-types?limit=1000": { body: { results: [], next: "?cursor=c" } },
    "/prefix/theeye/event-types?cursor=c": { body: { results: [], next: null } },
  });
  await fetchTypes("https://eye.example/prefix", "key");
  expect(asked).toHaveLength(2);
});

test("sends the key only to the given service", async () => {
  const asked = serve({
    "/theeye/event-types?limit=1000": {
      body: { results: [], next: "https://elsewhere.example/theeye/event-types?cursor=c" },
    },
    "/theeye/event-types?cursor=c": { body: { results: [], next: null } },
  });
  await fetchTypes("https://eye.example", "key");
  expect(asked.every((one) => one.startsWith("Bearer key https://eye.example/"))).toBe(true);
  expect(asked).toHaveLength(2);
});

test("says which request failed, and why", async () => {
  serve({ "/theeye/event-types?limit=1000": { status: 403, body: { detail: "The key has no scope read." } } });
  await expect(fetchTypes("https://eye.example", "key")).rejects.toThrow(
    "https://eye.example/theeye/event-types?limit=1000 answered 403: The key has no scope read.",
  );
});
