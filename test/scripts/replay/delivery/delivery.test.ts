import { expect, test } from "vitest";
import { Delivery } from "../../../../scripts/replay/delivery/delivery.ts";
import { FakeService, pageViews } from "../fake-service.ts";

const OPTIONS = { url: "http://eye", key: "w", readKey: "r", batch: 500, concurrency: 4, timeoutMs: 5_000 };

test("counts stored and failed events, however long it takes", async () => {
  const service = new FakeService();
  service.delayMs = 3_000;
  service.fails = ({ id }) => id === "id-7";
  const delivery = new Delivery(service.io, OPTIONS);
  await delivery.take(pageViews(10));
  expect(await delivery.finish()).toEqual([]);
  expect(delivery.counts).toEqual({ sent: 10, accepted: 10, storedNow: 9, storedBefore: 0, errors: 1 });
});

test("stored events are not sent again", async () => {
  const service = new FakeService();
  const first = new Delivery(service.io, OPTIONS);
  await first.take(pageViews(1_500));
  await first.finish();
  const posts = service.requests.filter((request) => request.startsWith("POST")).length;
  const second = new Delivery(service.io, OPTIONS);
  await second.take(pageViews(1_501));
  await second.finish();
  expect(second.counts).toEqual({ sent: 1, accepted: 1, storedNow: 1, storedBefore: 1_500, errors: 0 });
  expect(service.requests.filter((request) => request.startsWith("POST"))).toHaveLength(posts + 1);
});

test("the second occurrence of an event in a run counts as stored before, even while the first is in flight", async () => {
  const service = new FakeService();
  service.delayMs = 2_000;
  const delivery = new Delivery(service.io, OPTIONS);
  await delivery.take(pageViews(5));
  await delivery.take(pageViews(5));
  await delivery.finish();
  expect(delivery.counts).toEqual({ sent: 5, accepted: 5, storedNow: 5, storedBefore: 5, errors: 0 });
});

test("an event that failed in an earlier run is found by its receipt", async () => {
  const service = new FakeService();
  service.fails = ({ id }) => id === "id-0";
  for (const _ of ["first", "second"]) {
    const delivery = new Delivery(service.io, OPTIONS);
    await delivery.take(pageViews(2));
    expect(await delivery.finish()).toEqual([]);
    expect(delivery.counts.errors).toBe(1);
    await service.io.pause(3_600_000);
  }
});

test("stops after a timeout without progress, and names missing events", async () => {
  const service = new FakeService();
  service.loses = ({ id }) => id === "id-1";
  const delivery = new Delivery(service.io, OPTIONS);
  await delivery.take(pageViews(3));
  const began = service.io.now();
  expect(await delivery.finish()).toEqual(["id-1"]);
  expect(service.io.now() - began).toBeGreaterThanOrEqual(OPTIONS.timeoutMs);
});

test("stops sending while too many events are in flight", { timeout: 30_000 }, async () => {
  const service = new FakeService();
  service.delayMs = 1_000;
  const delivery = new Delivery(service.io, OPTIONS);
  for (let from = 0; from < 50_000; from += 2_000) await delivery.take(pageViews(2_000, from));
  await delivery.finish();
  expect(delivery.counts.storedNow).toBe(50_000);
  expect(service.maxWaiting).toBeLessThanOrEqual(42_000);
});

test("a pipeline that stores nothing stops the replay with a message that says what to do", async () => {
  const service = new FakeService();
  service.loses = () => true;
  const delivery = new Delivery(service.io, OPTIONS);
  await expect(async () => {
    for (let from = 0; from < 50_000; from += 2_000) await delivery.take(pageViews(2_000, from));
  }).rejects.toThrow(/stored none for 5 s.*--timeout.*run the same command again/);
});
