import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { FunnelResponse } from "../../../src/api/sequences/funnels";
import { JobResponse } from "../../../src/api/sequences/jobs";
import { JobStartedSchema } from "../../../src/api/sequences/sequence-schemas";
import worker from "../../../src/index";
import type { JobMessage } from "../../../src/model/questions/job-message";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { countJobStep, failJob, insertJob } from "../../../src/storage/sequences/job-store";
import { seedKey } from "../../http/auth/seed";
import { MORNING } from "../../storage/seed";
import { ask, pathOf } from "../ask";
import { countMore, day, expectProblem, post, seedVisits, steps, withQueue } from "./visits";

const BOUND = `eye_r_${"shop".repeat(6)}`;
const first = firstDatabase(databasesOf(env));

beforeAll(async () => {
  await seedVisits();
  await seedKey(BOUND, "read", { applications: ["shop", "blog"] });
});

async function deliver(message: JobMessage, bindings: Env): Promise<void> {
  const batch = createMessageBatch("the-eye-jobs", [{ id: "m", timestamp: new Date(), attempts: 1, body: message }]);
  await worker.queue(batch, bindings);
  expect((await getQueueResult(batch, createExecutionContext())).explicitAcks).toEqual(["m"]);
}

describe("a job", () => {
  it("shows its progress, and at the end the result of an immediate answer", async () => {
    await countMore(1_000_000);
    const { bindings, sent } = withQueue();
    const asked = { ...day, steps, accuracy: "exact", timezone: "Europe/Berlin" };
    const { url } = v.parse(JobStartedSchema, await (await post("/theeye/funnels", asked, bindings)).json());
    const show = async () => v.parse(JobResponse, await (await ask(pathOf(url, "/theeye/funnels"))).json());
    expect(await show()).toMatchObject({ status: "running", progress: 0, kind: "funnel" });

    const delivered: JobMessage[] = [];
    for (let message = sent.shift(); message !== undefined; message = sent.shift()) {
      await deliver(message, bindings);
      // The platform may deliver a step again.
      if (delivered.length === 1) {
        await deliver(message, bindings);
        sent.pop();
        expect((await show()).progress).toBe(0.5);
      }
      delivered.push(message);
    }
    expect(delivered.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
    const { status, progress, result, rows_read: rowsRead } = await show();
    expect({ status, progress }).toEqual({ status: "done", progress: 1 });
    const { steps: found, accuracy, start, rows_read: own } = v.parse(FunnelResponse, result);
    expect(found.map(({ count }) => count)).toEqual([60, 30, 10]);
    expect(found[2]?.seconds_from_previous).toEqual({ p50: 60, p90: 60 });
    expect({ accuracy, start, own }).toEqual({
      accuracy: { exact: true },
      start: "2021-01-01T00:00:00+01:00",
      own: rowsRead,
    });
  });

  it("shows why it failed", async () => {
    await insert("failing", null);
    await failJob(first, "failing", "the databases cannot be read", MORNING + 1);
    const job = v.parse(JobResponse, await (await ask("/theeye/jobs/failing")).json());
    expect(job).toMatchObject({ status: "failed", reason: "the databases cannot be read" });
    expect(job).not.toHaveProperty("result");
  });

  it("is not found if it does not exist", async () => {
    await expectProblem(await ask("/theeye/jobs/nothing"), "not_found");
  });
});

describe("a key that is bound to shop and blog", () => {
  it.each<[string, string[] | null, number]>([
    ["of one of them", ["shop"], 200],
    ["of both", ["blog", "shop"], 200],
    ["that also covers another application", ["shop", "forum"], 404],
    ["of all applications", null, 404],
  ])("is shown a job %s with status %i", async (name, applications, status) => {
    await insert(name, applications);
    expect((await showAsBound(name)).status).toBe(status);
  });

  it("does not see how many rows the job has read", async () => {
    await insert("finished", ["shop"]);
    const result = { cohorts: [], accuracy: { exact: true } };
    await countJobStep(first, { id: "finished", step: 0 }, { now: MORNING, rowsRead: 4_321, state: null, result });
    const text = await (await showAsBound("finished")).text();
    expect(JSON.parse(text)).toMatchObject({ status: "done", rows_read: null, result: { rows_read: null } });
    expect(await (await ask("/theeye/jobs/finished")).json()).toMatchObject({ rows_read: 4_321 });
  });
});

function showAsBound(id: string): Promise<Response> {
  return ask(`/theeye/jobs/${encodeURIComponent(id)}`, { headers: { Authorization: `Bearer ${BOUND}` } });
}

async function insert(id: string, applications: string[] | null): Promise<void> {
  const range = { from: MORNING, to: MORNING + 1, per: "visitor" as const, applications };
  const anyEvent = { application: null, category: null, name: null, data: [] };
  const periods = { starts: [MORNING, MORNING + 2], labels: ["2021-01-01"], columns: 1 };
  const question = { kind: "retention" as const, ...range, ...periods, first: anyEvent, returning: anyEvent };
  await insertJob(first, { id, createdAt: MORNING, question, timezone: "UTC", steps: 1 });
}
