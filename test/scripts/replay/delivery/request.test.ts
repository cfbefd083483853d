import { expect, test } from "vitest";
import { type Io, requestJson, retryAfterMs } from "../../../../scripts/replay/delivery/request.ts";
import { ReplayStopped } from "../../../../scripts/replay/stopped.ts";

/** Gives the answers in turn, and records the pauses. */
function answering(...answers: (Response | Error)[]): Io & { pauses: number[] } {
  const pauses: number[] = [];
  return {
    pauses,
    now: () => 0,
    pause: async (ms) => pauses.push(ms),
    fetch: async () => {
      const answer = answers.shift() ?? new Error("asked too often");
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

const ok = () => Response.json({ accepted: 1 }, { status: 202 });

test.each([429, 503])("%i waits as long as Retry-After says", async (status) => {
  const io = answering(new Response("", { status, headers: { "Retry-After": "7" } }), ok());
  expect(await requestJson(io, "http://eye", {})).toEqual({ accepted: 1 });
  expect(io.pauses).toEqual([7_000]);
});

test("a refusal with Retry-After may come more often than eight times", async () => {
  const busy = Array.from({ length: 20 }, () => new Response("", { status: 429, headers: { "Retry-After": "1" } }));
  await expect(requestJson(answering(...busy, ok()), "http://eye", {})).resolves.toEqual({ accepted: 1 });
});

test("network errors and 5xx without Retry-After are retried after pauses that double", async () => {
  const io = answering(new TypeError("fetch failed"), new Response("", { status: 500 }), ok());
  await requestJson(io, "http://eye", {});
  expect(io.pauses).toEqual([250, 500]);
});

test("a service that never answers stops the replay with the reason", async () => {
  const refused = () => new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
  const io = answering(...Array.from({ length: 8 }, refused));
  await expect(requestJson(io, "http://eye", {})).rejects.toThrow(/8 tries: connect ECONNREFUSED/);
});

test.each([
  [401, /key is not valid.*--key/],
  [403, /scope write/],
  [400, /refused the request: 400 why/],
])("%i stops the replay at once with a message", async (status, message) => {
  const io = answering(new Response("why", { status }));
  const failure = requestJson(io, "http://eye", {});
  await expect(failure).rejects.toThrow(ReplayStopped);
  await expect(failure).rejects.toThrow(message);
  expect(io.pauses).toEqual([]);
});

test("Retry-After takes seconds and dates", () => {
  const now = Date.UTC(2020, 0, 1);
  expect(retryAfterMs("3", now)).toBe(3_000);
  expect(retryAfterMs("Wed, 01 Jan 2020 00:00:05 GMT", now)).toBe(5_000);
  expect(retryAfterMs("Wed, 01 Jan 2019 00:00:05 GMT", now)).toBe(0);
  expect(retryAfterMs("soon", now)).toBeNull();
  expect(retryAfterMs(null, now)).toBeNull();
});

test("an answer that is not JSON stops the replay with a message", async () => {
  await expect(requestJson(answering(new Response("<html>")), "http://eye", {})).rejects.toThrow(
    /Is --url the address/,
  );
});
