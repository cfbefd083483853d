import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { JobStartedSchema } from "../../../src/api/sequences/sequence-schemas";
import { MAX_RUNNING_JOBS } from "../../../src/storage/sequences/job-store";
import { countMore, day, expectProblem, post, seedVisits, steps, withQueue } from "./visits";

beforeAll(async () => {
  await seedVisits();
  await countMore(1_000_000);
});

beforeEach(async () => {
  await env.DB.exec("DELETE FROM question_jobs");
});

const startJob = (bindings: Env) => post("/theeye/funnels", { ...day, steps, accuracy: "exact" }, bindings);

const jobs = () => env.DB.prepare("SELECT count(*) AS n FROM question_jobs").first("n");

it("answers 202 with the path of the job, once its first step is in the queue", async () => {
  const { bindings, sent } = withQueue();
  const response = await startJob(bindings);
  expect(response.status).toBe(202);
  const { job, url } = v.parse(JobStartedSchema, await response.json());
  expect(sent).toEqual([{ v: 1, job, step: 0 }]);
  expect([url, response.headers.get("Location")]).toEqual([`../theeye/jobs/${job}`, `../theeye/jobs/${job}`]);
});

it("starts no job if the queue refuses the message", async () => {
  const send = () => Promise.reject(new Error("Too Many Requests"));
  expect((await startJob({ ...env, JOBS: { send } as unknown as Queue })).status).toBe(429);
  expect(await jobs()).toBe(0);
});

it("refuses a job beyond those that may run at once, and accepts it when one of them is done", async () => {
  const { bindings, sent } = withQueue();
  for (let n = 0; n < MAX_RUNNING_JOBS; n++) expect((await startJob(bindings)).status).toBe(202);
  await expectProblem(await startJob(bindings), "rate_limited", { limit: MAX_RUNNING_JOBS });
  expect(sent).toHaveLength(MAX_RUNNING_JOBS);
  await env.DB.prepare("UPDATE question_jobs SET status = 'done' WHERE id = ?1").bind(sent[0]?.job).run();
  expect((await startJob(bindings)).status).toBe(202);
});
