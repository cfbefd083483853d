import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { ANY_EVENT } from "../../../src/model/questions/event-pattern";
import type { JobMessage } from "../../../src/model/questions/job-message";
import type { FunnelQuestion } from "../../../src/model/questions/question";
import { consumeJobs, type JobPipeline, wakeJobs } from "../../../src/pipeline/jobs/run-jobs";
import { type Database, databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { insertJob, loadJob, MAX_RUNNING_JOBS } from "../../../src/storage/sequences/job-store";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../../storage/seed";

const databases = databasesOf(env);
const home = firstDatabase(databases);

const question: FunnelQuestion = {
  ...{
    kind: "funnel",
    from: MORNING,
    to: MORNING + HOUR,
    per: "session",
    applications: null,
    within: null,
    groupBy: null,
  },
  steps: [
    { ...ANY_EVENT, name: "pageview" },
    { ...ANY_EVENT, name: "click" },
  ],
};

beforeAll(async () => {
  const events = Array.from({ length: 40 }, (_, n) =>
    eventRow({ session: `visit ${n % 20}`, occurredAt: MORNING + n * MINUTE, name: n < 20 ? "pageview" : "click" }),
  );
  await store(databases, { events });
});

let made = 0;

async function begin(steps: number, createdAt = MORNING): Promise<string> {
  made += 1;
  const id = `job ${made}`;
  expect(await insertJob(home, { id, createdAt, question, timezone: "UTC", steps })).toBe(true);
  return id;
}

/** Dependencies whose queue records what is sent. */
function world(own: Database[] = databases, now = MORNING): { pipeline: JobPipeline; sent: JobMessage[] } {
  const sent: JobMessage[] = [];
  const sendJob = async (message: JobMessage) => void sent.push(message);
  return { sent, pipeline: { databases: own, sendJob, now: () => now, log: () => {} } };
}

async function deliver(body: unknown, pipeline: JobPipeline, attempts = 1) {
  const batch = createMessageBatch("the-eye-jobs", [{ id: "m", timestamp: new Date(), attempts, body }]);
  await consumeJobs(batch, pipeline);
  return getQueueResult(batch, createExecutionContext());
}

/** Databases with jobs from which no events can be read. */
const broken = databases.map((database) => ({
  ...database,
  binding: Object.assign(Object.create(database.binding), {
    prepare: (sql: string) => database.binding.prepare(sql),
    batch: (statements: D1PreparedStatement[]) => database.binding.batch(statements),
    withSession: () => ({
      prepare: () => ({ bind: () => ({}) }),
      batch: () => Promise.reject(new Error("D1 is overloaded")),
    }),
  }) as D1Database,
}));

describe("a job", () => {
  it("runs step by step and counts a redelivered step once", async () => {
    const job = await begin(3);
    const { pipeline, sent } = world();
    const first = { v: 1, job, step: 0 } as const;
    expect((await deliver(first, pipeline)).explicitAcks).toEqual(["m"]);
    await deliver(first, pipeline);
    // The next step may not have been requested, so it is requested again.
    expect(sent).toEqual([
      { v: 1, job, step: 1 },
      { v: 1, job, step: 1 },
    ]);
    await deliver(sent[0], pipeline);
    await deliver({ v: 1, job, step: 2 }, pipeline);
    await deliver({ v: 1, job, step: 2 }, pipeline);
    await deliver(sent[1], pipeline);
    const { status, step, state, result } = (await loadJob(home, job)) ?? {};
    expect({ status, step, state }).toEqual({ status: "done", step: 3, state: null });
    expect(result).toMatchObject({ steps: [{ count: 20 }, { count: 20 }], accuracy: { exact: true } });
  });

  it("waits while the databases cannot be read, and fails if that lasts", async () => {
    const job = await begin(2);
    const { pipeline, sent } = world(broken);
    expect((await deliver({ v: 1, job, step: 0 }, pipeline)).retryMessages).toMatchObject([{ msgId: "m" }]);
    expect(await loadJob(home, job)).toMatchObject({ status: "running", step: 0 });
    expect((await deliver({ v: 1, job, step: 0 }, pipeline, 10)).explicitAcks).toEqual(["m"]);
    expect(await loadJob(home, job)).toMatchObject({ status: "failed", reason: "the databases could not be read" });
    expect(sent).toEqual([]);
    await deliver({ v: 1, job, step: 0 }, world().pipeline);
    expect(await loadJob(home, job)).toMatchObject({ status: "failed" });
  });

  it("resumes after its message was lost", async () => {
    const job = await begin(2, MORNING + HOUR);
    const soon = world(databases, MORNING + HOUR + MINUTE);
    await wakeJobs(soon.pipeline);
    expect(soon.sent).not.toContainEqual({ v: 1, job, step: 0 });
    const later = world(databases, MORNING + HOUR + 6 * MINUTE);
    await wakeJobs(later.pipeline);
    expect(later.sent).toContainEqual({ v: 1, job, step: 0 });
  });

  it("ignores a malformed message", async () => {
    const { pipeline } = world();
    expect((await deliver({ v: 1, step: 0 }, pipeline)).explicitAcks).toEqual(["m"]);
    expect((await deliver({ v: 1, job: "unknown", step: 0 }, pipeline)).explicitAcks).toEqual(["m"]);
  });

  it("is one of a bounded number and deleted after 30 days", async () => {
    await home.binding.prepare("DELETE FROM question_jobs").run();
    const ids = [];
    for (let n = 0; n < MAX_RUNNING_JOBS; n++) ids.push(await begin(1));
    const more = { id: "more", createdAt: MORNING, question, timezone: "UTC", steps: 1 };
    expect(await insertJob(home, more)).toBe(false);
    expect(await insertJob(home, { ...more, createdAt: MORNING + 31 * 24 * HOUR })).toBe(true);
    expect(await loadJob(home, ids[0] ?? "")).toBe(null);
  });
});
