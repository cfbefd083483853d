import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createEye } from "../src/node/index.js";

interface Sent {
  id: string;
  data: { number: number };
  timestamp: number;
}

let answers: { status: number; headers?: Record<string, string> }[] = [];
let requests: Sent[][] = [];
let url = "";

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  requests.push(JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()));
  const { status, headers } = answers.shift() ?? { status: 202 };
  response.writeHead(status, headers).end("{}");
});

beforeEach(async () => {
  answers = [];
  requests = [];
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

const event = (number: number) => ({ session_id: "s", category: "c", name: "n", data: { number } });

test("sends events in order, gzipped, in batches of at most 500, with ids and increasing timestamps", async () => {
  const eye = createEye({ url, key: "eye_w_local" });
  for (let number = 0; number < 1_200; number++) await eye.track(event(number));
  expect(await eye.flush()).toBe(0);
  const sent = requests.flat();
  expect(sent.map(({ data }) => data.number)).toEqual(Array.from({ length: 1_200 }, (_, number) => number));
  expect(Math.max(...requests.map((batch) => batch.length))).toBeLessThanOrEqual(500);
  expect(new Set(sent.map(({ id }) => id)).size).toBe(1_200);
  for (const [index, { timestamp }] of sent.slice(1).entries()) {
    expect(timestamp).toBeGreaterThan(sent[index]?.timestamp ?? 0);
  }
});

test("retries a temporary refusal with the same ids after the requested time", async () => {
  answers = [{ status: 503 }, { status: 429, headers: { "Retry-After": "1" } }];
  const eye = createEye({ url, key: "eye_w_local", delayMs: 0 });
  const start = Date.now();
  const id = await eye.track(event(1));
  expect(await eye.flush()).toBe(0);
  expect(requests.map((batch) => batch.map((sent) => sent.id))).toEqual([[id], [id], [id]]);
  expect(Date.now() - start).toBeGreaterThan(1_000);
});

test("halves a batch that is too large, and reports a permanent refusal without retrying", async () => {
  answers = [{ status: 413 }, { status: 413 }, { status: 202 }, { status: 401 }];
  const drops: unknown[] = [];
  const eye = createEye({ url, key: "eye_w_local", delayMs: 10 });
  eye.on("drop", (drop) => drops.push(drop));
  for (let number = 0; number < 8; number++) await eye.track(event(number));
  expect(await eye.flush()).toBe(0);
  expect(requests.map((batch) => batch.length)).toEqual([8, 4, 2, 6]);
  expect(drops).toEqual([{ count: 6, reason: "refused", status: 401 }]);
});

test("track waits while memory is full, and drops and reports events that do not wait", async () => {
  answers = Array.from({ length: 2 }, () => ({ status: 503 }));
  const drops: { count: number }[] = [];
  const eye = createEye({ url, key: "eye_w_local", delayMs: 0, maxEvents: 10 });
  eye.on("drop", (drop) => drops.push(drop));
  const tracking = Array.from({ length: 30 }, (_, number) => eye.track(event(number)));
  await Promise.all(tracking);
  await eye.flush();
  expect(requests.at(-1)?.length).toBe(20);
  expect(drops.reduce((sum, { count }) => sum + count, 0)).toBe(10);
});

test("reports data that is not an event", async () => {
  const drops: unknown[] = [];
  const eye = createEye({ url, key: "eye_w_local" });
  eye.on("drop", (drop) => drops.push(drop));
  await eye.track({ ...event(1), data: { large: 1n } });
  await eye.track({ ...event(1), data: { text: "x".repeat(40_000) } });
  expect(drops).toEqual([
    { count: 1, reason: "invalid" },
    { count: 1, reason: "too_large" },
  ]);
});

test("flush ends at its timeout and returns how many events wait; waitUntil gets the sending promise", async () => {
  answers = Array.from({ length: 9 }, () => ({ status: 503 }));
  const promises: Promise<unknown>[] = [];
  const eye = createEye({ url, key: "eye_w_local", delayMs: 0, waitUntil: (promise) => promises.push(promise) });
  await eye.track(event(1));
  expect(await eye.flush(100)).toBe(1);
  expect(promises).toHaveLength(1);
  answers = [];
  await Promise.all(promises);
  expect(await eye.flush()).toBe(0);
});
