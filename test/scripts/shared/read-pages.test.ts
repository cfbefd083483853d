import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readPages } from "../../../scripts/shared/read-pages.ts";

let pages: Record<string, { status?: number; body: unknown }> = {};
let asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.headers.authorization} ${request.url}`);
  const { status = 200, body } = pages[request.url ?? ""] ?? { status: 404, body: "nothing" };
  response.writeHead(status).end(JSON.stringify(body));
});

beforeEach(async () => {
  asked = [];
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

async function read(path: string) {
  const found: unknown[] = [];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
