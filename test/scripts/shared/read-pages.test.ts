import { beforeEach, expect, test } from "vitest";
import { readPages } from "../../../scripts/shared/read-pages.ts";
import { listen } from "../local-server.ts";

let pages: Record<string, { status?: number; body: unknown }> = {};
let asked: string[] = [];
beforeEach(() => {
  asked = [];
});

async function read(path: string) {
  const { url } = await listen((request, response) => {
    asked.push(`${request.headers.authorization} ${request.url}`);
    const { status = 200, body } = pages[request.url ?? ""] ?? { status: 404, body: "nothing" };
    response.writeHead(status).end(JSON.stringify(body));
  });
  const found: unknown[] = [];
  for await (const one of readPages(url, path)) found.push(one);
  return found;
}

test("follows links relative to the page that has them", async () => {
  pages = {
    "/theeye/events?limit=1": { body: { results: [{ n: 1 }], next: "../theeye/events?cursor=a" } },
    "/theeye/events?cursor=a": { body: { results: [], next: "?cursor=b" } },
    "/theeye/events?cursor=b": { body: { results: [{ n: 2 }, { n: 3 }], next: null } },
  };
  expect(await read("/theeye/events?limit=1")).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  expect(asked).toHaveLength(3);
  expect(asked[0]).toBe("Bearer eye_r_local /theeye/events?limit=1");
});

test("fails with the status and the beginning of the body", async () => {
  pages = { "/theeye/events": { status: 503, body: "x".repeat(1_000) } };
  await expect(read("/theeye/events")).rejects.toThrow(/^GET \/theeye\/events answered 503: "x{299}$/);
});

test("fails if an answer is no page", async () => {
  pages = { "/theeye/events": { body: { results: [1] } } };
  await expect(read("/theeye/events")).rejects.toThrow();
});
