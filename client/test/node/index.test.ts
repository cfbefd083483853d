import { expect, test } from "vitest";
import { createEye } from "../../src/node/index.js";
import { receiveEvents } from "./receiver.ts";

const receiver = receiveEvents();

const event = (number: number) => ({ session_id: "s", category: "c", name: "n", data: { number } });

test("gives events ids and increasing timestamps, and sends all of them in order", async () => {
  const eye = createEye({ url: receiver.url, key: "eye_w_local" });
  for (let number = 0; number < 1_200; number++) await eye.track(event(number));
  expect(await eye.flush()).toBe(0);
  const sent = receiver.requests.flat();
  expect(sent.map(({ data }) => data.number)).toEqual(Array.from({ length: 1_200 }, (_, number) => number));
  expect(new Set(sent.map(({ id }) => id)).size).toBe(1_200);
  for (const [index, { timestamp }] of sent.slice(1).entries()) {
    expect(timestamp).toBeGreaterThan(sent[index]?.timestamp ?? 0);
  }
});

test("track waits while memory is full, and drops and reports events that do not wait", async () => {
  receiver.answers = Array.from({ length: 2 }, () => ({ status: 503 }));
  const drops: { count: number }[] = [];
  const eye = createEye({ url: receiver.url, key: "eye_w_local", delayMs: 0, maxEvents: 10 });
  eye.on("drop", (drop) => drops.push(drop));
  const tracking = Array.from({ length: 30 }, (_, number) => eye.track(event(number)));
  await Promise.all(tracking);
  await eye.flush();
  expect(receiver.requests.at(-1)?.length).toBe(20);
  expect(drops.reduce((sum, { count }) => sum + count, 0)).toBe(10);
});

test("reports data that is not an event", async () => {
  const drops: unknown[] = [];
  const eye = createEye({ url: receiver.url, key: "eye_w_local" });
  eye.on("drop", (drop) => drops.push(drop));
  await eye.track({ ...event(1), data: { large: 1n } });
  await eye.track({ ...event(1), data: { text: "x".repeat(40_000) } });
  expect(drops).toEqual([
    { count: 1, reason: "invalid" },
    { count: 1, reason: "too_large" },
  ]);
});

test("flush ends at its timeout and returns how many events wait; waitUntil gets the sending promise", async () => {
  receiver.answers = Array.from({ length: 9 }, () => ({ status: 503 }));
  const promises: Promise<unknown>[] = [];
  const eye = createEye({
    url: receiver.url,
    key: "eye_w_local",
    delayMs: 0,
    waitUntil: (promise) => promises.push(promise),
  });
  await eye.track(event(1));
  expect(await eye.flush(100)).toBe(1);
  expect(promises).toHaveLength(1);
  receiver.answers = [];
  await Promise.all(promises);
  expect(await eye.flush()).toBe(0);
});
