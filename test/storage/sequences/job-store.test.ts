import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { ANY_EVENT } from "../../../src/model/questions/event-pattern";
import type { SequenceQuestion } from "../../../src/model/questions/question";
import {
  countJobStep,
  deleteJob,
  failJob,
  insertJob,
  JOB_KEPT_DAYS,
  jobsWaitingSince,
  loadJob,
  MAX_RUNNING_JOBS,
} from "../../../src/storage/sequences/job-store";
import { MORNING } from "../seed";

const home = { index: 0, binding: env.DB };
const DAY = 86_400_000_000;
const QUESTION: SequenceQuestion = {
  ...{ kind: "funnel", per: "session", from: 0, to: 9, steps: [ANY_EVENT, ANY_EVENT] },
  ...{ within: null, breakdown: null, strict: false },
} as unknown as SequenceQuestion;

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM question_jobs").run();
});

const insert = (id: string, createdAt = MORNING) =>
  insertJob(home, { id, createdAt, question: QUESTION, timezone: "Europe/Berlin", steps: 3 });
const counted = { now: MORNING + 1, rowsRead: 10, state: null, result: null };

describe("a job", () => {
  it("is stored as running, at its first step", async () => {
    expect(await insert("a")).toBe(true);
    expect(await loadJob(home, "a")).toEqual({
      ...{ id: "a", createdAt: MORNING, updatedAt: MORNING, status: "running", question: QUESTION },
      ...{
        timezone: "Europe/Berlin",
        step: 0,
        steps: 3,
        passes: 1,
        state: null,
        rowsRead: 0,
        result: null,
        reason: null,
      },
    });
    await deleteJob(home, "a");
    expect(await loadJob(home, "a")).toBeNull();
  });

  it("counts each step once, and adds up the rows read", async () => {
    await insert("a");
    expect(await countJobStep(home, { id: "a", step: 0 }, counted)).toBe(true);
    expect(await countJobStep(home, { id: "a", step: 0 }, counted)).toBe(false);
    expect(await countJobStep(home, { id: "a", step: 1 }, counted)).toBe(true);
    expect(await loadJob(home, "a")).toMatchObject({
      step: 2,
      rowsRead: 20,
      status: "running",
      updatedAt: MORNING + 1,
    });
  });

  it("goes on with another pass", async () => {
    await insert("a");
    await countJobStep(home, { id: "a", step: 0 }, counted);
    await countJobStep(home, { id: "a", step: 1 }, { ...counted, furtherSteps: 3 });
    expect(await loadJob(home, "a")).toMatchObject({ status: "running", step: 2, steps: 6, passes: 2 });
  });

  it("fails with a reason, and counts no further step", async () => {
    await insert("a");
    await failJob(home, "a", "too many rows", MORNING + 5);
    expect(await loadJob(home, "a")).toMatchObject({ status: "failed", reason: "too many rows", state: null });
    expect(await countJobStep(home, { id: "a", step: 0 }, counted)).toBe(false);
    await failJob(home, "a", "another reason", MORNING + 6);
    expect((await loadJob(home, "a"))?.reason).toBe("too many rows");
  });
});

describe("jobs", () => {
  it("are refused while too many are running", async () => {
    for (let n = 0; n < MAX_RUNNING_JOBS; n++) expect(await insert(`job-${n}`)).toBe(true);
    expect(await insert("more")).toBe(false);
    expect(await loadJob(home, "more")).toBeNull();
    await failJob(home, "job-3", "stopped", MORNING);
    expect(await insert("more")).toBe(true);
  });

  it("are deleted with their results after 30 days", async () => {
    await insert("old");
    await insert("kept", MORNING + 1);
    await insert("new", MORNING + 1 + JOB_KEPT_DAYS * DAY);
    expect([await loadJob(home, "old"), (await loadJob(home, "kept"))?.id]).toEqual([null, "kept"]);
  });

  it("are waiting if they made no progress since a time", async () => {
    await insert("waiting");
    await insert("moving");
    await insert("failed");
    await failJob(home, "failed", "stopped", MORNING);
    await countJobStep(home, { id: "moving", step: 0 }, { ...counted, now: MORNING + 100 });
    expect(await jobsWaitingSince(home, MORNING + 50)).toEqual([{ id: "waiting", step: 0 }]);
    expect(await jobsWaitingSince(home, MORNING)).toEqual([]);
  });
});
