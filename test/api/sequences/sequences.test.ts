import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { FunnelResponse } from "../../../src/api/sequences/funnels";
import { JobResponse } from "../../../src/api/sequences/jobs";
import { PathsResponse } from "../../../src/api/sequences/paths";
import { RetentionResponse } from "../../../src/api/sequences/retention";
import { JobStartedSchema } from "../../../src/api/sequences/sequence-schemas";
import worker from "../../../src/index";
import type { JobMessage } from "../../../src/model/questions/job-message";
import { databasesOf } from "../../../src/storage/core/databases";
import { seedKey, seedLocalKeys } from "../../http/auth/seed";
import { eventRow, HOUR, MINUTE, MORNING, SECOND, store } from "../../storage/seed";
import { ask, pathOf } from "../ask";

const databases = databasesOf(env);

/** Sixty sessions of one visitor each: all open /, half of them continue to the blog, a sixth signs up a minute later. */
const rows = Array.from({ length: 60 }, (_, n) => {
  const at = MORNING + n * MINUTE;
  const own = { session: `visit ${n}`, visitor: `visitor ${n % 20}`, application: n % 2 === 0 ? "shop" : "blog" };
  return [
    eventRow({ ...own, occurredAt: at, data: '{"path":"/"}' }),
    ...(n % 2 === 0
      ? [eventRow({ ...own, occurredAt: at, receivedAt: at + 5_000, data: `{"path":"/blog/${n % 3}"}` })]
      : []),
    ...(n % 6 === 0
      ? [eventRow({ ...own, occurredAt: at + 60 * SECOND, category: "form", name: "submit", data: '{"plan":3}' })]
      : []),
  ];
}).flat();

beforeAll(async () => {
  await seedLocalKeys();
  await store(databases, { events: rows });
});

const day = { start_date: "2021-01-01", end_date: "2021-01-01" };

async function post(path: string, body: unknown, bindings: Env = env): Promise<Response> {
  return ask(path, { method: "POST", body: JSON.stringify(body) }, bindings);
}

async function expectProblem(response: Response, code: string, members: Record<string, unknown> = {}): Promise<void> {
  expect(await response.json()).toMatchObject({ code, ...members });
}

async function funnel(body: Record<string, unknown>) {
  const response = await post("/theeye/funnels", { ...day, ...body });
  expect(response.status).toBe(200);
  return v.parse(FunnelResponse, await response.json());
}

const steps = [{ name: "pageview", data: { path: "/" } }, { data: { path: ["/blog/*"] } }, { category: "form" }];

