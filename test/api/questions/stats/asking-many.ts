import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as v from "valibot";
import { expect } from "vitest";
import { JobResponse } from "../../../../src/api/sequences/jobs";
import { JobStartedSchema } from "../../../../src/api/sequences/sequence-schemas";
import worker from "../../../../src/index";
import type { JobMessage } from "../../../../src/model/questions/job-message";
import { ask, pathOf } from "../../ask";

/** Asking about the events of many-events.ts over the routes, with jobs run to their end. */

const day = { start_date: "2021-01-05", end_date: "2021-01-05" };

export function get(path: string, query: Record<string, string>, bindings: Env = env): Promise<Response> {
  return ask(`${path}?${new URLSearchParams({ ...day, ...query })}`, {}, bindings);
}

export function post(path: string, body: object, bindings: Env = env): Promise<Response> {
  return ask(path, { method: "POST", body: JSON.stringify({ ...day, ...body }) }, bindings);
}

/** Asks for an exact answer, runs the job to its end, and returns its result. */
export async function runJob(
  asking: (bindings: Env) => Promise<Response>,
  expectedProgress: readonly number[] = [0, 0.5],
): Promise<unknown> {
  const sent: JobMessage[] = [];
  const send = async (message: JobMessage) => void sent.push(message);
  const bindings: Env = { ...env, JOBS: { send } as unknown as Queue };
  const response = await asking(bindings);
  expect(response.status).toBe(202);
  const { url } = v.parse(JobStartedSchema, await response.json());
  const show = async () => v.parse(JobResponse, await (await ask(pathOf(url, "/theeye/x"))).json());
  const progress: number[] = [];
  for (let message = sent.shift(); message !== undefined; message = sent.shift()) {
    progress.push((await show()).progress);
    const batch = createMessageBatch("the-eye-jobs", [{ id: "m", timestamp: new Date(), attempts: 1, body: message }]);
    await worker.queue(batch, bindings);
    expect((await getQueueResult(batch, createExecutionContext())).explicitAcks).toEqual(["m"]);
  }
  expect(progress).toEqual(expectedProgress);
  const { status, result } = await show();
  expect(status).toBe("done");
  // The result is kept.
  expect((await show()).result).toEqual(result);
  return result;
}

export function expectAround(interval: readonly number[] | null | undefined, truth: number): void {
  expect(interval?.[0] ?? Number.NaN).toBeLessThanOrEqual(truth);
  expect(interval?.[1] ?? Number.NaN).toBeGreaterThanOrEqual(truth);
}

export const sum = (numbers: readonly number[]) => numbers.reduce((all, number) => all + number, 0);
export const nearestRank = (numbers: readonly number[], q: number) =>
  numbers.toSorted((a, b) => a - b)[Math.ceil(q * numbers.length) - 1] ?? Number.NaN;
