import { expect, test } from "vitest";
import type { Drop } from "../../src/core/types.js";
import { createSender, type Sender } from "../../src/node/sender.js";
import { receiveEvents } from "./receiver.ts";

const receiver = receiveEvents();
let drops: Drop[] = [];

function start(options: { delayMs?: number; waitUntil?: (promise: Promise<unknown>) => void } = {}): Sender {
  drops = [];
  const { url } = receiver;
  return createSender({ url, key: "eye_w_local", delayMs: 0, ...options }, (drop) => void drops.push(drop));
}

function add(sender: Sender, count: number, more = {}): void {
  for (let number = 0; number < count; number++) {
    const text = JSON.stringify({ id: `event-${number}`, data: { number }, ...more });
    sender.add({ text, bytes: text.length });
  }
}

async function untilSent(sender: Sender): Promise<void> {
  while (sender.waiting() > 0) await sender.progress();
}

const sizes = () => receiver.requests.map((batch) => batch.length);

test("sends events in order and gzipped, in batches of at most 500", async () => {
  const sender = start({ delayMs: 60_000 });
  add(sender, 1_200);
  await untilSent(sender);
  expect(sizes()).toEqual([500, 500, 200]);
  const numbers = receiver.requests.flat().map(({ data }) => data.number);
  expect(numbers).toEqual(Array.from({ length: 1_200 }, (_, number) => number));
  expect(sender.waitingBytes()).toBe(0);
});

test("sends less than 900,000 bytes at once", async () => {
  const sender = start();
  add(sender, 50, { text: "x".repeat(30_000) });
  await untilSent(sender);
  expect(sizes()).toEqual([29, 21]);
});

test("waits for more events, unless it must hurry", async () => {
  const sender = start({ delayMs: 60_000 });
  add(sender, 3);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([sender.waiting(), receiver.requests]).toEqual([3, []]);
  sender.hurry();
  await untilSent(sender);
  expect(sizes()).toEqual([3]);
});

test("retries a temporary refusal after the requested time", async () => {
  receiver.answers = [{ status: 503 }, { status: 429, headers: { "Retry-After": "1" } }];
  const sender = start();
  const startedAt = Date.now();
  add(sender, 1);
  await untilSent(sender);
  expect(receiver.requests.map(([event]) => event?.id)).toEqual(["event-0", "event-0", "event-0"]);
  expect(Date.now() - startedAt).toBeGreaterThan(1_000);
});

test("halves a batch that is too large, and reports a permanent refusal without retrying", async () => {
  receiver.answers = [{ status: 413 }, { status: 413 }, { status: 202 }, { status: 401 }];
  const sender = start({ delayMs: 10 });
  add(sender, 8);
  await untilSent(sender);
  expect(sizes()).toEqual([8, 4, 2, 6]);
  expect(drops).toEqual([{ count: 6, reason: "refused", status: 401 }]);
});

test("gives the promise of its sending to a platform that would end before it", async () => {
  const promises: Promise<unknown>[] = [];
  const sender = start({ waitUntil: (promise) => promises.push(promise) });
  add(sender, 2);
  expect(promises).toHaveLength(1);
  await Promise.all(promises);
  expect(sizes()).toEqual([2]);
});