describe("POST /theeye/funnels", () => {
  it("counts who completes each step, with shares and times", async () => {
    const { rows_read: rowsRead, ...answer } = await funnel({ steps });
    expect(answer).toEqual({
      start: "2021-01-01T00:00:00+00:00",
      end: "2021-01-02T00:00:00+00:00",
      steps: [
        { count: 60, share_of_first: 1, share_of_previous: 1 },
        { count: 30, share_of_first: 0.5, share_of_previous: 0.5, seconds_from_previous: { p50: 0, p90: 0 } },
        {
          ...{ count: 10, share_of_first: 0.166667, share_of_previous: 0.333333 },
          seconds_from_previous: { p50: 60, p90: 60 },
        },
      ],
      accuracy: { exact: true },
    });
    expect(rowsRead).toBeGreaterThan(0);
    expect(rowsRead).toBeLessThan(2 * rows.length + 100);
  });

  it("applies the limit on the time from the first step to the last", async () => {
    const counts = async (seconds: number) =>
      (await funnel({ steps, within_seconds: seconds })).steps.map(({ count }) => count);
    expect(await counts(59.999)).toEqual([60, 30, 0]);
    expect(await counts(60)).toEqual([60, 30, 10]);
  });

  it("follows a visitor over sessions, and groups by the first step", async () => {
    const perVisitor = await funnel({ steps: [steps[0], steps[2]], per: "visitor" });
    expect(perVisitor.steps.map(({ count }) => count)).toEqual([20, 10]);
    const { groups } = await funnel({ steps: [steps[0], steps[1]], group_by: "application" });
    expect(groups?.map(({ group, steps: own }) => [group, ...own.map(({ count }) => count)])).toEqual([
      ["blog", 30, 0],
      ["shop", 30, 30],
    ]);
  });

  it("accepts values that are numbers, lists, prefixes and exclusions", async () => {
    const count = async (data: unknown) => (await funnel({ steps: [{ data }, {}] })).steps[0]?.count;
    expect(await count({ plan: 3 })).toBe(10);
    expect(await count({ path: ["/blog/0", "/blog/1"] })).toBe(20);
    expect(await count({ path: "not:/" })).toBe(30);
  });

  it.each([
    [{}, "steps", "The member steps is not valid: it is missing."],
    [{ steps: [{}] }, "steps", "The member steps is not valid: expected 2 to 8 steps."],
    [{ steps: [{}, { nme: "x" }] }, "steps.1.nme", "The member steps.1.nme is not valid: it is unknown."],
    [{ steps: [{}, { data: { "a..b": "x" } }] }, "steps.1.data.a..b", /keys joined by dots/],
    [{ steps: [{}, { data: { path: [{}] } }] }, "steps.1.data.path", /a value/],
    [{ steps, within_seconds: -1 }, "within_seconds", /from 0 to 31622400/],
    [{ steps, group_by: "path" }, "group_by", /such as data\.path/],
    [{ steps, timezone: "Mars" }, "timezone", /such as Europe\/Berlin/],
    [{ steps, per: "page" }, "per", /expected session or visitor/],
    [{ steps, start_date: "2021-01-02" }, "start_date", /not after end_date/],
    [
      { steps: Array.from({ length: 3 }, (_, n) => ({ data: { [`a${n}`]: 1, [`b${n}`]: 1, [`c${n}`]: 1 } })) },
      "steps",
      /at most 8 different properties/,
    ],
  ])("explains what is wrong with %j", async (body, parameter, detail) => {
    const response = await post("/theeye/funnels", { ...day, ...body });
    const problem = v.parse(
      v.object({ code: v.string(), parameter: v.string(), detail: v.string() }),
      await response.json(),
    );
    expect(response.status).toBe(400);
    expect(problem).toMatchObject({ code: "invalid_parameter", parameter });
    expect(problem.detail).toMatch(detail);
  });

  it("shows a key that is bound to applications only their data", async () => {
    const key = `eye_r_${"shop".repeat(6)}`;
    await seedKey(key, "read", { applications: ["shop"] });
    const headers = { Authorization: `Bearer ${key}` };
    const response = await ask("/theeye/funnels", { method: "POST", body: JSON.stringify({ ...day, steps }), headers });
    const { steps: found } = v.parse(FunnelResponse, await response.json());
    expect(found.map(({ count }) => count)).toEqual([30, 30, 10]);
    const refused = await ask("/theeye/retention?application=blog", { headers });
    await expectProblem(refused, "forbidden", { parameter: "application" });
    expect((await ask("/theeye/visitors/ada", { headers })).status).toBe(403);
  });

  it("accepts a read key, and refuses a write key", async () => {
    const init = {
      method: "POST",
      body: JSON.stringify({ ...day, steps }),
      headers: { Authorization: "Bearer eye_w_local" },
    };
    expect((await ask("/theeye/funnels", init)).status).toBe(403);
  });
});

describe("POST /theeye/paths", () => {
  const paths = async (body: Record<string, unknown>) => {
    const response = await post("/theeye/paths", { ...day, ...body });
    expect(response.status).toBe(200);
    return v.parse(PathsResponse, await response.json());
  };

  it("counts what follows, the other keys and the end", async () => {
    const { levels, edges } = await paths({ start: { data: { path: "/" } }, by: "data.path", depth: 2, top: 2 });
    expect(levels).toEqual([
      [{ key: "/", count: 60 }],
      [
        { key: "/blog/0", count: 10 },
        { key: "/blog/1", count: 10 },
        { key: "(other)", count: 10 },
        { key: "(end)", count: 30 },
      ],
      [
        { key: "(none)", count: 10 },
        { key: "(end)", count: 20 },
      ],
    ]);
    expect(edges.filter(({ level }) => level === 1)).toEqual([
      { level: 1, from: "/blog/0", to: "(none)", count: 10 },
      { level: 1, from: "(other)", to: "(end)", count: 10 },
      { level: 1, from: "/blog/1", to: "(end)", count: 10 },
    ]);
  });

  it("goes back in time, and from one step to another", async () => {
    const before = await paths({ end: { category: "form" }, by: "name", depth: 1 });
    expect(before.levels).toEqual([[{ key: "submit", count: 10 }], [{ key: "pageview", count: 10 }]]);
    const between = await paths({ start: { data: { path: "/" } }, end: { category: "form" }, by: "type", depth: 6 });
    expect(between.levels.map((level) => level.map(({ key }) => key))).toEqual([
      ["page interaction / pageview"],
      ["page interaction / pageview"],
      ["form / submit"],
      ["(end)"],
    ]);
  });

  it("requires a start or an end", async () => {
    await expectProblem(await post("/theeye/paths", day), "invalid_parameter", { parameter: "start" });
    await expectProblem(await post("/theeye/paths", { ...day, start: {}, depth: 7 }), "invalid_parameter", {
      parameter: "depth",
    });
  });
});

