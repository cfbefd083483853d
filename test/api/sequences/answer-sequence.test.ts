import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { FunnelResponse } from "../../../src/api/sequences/funnels";
import { seedKey } from "../../http/auth/seed";
import { ask } from "../ask";
import { countMore, day, expectProblem, funnel, post, seedVisits, steps, withQueue } from "./visits";

const BOUND = `eye_r_${"shop".repeat(6)}`;
const asBound = { Authorization: `Bearer ${BOUND}` };

beforeAll(async () => {
  await seedVisits();
  await seedKey(BOUND, "read", { applications: ["shop"] });
});

function askBound(body: object): Promise<Response> {
  return ask("/theeye/funnels", { method: "POST", body: JSON.stringify({ ...day, ...body }), headers: asBound });
}

describe("a query about sequences", () => {
  it("shows a key that is bound to applications only their data, and not how many rows it read", async () => {
    const answer = v.parse(FunnelResponse, await (await askBound({ steps })).json());
    expect(answer.steps.map(({ count }) => count)).toEqual([30, 30, 10]);
    expect(answer.rows_read).toBeNull();
    for (const application of ["blog", "no such application"]) {
      const other = await askBound({ steps: [{}, { application }] });
      await expectProblem(other, "forbidden", { parameter: "application" });
    }
    const refused = await ask("/theeye/retention?application=blog", { headers: asBound });
    await expectProblem(refused, "forbidden", { parameter: "application" });
  });

  it("needs a key that reads", async () => {
    const headers = { Authorization: "Bearer eye_w_local" };
    const init = { method: "POST", body: JSON.stringify({ ...day, steps }), headers };
    expect((await ask("/theeye/funnels", init)).status).toBe(403);
  });

  it("covers the times of its range in the requested time zone", async () => {
    const range = { start_date: "2021-01-01T14:35", end_date: "2021-01-01T14:45", timezone: "+05:30" };
    const { steps: found, start, end } = await funnel({ steps, ...range });
    expect([found[0]?.count, start, end]).toEqual([
      11,
      "2021-01-01T14:35:00+05:30",
      "2021-01-01T14:45:00.000001+05:30",
    ]);
  });
});

describe("a query with too many events for an immediate answer", () => {
  beforeAll(() => countMore(1_000_000));

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

  it("becomes a job per visitor even with accuracy=fast", async () => {
    const { bindings, sent } = withQueue();
    expect((await post("/theeye/funnels", { ...day, steps, per: "visitor" }, bindings)).status).toBe(202);
    expect(sent).toHaveLength(1);
  });

  it("is refused if no job could answer it, and tells a bound key no number of events", async () => {
    await countMore(3_000_000_000);
    const response = await post("/theeye/funnels", { ...day, steps, accuracy: "exact" });
    expect(response.status).toBe(422);
    await expectProblem(response, "question_too_large", { actual: 3_001_000_100 });
    const bound = await (await askBound({ steps, accuracy: "exact" })).json();
    expect(bound).toMatchObject({ code: "question_too_large", detail: expect.stringContaining("too many events") });
    expect(bound).not.toHaveProperty("actual");
  });
});

it("refuses a range that begins in the archive, and names the time to start at", async () => {
  await env.DB.batch([
    env.DB.prepare("UPDATE partitions SET state = 'archived'"),
    env.DB.prepare("UPDATE revisions SET revision = revision + 1 WHERE name = 'partitions'"),
  ]);
  const response = await post("/theeye/funnels", { ...day, steps });
  await expectProblem(response, "invalid_parameter", {
    parameter: "start_date",
    detail: expect.stringMatching(/events before 2021-\S+ are archived/),
  });
});
