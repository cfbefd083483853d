import { createExecutionContext, createMessageBatch, createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import worker from "../src/index";
import { readPartitionMap } from "../src/storage/partitions/known-partitions";
import { databases, emptyEverything } from "./compaction/harness";

let lines: Record<string, unknown>[] = [];

// Once, because the isolate keeps the partition map that it has read.
beforeAll(emptyEverything);

beforeEach(() => {
  lines = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(JSON.parse(line)));
});

it("makes the current partition and starts the compactor once a minute", async () => {
  const sent: unknown[] = [];
  const queue = { send: async (message: unknown) => void sent.push(message) };
  const watched: Env = Object.assign({ ...env }, { COMPACTION: queue as unknown as Queue });
  const now = Date.now();
  await worker.scheduled(createScheduledController({ scheduledTime: new Date(now), cron: "* * * * *" }), watched);
  const [first] = databases;
  if (first === undefined) throw new Error("no database is bound");
  expect((await readPartitionMap(first)).find(now * 1000)?.ready).toBe(true);
  expect(sent).toEqual([{ v: 1 }]);
  // The chain of runs that was started is still alive.
  await worker.scheduled(createScheduledController({ scheduledTime: new Date(now), cron: "* * * * *" }), watched);
  expect(sent).toHaveLength(1);
});

it.each([
  ["the-eye-events", "batch"],
  ["the-eye-dead-letters", "dead_letters"],
  ["the-eye-replays", "replay"],
  ["the-eye-jobs", "job"],
  ["the-eye-erasures", "erasure"],
])("hands a batch of the queue %s to its consumer", async (queue, log) => {
  const malformed = { id: "message", timestamp: new Date(), attempts: 1, body: { not: "a message" } };
  await worker.queue(createMessageBatch(queue, [malformed]), env);
  expect(lines.map((line) => line.log)).toEqual([log]);
});

it("acknowledges a run of the compactor", async () => {
  const message = { id: "message", timestamp: new Date(), attempts: 1, body: { v: 1 } };
  const batch = createMessageBatch("the-eye-compaction", [message]);
  const ack = vi.spyOn(batch.messages[0] ?? batch, "ack" as never);
  await worker.queue(batch, env);
  expect(ack).toHaveBeenCalledOnce();
});

it("answers requests", async () => {
  const request: Request<unknown, IncomingRequestCfProperties> = new Request("https://eye.example/health");
  const response = await worker.fetch(request, env, createExecutionContext());
  expect(await response.json()).toMatchObject({ status: "ok" });
});