describe("GET /theeye/retention", () => {
  it("counts visitors by the period of their first event, and who returned", async () => {
    const response = await ask(
      "/theeye/retention?interval=day&start_date=2020-12-30&end_date=2021-01-02&timezone=Asia/Kolkata",
    );
    const { cohorts } = v.parse(RetentionResponse, await response.json());
    expect(cohorts).toEqual([
      { start: "2020-12-30", size: 0, returned: [0, 0, 0, 0] },
      { start: "2020-12-31", size: 0, returned: [0, 0, 0] },
      { start: "2021-01-01", size: 20, returned: [20, 0] },
      { start: "2021-01-02", size: 0, returned: [0] },
    ]);
  });

  it("accepts filters for the events", async () => {
    const query = "interval=month&start_date=2021-01-01&end_date=2021-02-01&name=pageview&return_category=form";
    const { cohorts } = v.parse(RetentionResponse, await (await ask(`/theeye/retention?${query}`)).json());
    expect(cohorts).toEqual([
      { start: "2021-01-01", size: 20, returned: [10, 0] },
      { start: "2021-02-01", size: 0, returned: [0] },
    ]);
  });

  it("refuses unknown parameters and too many periods", async () => {
    await expectProblem(await ask("/theeye/retention?interval=hour"), "invalid_parameter", { parameter: "interval" });
    await expectProblem(
      await ask("/theeye/retention?interval=day&start_date=2020-01-01&end_date=2021-01-01"),
      "invalid_parameter",
      {
        parameter: "start_date",
      },
    );
  });
});

describe("a query with too many events for an immediate answer", () => {
  /** As if a million more events were counted in the first database. The events that are read stay the same. */
  beforeAll(async () => {
    await env.DB.prepare("UPDATE counts SET events = events + 1000000 WHERE bucket = ?1")
      .bind(MORNING / SECOND)
      .run();
  });

  function withQueue(): { bindings: Env; sent: JobMessage[] } {
    const sent: JobMessage[] = [];
    const send = async (message: JobMessage) => void sent.push(message);
    return { sent, bindings: { ...env, JOBS: { send } as unknown as Queue } };
  }

  async function deliver(message: JobMessage, bindings: Env): Promise<void> {
    const batch = createMessageBatch("the-eye-jobs", [{ id: "m", timestamp: new Date(), attempts: 1, body: message }]);
    await worker.queue(batch, bindings);
    expect((await getQueueResult(batch, createExecutionContext())).explicitAcks).toEqual(["m"]);
  }

  it("is answered from a sample, with intervals that contain the true numbers", async () => {
    const { steps: found, accuracy } = await funnel({ steps });
    expect(accuracy).toEqual({ exact: false, sampled: 0.25 });
    for (const [step, { count, interval_95: interval }] of found.entries()) {
      const [low = 0, high = 0] = interval ?? [];
      expect(count).toBeGreaterThanOrEqual(low);
      expect(count).toBeLessThanOrEqual(high);
      expect([60, 30, 10][step]).toBeGreaterThanOrEqual(low);
      expect([60, 30, 10][step]).toBeLessThanOrEqual(high);
    }
    expect(found[1]?.share_of_first_interval_95).toHaveLength(2);
  });

  it("becomes a job if it must be exact, with the result of an immediate answer", async () => {
    const { bindings, sent } = withQueue();
    const response = await post(
      "/theeye/funnels",
      { ...day, steps, accuracy: "exact", timezone: "Europe/Berlin" },
      bindings,
    );
    expect(response.status).toBe(202);
    const { url } = v.parse(JobStartedSchema, await response.json());
    expect(response.headers.get("Location")).toBe(url);
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

  it("becomes a job per visitor even with accuracy=fast", async () => {
    const { bindings, sent } = withQueue();
    expect((await post("/theeye/funnels", { ...day, steps, per: "visitor" }, bindings)).status).toBe(202);
    expect(sent).toHaveLength(1);
  });

  it("is refused if no job could answer it", async () => {
    await env.DB.prepare("UPDATE counts SET events = events + 3000000000 WHERE bucket = ?1")
      .bind(MORNING / SECOND)
      .run();
    const response = await post("/theeye/funnels", { ...day, steps, accuracy: "exact" });
    expect(response.status).toBe(422);
    await expectProblem(response, "question_too_large");
  });

  it("is not started if the queue refuses the message", async () => {
    await env.DB.prepare("UPDATE counts SET events = events - 3000000000 WHERE bucket = ?1")
      .bind(MORNING / SECOND)
      .run();
    const send = () => Promise.reject(new Error("Too Many Requests"));
    const before = await env.DB.prepare("SELECT count(*) AS n FROM question_jobs").first("n");
    const bindings = { ...env, JOBS: { send } as unknown as Queue };
    expect((await post("/theeye/funnels", { ...day, steps, accuracy: "exact" }, bindings)).status).toBe(429);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM question_jobs").first("n")).toBe(before);
  });

  it("is not found if there is no such job", async () => {
    await expectProblem(await ask("/theeye/jobs/nothing"), "not_found");
  });
});

describe("events of a range", () => {
  it("are those of the days in the requested time zone", async () => {
    const { steps: found } = await funnel({
      steps,
      start_date: "2021-01-01T14:35",
      end_date: "2021-01-01T14:45",
      timezone: "+05:30",
    });
    expect(found[0]?.count).toBe(11);
    expect(MORNING % HOUR).toBe(0);
  });
});
