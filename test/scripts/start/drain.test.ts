import { expect, test } from "vitest";
import { drain } from "../../../scripts/start/drain.ts";
import { listen } from "../local-server.ts";

/** A service that answers with these numbers of messages, and then always with the last one. */
async function serving(waiting: number[]): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const { url } = await listen((request, response) => {
    expect([request.method, request.url, request.headers.authorization]).toEqual([
      ...["POST", "/health/drain", "Bearer eye_a_local"],
    ]);
    response.end(JSON.stringify({ waiting: waiting[Math.min(asked, waiting.length - 1)] }));
    asked += 1;
  });
  return { url, asked: () => asked };
}

test("waits until no messages are left, twice in a row", async () => {
  const { url, asked } = await serving([3, 0, 1, 0, 0]);
  expect(await drain(url, new AbortController().signal)).toBe(0);
  expect(asked()).toBe(5);
});

test("returns how many messages are left at its limit, or when it is aborted", async () => {
  const { url } = await serving([5]);
  expect(await drain(url, new AbortController().signal, 500)).toBe(5);
  expect(await drain(url, AbortSignal.timeout(300))).toBe(5);
});

test("does not wait for a service that has exited", async () => {
  expect(await drain("http://127.0.0.1:9", new AbortController().signal)).toBe(0);
});
