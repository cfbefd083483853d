import { expect, it } from "vitest";
import { isStopping, observed, stopAccepting, unfinishedMessages } from "../../src/http/local-mode";

function delivered(queue: string, id: string) {
  const calls: unknown[] = [];
  const message = {
    ...{ id, timestamp: new Date(0), body: "text", attempts: 2 },
    ack: () => void calls.push("ack"),
    retry: (options?: QueueRetryOptions) => void calls.push(options),
  };
  const metadata = { metrics: { backlogCount: 0, backlogBytes: 0 } };
  const batch = observed({ queue, metadata, messages: [message], ackAll: () => {}, retryAll: () => {} });
  const [own] = batch.messages;
  if (own === undefined) throw new Error("The batch has one message.");
  return { batch, own, calls };
}

it("counts a message from its delivery until it is acknowledged, however often it is retried", () => {
  const { own, calls } = delivered("events", "1");
  expect(unfinishedMessages()).toBe(1);
  own.retry({ delaySeconds: 5 });
  expect(unfinishedMessages()).toBe(1);
  const again = delivered("events", "1");
  expect(unfinishedMessages()).toBe(1);
  again.own.ack();
  expect(unfinishedMessages()).toBe(0);
  expect([calls, again.calls]).toEqual([[{ delaySeconds: 5 }], ["ack"]]);
});

it("distinguishes messages of two queues with the same id", () => {
  const [first, second] = [delivered("events", "1"), delivered("replays", "1")];
  expect(unfinishedMessages()).toBe(2);
  first.own.ack();
  second.own.ack();
  expect(unfinishedMessages()).toBe(0);
});

it("passes on what the consumer reads", () => {
  const { batch, own } = delivered("events", "2");
  expect([batch.queue, own.id, own.body, own.attempts, own.timestamp]).toEqual(["events", "2", "text", 2, new Date(0)]);
  own.ack();
});

it("stops accepting for good", () => {
  expect(isStopping()).toBe(false);
  stopAccepting();
  expect(isStopping()).toBe(true);
});
